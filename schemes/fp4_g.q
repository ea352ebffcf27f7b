// 4-bit floating point as in bitsandbytes (FP4), with the largest magnitude of each group.
// The levels are those of bitsandbytes: a sign, then 3 bits in an order of their own.
// Files: bitsandbytes, where groups run on over the ends of rows: the group has to divide the columns. The code of an even
// place is in the higher half of a byte.
scheme fp4_g(group = 64) {
  code   : u4;
  absmax : f32 per group;
  table level : f32[16] = {
    0.0, 0.005208333333, 0.6666666667, 1.0, 0.3333333333, 0.5, 0.1666666667, 0.25,
    -0.0, -0.005208333333, -0.6666666667, -1.0, -0.3333333333, -0.5, -0.1666666667, -0.25
  };
  value = absmax * level[code];

  layout bitsandbytes {
    tensor weight  : u8[(N * K + 1) / 2, 1];
    tensor absmax_ : f16|bf16|f32[N * (K / group)] = ".weight.absmax";
    code[n, k]   = bits(weight[*, 0], 8 * ((n * K + k) / 2) + 4 * (1 - (n * K + k) % 2), 4);
    absmax[n, g] = absmax_[n * (K / group) + g];
  }
}
