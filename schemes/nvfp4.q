// FP4 (E2M1) with an FP8 scale for 16 weights and one factor for the matrix (NVFP4).
// Files: NVIDIA Model Optimizer, which multiplies by `weight_scale_2`. A byte has an even column below and the next above.
// nvfp4_divided is the form of compressed-tensors, nvfp4_gguf that of GGUF files.
scheme nvfp4 {
  w      : f4e2m1;
  scale  : f8e4m3 per 16;
  global : f32 per tensor;
  value = global * scale * w;

  layout modelopt {
    tensor weight         : u8[N, (K + 1) / 2];
    tensor weight_scale   : f8e4m3[N, (K + 15) / 16];
    tensor weight_scale_2 : f32[1];
    w[n, k]     = bits(weight[n, *], 4 * k, 4);
    scale[n, g] = weight_scale[n, g];
    global      = weight_scale_2[0];
  }
}
