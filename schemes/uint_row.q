// Codes of 1 to 8 bits with a scale and an integer zero point for each row (asymmetric, per output channel).
// Files: QDQ models of ONNX with a zero point for each channel.
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
}
