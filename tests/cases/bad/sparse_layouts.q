scheme s {
  code : u4; o : f16 sparse; p : f16 sparse; q : f16 sparse; r : f16 sparse;
  value = code + o + p + q + r;
  layout files {
    tensor codes : u8[N, K];
    tensor vals : f16[*];
    tensor cols : i32[*];
    code[n, k] = codes[n, k];
    code.column[i] = cols[i];
    o[i] = vals[i];
    o.columns[i] = cols[i];
    p.column[i] = cols[i];
    q[i] = vals[i];
    q.column[i] = cols[i];
    q.column[i] = cols[i];
    q.row[i, j] = cols[i];
    r[i] = vals[i];
    r.column[i] = cols[i];
  }
}
scheme t {
  code : u4; o : f16 sparse;
  value = code + o;
  layout blocks(block = 32, bytes = 64) { code[i] = bits(4 * i, 4); o[i] = bits(0, 16); }
  layout files {
    tensor codes : u8[N, K];
    tensor vals : f16[*];
    code[n, k] = codes[n, k];
    o[i] = vals[i];
    o.column[i] = i;
  }
}
