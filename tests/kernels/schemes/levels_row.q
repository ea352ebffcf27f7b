// Levels stored for each row.
scheme levels_row {
  code  : u3;
  level : f16[8] per row;
  scale : f16 per 32;
  value = scale * level[code];
}
