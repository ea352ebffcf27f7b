// -1, 0 and 1 with one scale for the matrix (BitNet b1.58).
// Files: `transformers` packs four rows, each a quarter of the matrix from the next, into a byte; bitnet.cpp packs rows as
// they run on, 128 weights in 32 bytes (x86) or 64 in 16 (ARM), with the scale after them (GGUF files do not say which: a rule has
// to name the layout); base3 has five weights a byte.
scheme bitnet {
  code  : u2;
  scale : f32 per tensor;
  table power : u8[5] = { 1, 3, 9, 27, 81 };
  value = scale * (min(code, 2) - 1);

  layout transformers {
    tensor weight       : u8[(N + 3) / 4, K];
    tensor weight_scale : f16|bf16|f32[1];
    code[n, k] = bits(weight[n % ((N + 3) / 4), *], 8 * k + 2 * (n / ((N + 3) / 4)), 2);
    scale      = weight_scale[0];
  }

  layout i2_s_x86(type = 36) {
    tensor weight : u8[N * K / 4 + 32];
    code[n, k] = bits(weight[*], 8 * (32 * ((n * K + k) / 128) + (n * K + k) % 32) + 6 - 2 * ((n * K + k) / 32 % 4), 2);
    scale      = bits(weight[*], 8 * (N * K / 4), 32);
  }

  layout i2_s_arm(type = 36) {
    tensor weight : u8[N * K / 4 + 32];
    code[n, k] = bits(weight[*], 8 * (16 * ((n * K + k) / 64) + (n * K + k) % 16) + 6 - 2 * ((n * K + k) / 16 % 4), 2);
    scale      = bits(weight[*], 8 * (N * K / 4), 32);
  }

  layout base3 {
    tensor weight       : u8[N, (K + 4) / 5];
    tensor weight_scale : f16|bf16|f32[1];
    code[n, k] = weight[n, k / 5] / power[k % 5] % 3;
    scale      = weight_scale[0];
  }
}
