// Signed bytes with a scale for each row (output channel).
// The usual symmetric 8-bit quantization of weights. Files: TensorFlow Lite, int8 QDQ models of ONNX, compressed-tensors
// `int-quantized` with strategy `channel`; EETQ stores the matrix transposed, plain or as its kernels for Turing and later
// read it: 64 inputs of two outputs in turn, 16 of them in an order of their own, 128 added.
scheme int8_row {
  code  : i8;
  scale : f32 per row;
  value = scale * code;

  layout int_quantized {
    tensor weight       : i8[N, K];
    tensor weight_scale : f16|bf16|f32[N, 1];
    code[n, k] = weight[n, k];
    scale[n]   = weight_scale[n, 0];
  }

  layout tflite {
    tensor weight : i8[N, K];
    tensor scales : f32[N];
    code[n, k] = weight[n, k];
    scale[n]   = scales[n];
  }

  layout qdq {
    tensor weight : i8[N, K] = "_quantized";
    tensor scales : f16|bf16|f32[N] = "_scale";
    code[n, k] = weight[n, k];
    scale[n]   = scales[n];
  }

  layout qdq_transposed {
    tensor weight : i8[K, N] = "_quantized";
    tensor scales : f16|bf16|f32[N] = "_scale";
    code[n, k] = weight[k, n];
    scale[n]   = scales[n];
  }

  layout eetq_plain {
    tensor weight        : i8[K, N];
    tensor weight_scales : f16|bf16|f32[N];
    code[n, k] = weight[k, n];
    scale[n]   = weight_scales[n];
  }

  layout eetq {
    tensor weight        : i8[K / 64 * 64, N / 2 * 2];
    tensor weight_scales : f16|bf16|f32[N];
    code[n, k] = weight[(n / 2 * 2 * K + 128 * (k / 64) + 64 * (n % 2) + k % 64 / 16 * 16 + k % 8 / 2 * 4 + k % 2 * 2 + k % 16 / 8) / N,
                        (n / 2 * 2 * K + 128 * (k / 64) + 64 * (n % 2) + k % 64 / 16 * 16 + k % 8 / 2 * 4 + k % 2 * 2 + k % 16 / 8) % N]
               + 128;
    scale[n]   = weight_scales[n];
  }
}
