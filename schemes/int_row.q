// Codes of 1 to 8 bits around zero with a scale for each row (symmetric, per output channel).
// Files: compressed-tensors with strategy `channel`.
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
}
