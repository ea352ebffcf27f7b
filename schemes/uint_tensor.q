// Codes of 1 to 8 bits with one scale and one integer zero point (asymmetric, per tensor).
// Files: QDQ models of ONNX and older models of TensorFlow Lite, with unsigned bytes.
scheme uint_tensor(bits = 8) {
  code  : u(bits);
  scale : f32     per tensor;
  zero  : u(bits) per tensor;
  value = scale * (code - zero);

  layout qdq {
    tensor weight     : u8[N, K] = "_quantized";
    tensor scales     : f16|bf16|f32[1] = "_scale";
    tensor zero_point : u8[1] = "_zero_point";
    code[n, k] = weight[n, k];
    scale      = scales[0];
    zero       = zero_point[0];
  }

  layout qdq_transposed {
    tensor weight     : u8[K, N] = "_quantized";
    tensor scales     : f16|bf16|f32[1] = "_scale";
    tensor zero_point : u8[1] = "_zero_point";
    code[n, k] = weight[k, n];
    scale      = scales[0];
    zero       = zero_point[0];
  }
}
