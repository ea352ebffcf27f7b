// -1, 0 and 1 divided by one number (BitNet b1.58 as `transformers` first stored it).
scheme bitnet_divided {
  code  : u2;
  scale : f32 per tensor;
  value = (min(code, 2) - 1) / scale;

  layout transformers {
    tensor weight       : u8[(N + 3) / 4, K];
    tensor weight_scale : f16|bf16|f32[1];
    code[n, k] = bits(weight[n % ((N + 3) / 4), *], 8 * k + 2 * (n / ((N + 3) / 4)), 2);
    scale      = weight_scale[0];
  }
}
