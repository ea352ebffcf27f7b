// FP8 (E5M2) with one scale for the whole matrix.
// Files: as fp8_tensor.
scheme fp8_e5m2_tensor {
  w     : f8e5m2;
  scale : f32 per tensor;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e5m2[N, K];
    tensor weight_scale : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = weight_scale[0];
  }

  layout scale_weight {
    tensor weight       : f8e5m2[N, K];
    tensor scale_weight : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = scale_weight[0];
  }

  layout qscale_weight {
    tensor weight        : f8e5m2[N, K];
    tensor qscale_weight : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = qscale_weight[0];
  }

  layout weight_scale_inv {
    tensor weight           : f8e5m2[N, K];
    tensor weight_scale_inv : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = weight_scale_inv[0];
  }

  layout nodes {
    tensor weight : f8e5m2[N, K] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    w[n, k] = weight[n, k];
    scale   = scales[0];
  }

  layout nodes_transposed {
    tensor weight : f8e5m2[K, N] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    w[n, k] = weight[k, n];
    scale   = scales[0];
  }
}
