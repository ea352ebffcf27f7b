// Mixed widths by columns, as EXL2 has them: the columns in the order of their weight, the first ones in more bits than others.
scheme exl2(first = 6, second = 4, eighths = 2, group = 32) {
  order : u32 per column;
  columns 0 .. K / 8 * eighths : exl2_part(bits = first, group = group);
  columns K / 8 * eighths .. K : exl2_part(bits = second, group = group);
  input = x[order];
}

// Integers around zero; their scales are squares of 4-bit numbers, times one number for a group of columns.
scheme exl2_part(bits = 4, group = 32) {
  code  : u(bits);
  scale : u4  per group;
  most  : f16 per [*, group];
  value = most * ((scale + 1) * (scale + 1) / 256.0) * (code - (1 << (bits - 1)));
}
