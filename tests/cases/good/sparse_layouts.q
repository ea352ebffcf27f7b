scheme lists {
  code : u4;
  a : f16 sparse;
  b : i8[2, 2] per [2, 2] sparse 0.5;
  c : f32 per 4 sparse 1;
  value = code + a + b[n % 2, k % 2] + c;
  layout files {
    tensor codes : u8[N, K];
    tensor at    : i64[2, *];
    tensor vals  : f16|f32[*];
    tensor rows  : i32[(N + 1) / 2 + 1];
    tensor cols  : u16[*];
    tensor tiles : i8[*, 4];
    tensor dense : f32[N, (K + 3) / 4];
    code[n, k] = codes[n, k];
    a[entry] = vals[entry];
    a.row[e] = at[0, e];
    a.column[e] = at[1, e];
    b.first[r] = rows[r];
    b.column[i] = cols[i];
    b[i, e] = tiles[i, e];
    c[n, g] = dense[n, g];
  }
}
