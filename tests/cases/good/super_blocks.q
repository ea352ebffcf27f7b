// Scales of scales: 16 weights, 256 weights, the row.
scheme s {
  code : u4;
  fine : i8 per 16;
  mid  : u6 per 64;
  d    : f16 per 256;
  top  : f32 per row;
  value = top * d * (fine + mid) * (code - 8);
}
