// Stored tables of two granularities.
scheme stored_books {
  code  : u4;
  flag  : u1 per 5;
  book  : f16[2, 16] per tensor;
  level : i8[4] per 32;
  value = book[flag, code] + level[code & 3];
}
