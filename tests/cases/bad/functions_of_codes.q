scheme s {
  code : u2; scale : f16 per 32; t : f16 per [1, 2, 3]; u : f16 per [0, 4];
  value = f16(scale) + f16(code, code) + window(scale, 16, 32) + window(code, 64, 32) + window(code, 16, code)
        + sum(j, code) + sum(j < code, code) + sum(j < 0, code) + sum(j < 2, j * nothing);
}
