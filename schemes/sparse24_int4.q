// 2:4 sparsity: of four neighbours two are stored, as 4-bit integers with their positions; a scale for each group.
scheme sparse24_int4(group = 128) {
  code  : i4[2] per 4;
  pos   : u2[2] per 4;
  scale : f16 per group;
  value = scale * sum(j < 2, (pos[j] == k % 4) * code[j]);
}
