// What a file numbers is one tensor of bytes.
scheme two {
  code : u8; scale : f16 per row; value = scale * code;
  layout g(type = 3) {
    tensor codes  : u8[N, K];
    tensor scales : u8[N, 2];
    code[n, k] = codes[n, k];
    scale[n]   = bits(scales[n, *], 0, 16);
  }
}
scheme words {
  code : u8; value = code;
  layout g(type = 3) { tensor data : u32[N, K]; code[n, k] = data[n, k]; }
}
scheme any {
  code : u8; value = code;
  layout g(type = 3) { tensor data : u8[N, *]; code[n, k] = data[n, k]; }
}
scheme fitted(rank = 2) {
  code : u4; a : f32[rank] per column; b : f32[rank] per row;
  value = code - 8 + sum(r < rank, b[r] * a[r]);
  layout g(type = 3, fit = 1) { tensor data : u8[N, K]; a[k, r] = data[k, r]; b[n, r] = data[n, r]; }
}
