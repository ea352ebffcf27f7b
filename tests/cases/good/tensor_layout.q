// Separate tensors: bit streams along both axes, single elements, per row, per tensor, a stored table, own suffixes.
scheme s(group = 64) {
  code : u3;
  zero : u4 per group;
  scale : f16 per group;
  row : f32 per row;
  all : f32 per tensor;
  level : f16[8] per row;
  value = all * row * scale * (level[code] - zero);
  layout files {
    tensor words : i32[(K * 3 + 31) / 32][N] = ".packed";
    tensor zeros : i32[(K + group - 1) / group, (N + 7) / 8];
    tensor scales : f16[N, (K + group - 1) / group];
    tensor rows : f32[N];
    tensor whole : f32[1];
    tensor levels : f16[N, 8];
    code[n, k] = bits(words[*, n], 3 * k, 3);
    zero[n, g] = bits(zeros[g, *], 4 * n, 4) + 1;
    scale[n, g] = scales[n][g];
    row[n] = rows[n];
    all = whole[0];
    level[n, e] = levels[n, e];
  }
}
