// Codes of 2 to 8 bits with a scale and an offset for each group, as MLX has them (mode affine).
// Defined in MLX: mx.quantize, extract_bits of mlx/backend/cpu/quantized.cpp: a row is one stream of bits in words. float is the
// width of scales and offsets: 32 for files with bf16 or f32. config.json has group_size and bits under "quantization".
scheme mlx(bits = 4, group = 64, float = 16) {
  code  : u(bits);
  scale : f(float) per group;
  bias  : f(float) per group;
  value = scale * code + bias;

  layout mlx {
    tensor weight : u32[N, (K * bits + 31) / 32];
    tensor scales : f16|bf16|f32[N, (K + group - 1) / group];
    tensor biases : f16|bf16|f32[N, (K + group - 1) / group];
    code[n, k]  = bits(weight[n, *], bits * k, bits);
    scale[n, g] = scales[n, g];
    bias[n, g]  = biases[n, g];
  }
}
