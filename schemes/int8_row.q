// Signed bytes with a scale for each row (output channel).
// The usual symmetric 8-bit quantization of weights. Files: the weights of TensorFlow Lite and of QDQ models of ONNX (nodes;
// where there are zero points, all must be 0), compressed-tensors `int-quantized` with strategy `channel`. EETQ stores the
// matrix transposed, plain or as its kernels for Turing and later read it: 64 inputs of two outputs in turn, 16 of them in
// an order of their own, 128 added.
// Also Q8_KV of ik_llama.cpp, whose rows begin with their scale and the sum of their codes, and Q8_KV_R8, eight rows interleaved
// by 4 columns.
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

  layout nodes {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    code[n, k] = weight[n, k];
    scale[n]   = scales[n];
  }

  layout nodes_zero {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : i8|i64[N] = ".zero_point";
    code[n, k] = weight[n, k];
    scale[n]   = scales[zeros[n] == 0 ? n : N];
  }

  layout nodes_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    code[n, k] = weight[k, n];
    scale[n]   = scales[n];
  }

  layout nodes_zero_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : i8|i64[N] = ".zero_point";
    code[n, k] = weight[k, n];
    scale[n]   = scales[zeros[n] == 0 ? n : N];
  }

  layout gguf_kv(type = 151) {
    tensor data : u8[N, 8 + K] = ".weight";
    code[n, k] = bits(data[n, *], 64 + 8 * k, 8);
    scale[n]   = bits(data[n, *], 0, 32);
  }

  layout gguf_kv_r8(type = 398) {
    tensor data : u8[N / 8, 32 + 8 * K] = ".weight";
    code[n, k] = bits(data[n / 8, *], 256 + 256 * (k / 4) + 32 * (n % 8) + 8 * (k % 4), 8);
    scale[n]   = bits(data[n / 8, *], 32 * (n % 8), 32);
  }
}
