// FP8 (E5M2) with a scale for each row.
scheme fp8_e5m2_row {
  w     : f8e5m2;
  scale : f32 per row;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e5m2[N, K];
    tensor weight_scale : f16|bf16|f32[N, 1];
    w[n, k]  = weight[n, k];
    scale[n] = weight_scale[n, 0];
  }

  layout scale_weight {
    tensor weight       : f8e5m2[N, K];
    tensor scale_weight : f16|bf16|f32[N, 1];
    w[n, k]  = weight[n, k];
    scale[n] = scale_weight[n, 0];
  }

  layout nodes {
    tensor weight : f8e5m2[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    w[n, k] = weight[n, k];
    scale[n] = scales[n];
  }

  layout nodes_transposed {
    tensor weight : f8e5m2[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    w[n, k] = weight[k, n];
    scale[n] = scales[n];
  }
}
