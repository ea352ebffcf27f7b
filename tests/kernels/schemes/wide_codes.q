// Codes that no table has room for.
scheme wide_codes {
  code  : u12;
  scale : f16 per row;
  value = scale * (code / 7 - code % 7 * 100);
}
