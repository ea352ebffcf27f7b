// NF4 with groups of any size.
// Files: bitsandbytes, where groups run on over the ends of rows: the group has to divide the columns. The code of an even
// place is in the higher half of a byte.
scheme nf4_g(group = 64) {
  code   : u4;
  absmax : f32 per group;
  table level : f32[16] = {
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0
  };
  value = absmax * level[code];

  layout bitsandbytes {
    tensor weight  : u8[(N * K + 1) / 2, 1];
    tensor absmax_ : f16|bf16|f32[N * (K / group)] = ".weight.absmax";
    code[n, k]   = bits(weight[*, 0], 8 * ((n * K + k) / 2) + 4 * (1 - (n * K + k) % 2), 4);
    absmax[n, g] = absmax_[n * (K / group) + g];
  }
}
