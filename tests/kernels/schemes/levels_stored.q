// Learned levels of every stored width, for all rows and for each, and numbered in another order than the codes.
scheme levels_stored(width = 6) {
  code  : u(width);
  half  : f16[1 << width] per tensor;
  whole : i8[1 << width] per row;
  tiny  : f16[32] per 64;
  value = half[(1 << width) - 1 - code] + whole[code] + tiny[code / 2 % 32];
}
