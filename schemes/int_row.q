// Codes of 1 to 8 bits around zero with a scale for each row (symmetric, per output channel).
// Files: compressed-tensors with strategy `channel`; 4-bit weights of TensorFlow Lite and of QDQ models of ONNX (nodes; where
// there are zero points, all must be 0).
scheme int_row(bits = 4) {
  const middle = 1 << (bits - 1);
  const in_word = 32 / bits;
  code  : u(bits);
  scale : f32 per row;
  value = scale * (code - middle);

  layout pack_quantized {
    tensor weight_packed : i32[N, (K * bits + 31) / 32];
    tensor weight_scale  : f16|bf16|f32[N, 1];
    code[n, k] = bits(weight_packed[n, *], bits * k, bits);
    scale[n]   = weight_scale[n, 0];
  }

  layout pack_quantized_words {
    tensor weight_packed : i32[N, (K + in_word - 1) / in_word];
    tensor weight_scale  : f16|bf16|f32[N, 1];
    code[n, k] = bits(weight_packed[n, *], 32 * (k / in_word) + bits * (k % in_word), bits);
    scale[n]   = weight_scale[n, 0];
  }

  layout int_quantized {
    tensor weight       : i8[N, K];
    tensor weight_scale : f16|bf16|f32[N, 1];
    code[n, k] = weight[n, k] + middle;
    scale[n]   = weight_scale[n, 0];
  }

  layout nodes {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    code[n, k] = weight[n, k] + middle;
    scale[n]   = scales[n];
  }

  layout nodes_zero {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : i8|i64[N] = ".zero_point";
    code[n, k] = weight[n, k] + middle;
    scale[n]   = scales[zeros[n] == 0 ? n : N];
  }

  layout nodes_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    code[n, k] = weight[k, n] + middle;
    scale[n]   = scales[n];
  }

  layout nodes_zero_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[N] = ".scale";
    tensor zeros  : i8|i64[N] = ".zero_point";
    code[n, k] = weight[k, n] + middle;
    scale[n]   = scales[zeros[n] == 0 ? n : N];
  }
}
