// FP4 of bitsandbytes with double quantization.
// The largest magnitude of a group is itself a code for one of 256 numbers of a table, times a factor, plus the mean.
// Files: bitsandbytes, with a factor for 256 groups, counted on over the ends of rows; here each group has it, so that rows
// of any length are possible. The mean stands in the JSON text of the quant_state.
scheme fp4_double(group = 64, nested = 256) {
  code   : u4;
  absmax : u8  per group;
  factor : f32 per group;
  mean   : f32      per tensor;
  number : f32[256] per tensor;
  table level : f32[16] = {
    0.0, 0.005208333333, 0.6666666667, 1.0, 0.3333333333, 0.5, 0.1666666667, 0.25,
    -0.0, -0.005208333333, -0.6666666667, -1.0, -0.3333333333, -0.5, -0.1666666667, -0.25
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
