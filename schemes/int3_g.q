// 3 bits with a scale and a zero point for each group (GPTQ).
// The codes form one dense stream of bits, so that some lie across two words.
scheme int3_g(group = 128) {
  code  : u3;
  scale : f16 per group;
  zero  : u3  per group;
  value = scale * (code - zero);

  layout gptq {
    tensor qweight : i32[(K * 3 + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * 3 + 31) / 32];
    tensor scales  : f16[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[*, n], 3 * k, 3);
    zero[n, g]  = bits(qzeros[g, *], 3 * n, 3) + 1;
    scale[n, g] = scales[g, n];
  }

  layout gptq_v2 {
    tensor qweight : i32[(K * 3 + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * 3 + 31) / 32];
    tensor scales  : f16[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[*, n], 3 * k, 3);
    zero[n, g]  = bits(qzeros[g, *], 3 * n, 3);
    scale[n, g] = scales[g, n];
  }
}
