// 256 learned levels for the matrix, scales whose groups are no multiple of anything.
scheme levels_many {
  code  : u8;
  level : f32[256] per tensor;
  scale : f16 per 20;
  value = scale * level[code];
}
