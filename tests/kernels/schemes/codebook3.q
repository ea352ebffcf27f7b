// Levels of the format itself.
scheme codebook3 {
  code  : u3;
  scale : f16 per 32;
  table level : f32[8] = { -1.0, -0.62, -0.35, -0.11, 0.11, 0.35, 0.62, 1.0 };
  value = scale * level[code];
}
