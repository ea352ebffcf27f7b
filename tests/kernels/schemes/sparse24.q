// Two weights of four, with their places.
scheme sparse24 {
  code  : u4[2] per 4;
  at    : u2[2] per 4;
  scale : f16 per 64;
  value = scale * sum(j < 2, (at[j] == k % 4) * (code[j] - 8));
}
