// Codes of 1 to 8 bits with a scale and an integer zero point for each row (asymmetric, per output channel).
// Files: QDQ models of ONNX with a zero point for each channel; compressed-tensors with strategy `channel`.
scheme uint_row(bits = 8) {
  code  : u(bits);
  scale : f32     per row;
  zero  : u(bits) per row;
  value = scale * (code - zero);

  layout qdq {
    tensor weight     : u8[N, K] = "_quantized";
    tensor scales     : f16|bf16|f32[N] = "_scale";
    tensor zero_point : u8[N] = "_zero_point";
    code[n, k] = weight[n, k];
    scale[n]   = scales[n];
    zero[n]    = zero_point[n];
  }

  layout qdq_transposed {
    tensor weight     : u8[K, N] = "_quantized";
    tensor scales     : f16|bf16|f32[N] = "_scale";
    tensor zero_point : u8[N] = "_zero_point";
    code[n, k] = weight[k, n];
    scale[n]   = scales[n];
    zero[n]    = zero_point[n];
  }

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
    code[n, k] = weight[n, k] + (1 << (bits - 1));
    scale[n]   = weight_scale[n, 0];
    zero[n]    = weight_zero_point[n, 0] + (1 << (bits - 1));
  }
}
