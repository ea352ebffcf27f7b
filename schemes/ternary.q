// -1, 0 and 1 with a scale for each row (ternary).
// The fourth code of the two bits is a second 1, so that no weight can be 2. Files: two bits a weight, or five weights as the
// digits of a number in base 3.
scheme ternary {
  code  : u2;
  scale : f16 per row;
  table power : u8[5] = { 1, 3, 9, 27, 81 };
  value = scale * (min(code, 2) - 1);

  layout two_bits {
    tensor weight : u8[N, (K + 3) / 4];
    tensor scales : f16[N];
    code[n, k] = bits(weight[n, *], 2 * k, 2);
    scale[n]   = scales[n];
  }

  layout base3 {
    tensor weight : u8[N, (K + 4) / 5];
    tensor scales : f16[N];
    code[n, k] = weight[n, k / 5] / power[k % 5] % 3;
    scale[n]   = scales[n];
  }
}
