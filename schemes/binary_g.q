// Signs with a magnitude for each group.
scheme binary_g(group = 128) {
  code  : u1;
  scale : f16 per group;
  value = scale * (2 * code - 1);

  layout low_first {
    tensor weight : u8[N, (K + 7) / 8];
    tensor scales : f16[N, (K + group - 1) / group];
    code[n, k]  = bits(weight[n, *], k, 1);
    scale[n, g] = scales[n, g];
  }
}
