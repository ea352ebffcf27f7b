// 2-bit codes, or 3-bit ones in groups that need them, for fixed levels (INT2.1).
// A bit of each group chooses the table: four levels, or eight. A file has 2 bits a weight, 3 in wide groups: how many wide
// groups come before one tells where its codes begin.
scheme int2_1(group = 128) {
  code  : u3;
  wide  : u1  per group;
  scale : f16 per group;
  table level : f32[2, 8] = {
    -1.0, -0.3, 0.3, 1.0, -1.0, -0.3, 0.3, 1.0,
    -1.0, -0.73, -0.47, -0.24, 0.24, 0.47, 0.73, 1.0
  };
  value = scale * level[wide, code];

  layout packed {
    tensor codes  : u8[*];
    tensor flags  : u8[(N * ((K + group - 1) / group) + 7) / 8];
    tensor scales : f16[N, (K + group - 1) / group];
    code[n, k]  = bits(codes[*],
                       group * (2 * (n * ((K + group - 1) / group) + k / group)
                                + rank(flags[*], n * ((K + group - 1) / group) + k / group))
                       + k % group * (2 + bits(flags[*], n * ((K + group - 1) / group) + k / group, 1)),
                       2 + bits(flags[*], n * ((K + group - 1) / group) + k / group, 1));
    wide[n, g]  = bits(flags[*], n * ((K + group - 1) / group) + g, 1);
    scale[n, g] = scales[n, g];
  }
}
