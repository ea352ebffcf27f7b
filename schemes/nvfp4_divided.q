// FP4 (E2M1) with an FP8 scale for 16 weights and one divisor for the matrix (NVFP4 of compressed-tensors).
// Files: compressed-tensors, nvfp4-pack-quantized. A byte has an even column below and the next one above.
scheme nvfp4_divided {
  w      : f4e2m1;
  scale  : f8e4m3 per 16;
  global : f32 per tensor;
  value = scale / global * w;

  layout compressed_tensors {
    tensor weight_packed       : u8[N, (K + 1) / 2];
    tensor weight_scale        : f8e4m3[N, (K + 15) / 16];
    tensor weight_global_scale : f32[1];
    w[n, k]     = bits(weight_packed[n, *], 4 * k, 4);
    scale[n, g] = weight_scale[n, g];
    global      = weight_global_scale[0];
  }
}
