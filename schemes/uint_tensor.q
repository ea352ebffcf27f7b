// Codes of 1 to 8 bits with one scale and one integer zero point (asymmetric, per tensor).
// Files: the weights of TensorFlow Lite and of QDQ models of ONNX (nodes), unsigned or signed.
scheme uint_tensor(bits = 8) {
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : f32     per tensor;
  zero  : u(bits) per tensor;
  value = scale * (code - zero);

  layout nodes {
    tensor weight : u8[N, K] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    tensor zeros  : u8|i64[1] = ".zero_point";
    code[n, k] = weight[n, k];
    scale      = scales[0];
    zero       = zeros[0];
  }

  layout nodes_signed {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    tensor zeros  : i8|i64[1] = ".zero_point";
    code[n, k] = weight[n, k] + middle;
    scale      = scales[0];
    zero       = zeros[0] + middle;
  }

  layout nodes_transposed {
    tensor weight : u8[K, N] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    tensor zeros  : u8|i64[1] = ".zero_point";
    code[n, k] = weight[k, n];
    scale      = scales[0];
    zero       = zeros[0];
  }

  layout nodes_signed_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    tensor zeros  : i8|i64[1] = ".zero_point";
    code[n, k] = weight[k, n] + middle;
    scale      = scales[0];
    zero       = zeros[0] + middle;
  }

  layout nodes_no_zero {
    tensor weight : u8[N, K] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    code[n, k] = weight[n, k];
    scale      = scales[0];
    zero       = 0;
  }

  layout nodes_no_zero_transposed {
    tensor weight : u8[K, N] = "";
    tensor scales : f16|bf16|f32[1] = ".scale";
    code[n, k] = weight[k, n];
    scale      = scales[0];
    zero       = 0;
  }
}
