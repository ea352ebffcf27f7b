// 2:4 sparsity: of four neighbours two are stored, as bytes with their positions; a scale for each row.
scheme sparse24_int8 {
  code  : i8[2] per 4;
  pos   : u2[2] per 4;
  scale : f16 per row;
  value = scale * sum(j < 2, (pos[j] == k % 4) * code[j]);
}
