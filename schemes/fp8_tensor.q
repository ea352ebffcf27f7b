// FP8 (E4M3) with one scale for the whole matrix.
// Files: checkpoints quantized to FP8 per tensor (compressed-tensors, float-quantized).
scheme fp8_tensor {
  w     : f8e4m3;
  scale : f32 per tensor;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e4m3[N, K];
    tensor weight_scale : f32[1];
    w[n, k] = weight[n, k];
    scale   = weight_scale[0];
  }
}
