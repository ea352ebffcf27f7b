// Codes of 1 to 8 bits with a scale and an integer zero point for each row (asymmetric, per output channel).
// Files: the weights of TensorFlow Lite and of QDQ models of ONNX (nodes), unsigned or signed; compressed-tensors with strategy `channel`.
scheme uint_row(bits = 8) {
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : f32     per row;
  zero  : u(bits) per row;
  value = scale * (code - zero);

  layout pack_quantized {
    tensor weight_packed     : i32[N, (K * bits + 31) / 32];
    tensor weight_scale      : f16|bf16|f32[N, 1];
    tensor weight_zero_point : i32[(N * bits + 31) / 32, 1];
    code[n, k] = bits(weight_packed[n, *], bits * k, bits);
    scale[n]   = weight_scale[n, 0];
    zero[n]    = bits(weight_zero_point[*, 0], bits * n, bits);
  }

  layout int_quantized {
    tensor weight            : i8[N, K];
    tensor weight_scale      : f16|bf16|f32[N, 1];
    tensor weight_zero_point : i8|i32|i64[N, 1];
    code[n, k] = weight[n, k] + middle;
    scale[n]   = weight_scale[n, 0];
    zero[n]    = weight_zero_point[n, 0] + middle;
  }

  layout nodes {
    tensor weight : u8[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : u8|i64[N] = ".zero_point";
    code[n, k] = weight[n, k];
    scale[n]   = scales[n];
    zero[n]    = zeros[n];
  }

  layout nodes_signed {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : i8|i64[N] = ".zero_point";
    code[n, k] = weight[n, k] + middle;
    scale[n]   = scales[n];
    zero[n]    = zeros[n] + middle;
  }

  layout nodes_transposed {
    tensor weight : u8[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : u8|i64[N] = ".zero_point";
    code[n, k] = weight[k, n];
    scale[n]   = scales[n];
    zero[n]    = zeros[n];
  }

  layout nodes_signed_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : i8|i64[N] = ".zero_point";
    code[n, k] = weight[k, n] + middle;
    scale[n]   = scales[n];
    zero[n]    = zeros[n] + middle;
  }

  layout nodes_no_zero {
    tensor weight : u8[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    code[n, k] = weight[n, k];
    scale[n]   = scales[n];
    zero[n]    = 0;
  }

  layout nodes_no_zero_transposed {
    tensor weight : u8[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    code[n, k] = weight[k, n];
    scale[n]   = scales[n];
    zero[n]    = 0;
  }
}
