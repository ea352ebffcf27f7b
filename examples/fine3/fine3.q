// 3 bits a weight: eight levels, finer near zero; a 4-bit scale for each 16 weights and a 16-bit one for each 256.
scheme fine3 {
  code : u3;
  step : u4  per 16;
  unit : f16 per 256;
  table level : i8[8] = { -100, -60, -33, -11, 11, 33, 60, 100 };
  value = unit * (step + 1) * level[code];

  // 106 bytes for 256 weights: the low two bits of the codes, then the high ones, the steps, the unit.
  layout file(block = 256, bytes = 106) {
    code[i] = bits(2 * i, 2) | (bits(512 + i, 1) << 2);
    step[i] = bits(768 + 4 * i, 4);
    unit    = bits(832, 16);
  }
}
