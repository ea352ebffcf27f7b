// Codes and activations of a few bits are counted bit by bit.
scheme signs {
  code  : u1;
  scale : f16 per 64;
  value = scale * (2 * code - 1);
}
