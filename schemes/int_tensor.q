// Codes of 1 to 8 bits around zero with one scale (symmetric, per tensor; the learned step of LSQ).
// Files: compressed-tensors with strategy `tensor`; the weights of TensorFlow Lite and of QDQ models of ONNX (nodes; where
// there is a zero point, it must be 0).
scheme int_tensor(bits = 8) {
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : f32 per tensor;
  value = scale * (code - middle);

  layout int_quantized {
    tensor weight       : i8[N, K];
    tensor weight_scale : f16|bf16|f32[1];
    code[n, k] = weight[n, k] + middle;
    scale      = weight_scale[0];
  }

  layout nodes {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    code[n, k] = weight[n, k] + middle;
    scale      = scales[0];
  }

  layout nodes_zero {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    tensor zeros  : i8|i64[1] = ".zero_point";
    code[n, k] = weight[n, k] + middle;
    scale      = scales[zeros[0] == 0 ? 0 : 1];
  }

  layout nodes_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    code[n, k] = weight[k, n] + middle;
    scale      = scales[0];
  }

  layout nodes_zero_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    tensor zeros  : i8|i64[1] = ".zero_point";
    code[n, k] = weight[k, n] + middle;
    scale      = scales[zeros[0] == 0 ? 0 : 1];
  }
}
