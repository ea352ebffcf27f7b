// FP8 (E4M3) with one scale for the whole matrix.
// Files: checkpoints quantized to FP8 per tensor: compressed-tensors (float-quantized), ComfyUI (scale_weight), Mistral
// (qscale_weight); QDQ models of ONNX (nodes). All multiply, also by what is called an inverse.
scheme fp8_tensor {
  w     : f8e4m3;
  scale : f32 per tensor;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e4m3[N, K];
    tensor weight_scale : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = weight_scale[0];
  }

  layout scale_weight {
    tensor weight       : f8e4m3[N, K];
    tensor scale_weight : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = scale_weight[0];
  }

  layout qscale_weight {
    tensor weight        : f8e4m3[N, K];
    tensor qscale_weight : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = qscale_weight[0];
  }

  layout weight_scale_inv {
    tensor weight           : f8e4m3[N, K];
    tensor weight_scale_inv : f16|bf16|f32[1];
    w[n, k] = weight[n, k];
    scale   = weight_scale_inv[0];
  }

  layout nodes {
    tensor weight : f8e4m3[N, K] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    w[n, k] = weight[n, k];
    scale   = scales[0];
  }

  layout nodes_transposed {
    tensor weight : f8e4m3[K, N] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    w[n, k] = weight[k, n];
    scale   = scales[0];
  }
}
