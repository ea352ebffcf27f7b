// FP8 (E4M3) with a scale for each row.
// Files: checkpoints quantized to FP8 per channel: compressed-tensors (float-quantized), FBGEMM, ComfyUI (scale_weight); QDQ
// models of ONNX (nodes).
scheme fp8_row {
  w     : f8e4m3;
  scale : f32 per row;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e4m3[N, K];
    tensor weight_scale : f16|bf16|f32[N, 1];
    w[n, k]  = weight[n, k];
    scale[n] = weight_scale[n, 0];
  }

  layout scale_weight {
    tensor weight       : f8e4m3[N, K];
    tensor scale_weight : f16|bf16|f32[N, 1];
    w[n, k]  = weight[n, k];
    scale[n] = scale_weight[n, 0];
  }

  layout weight_scale_inv {
    tensor weight           : f8e4m3[N, K];
    tensor weight_scale_inv : f16|bf16|f32[N, 1];
    w[n, k]  = weight[n, k];
    scale[n] = weight_scale_inv[n, 0];
  }

  layout nodes {
    tensor weight : f8e4m3[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    w[n, k] = weight[n, k];
    scale[n] = scales[n];
  }

  layout nodes_transposed {
    tensor weight : f8e4m3[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    w[n, k] = weight[k, n];
    scale[n] = scales[n];
  }
}
