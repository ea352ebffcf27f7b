// A number computed from a window of codes.
scheme trellis {
  code  : u2;
  scale : f16 per row;
  value = scale * f16(((window(code, 16, 64) * 89226354 + 64248484) & 0x8fff0fff) % 65536 ^ 0x3b60);
}
