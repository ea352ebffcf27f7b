scheme t {
  code : u2; w : f4e2m1; p : e8m0 per 32; q : f8e4m3 per [128, 128]; c : f16 per column; r : f8e5m2 per [4, *];
  g : f6e2m3 per [*, 64]; all : f6e3m2 per [*, *]; one : u4 per [1, 1]; index : u11 per 8;
  value = p * q * c * r * g * all * (w + one + sum(j < 2, (code >> j) & 1)) + f16(window(code, 16, 32)) + f8e4m3(index & 255);
}
