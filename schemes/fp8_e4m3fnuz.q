// FP8 (E4M3 FNUZ) with a scale for each row, or one for all.
// Files: checkpoints quantized to FP8 for accelerators that have this type; with one scale, all rows have it.
scheme fp8_e4m3fnuz {
  w     : f8e4m3fnuz;
  scale : f32 per row;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e4m3fnuz[N, K];
    tensor weight_scale : f16|bf16|f32[N, 1];
    w[n, k]  = weight[n, k];
    scale[n] = weight_scale[n, 0];
  }

  layout one_scale {
    tensor weight       : f8e4m3fnuz[N, K];
    tensor weight_scale : f16|bf16|f32[1];
    w[n, k]  = weight[n, k];
    scale[n] = weight_scale[0];
  }
}
