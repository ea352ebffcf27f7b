// Signs with a magnitude for each row (binary, XNOR-Net).
// Files: a bit for each weight, 1 for the positive sign, either end of a byte first.
scheme binary {
  code  : u1;
  scale : f32 per row;
  value = scale * (2 * code - 1);

  layout low_first {
    tensor weight : u8[N, (K + 7) / 8];
    tensor scales : f16|bf16|f32[N];
    code[n, k] = bits(weight[n, *], k, 1);
    scale[n]   = scales[n];
  }

  layout high_first {
    tensor weight : u8[N, (K + 7) / 8];
    tensor scales : f16|bf16|f32[N];
    code[n, k] = bits(weight[n, *], k / 8 * 8 + 7 - k % 8, 1);
    scale[n]   = scales[n];
  }
}
