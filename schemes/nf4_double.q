// NF4 with double quantization (QLoRA).
// The largest magnitude of a group is itself a code for one of 256 numbers of a table, times a factor, plus the mean.
// Files: bitsandbytes, with a factor for 256 groups, counted on over the ends of rows; here each group has it, so that rows
// of any length are possible. The mean stands in the JSON text of the quant_state.
scheme nf4_double(group = 64, nested = 256) {
  code   : u4;
  absmax : u8  per group;
  factor : f32 per group;
  mean   : f32      per tensor;
  number : f32[256] per tensor;
  table level : f32[16] = {
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0
  };
  value = level[code] * (number[absmax] * factor + mean);

  layout bitsandbytes {
    tensor weight  : u8[(N * K + 1) / 2, 1];
    tensor absmax_ : u8[N * (K / group)] = ".weight.absmax";
    tensor factors : f32[(N * (K / group) + nested - 1) / nested] = ".weight.nested_absmax";
    tensor numbers : f32[256] = ".weight.nested_quant_map";
    tensor offset  : f32[1] = ".weight.nested_offset";
    code[n, k]   = bits(weight[*, 0], 8 * ((n * K + k) / 2) + 4 * (1 - (n * K + k) % 2), 4);
    absmax[n, g] = absmax_[n * (K / group) + g];
    factor[n, g] = factors[(n * (K / group) + g) / nested];
    mean         = offset[0];
    number[e]    = numbers[e];
  }
}
