// Elements of a group are picked by comparisons of the position, most of which a part of it decides.
scheme picked {
  c : u4[4, 4, 4] per 64;
  s : f16 per 64;
  value = s * (sum(i < 4, sum(j < 4, sum(l < 4, c[i, j, l] * (k % 64 == 16 * i + 4 * j + l)))) + (3 == k % 8) * 7
               + c[1, k % 4, 2] * (k % 64 == 33) - 8);
}
