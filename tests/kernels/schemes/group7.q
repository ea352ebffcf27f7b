// Groups of odd length.
scheme group7 {
  code  : u4;
  scale : f16 per 7;
  zero  : u4  per 7;
  value = scale * (code - zero);
}
