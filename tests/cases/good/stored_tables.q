// Tables that are stored with the weights: per tensor, per row, and two-dimensional.
scheme s {
  code : u3;
  pick : u1 per 8;
  level : f16[8] per row;
  book : f32[2][8] per tensor;
  value = level[code] + book[pick][code] + book[pick, 7 - code];
}
