// Codes of 1 to 8 bits around zero with a power of two for each group (block floating point).
// A scale is an exponent in a byte, 127 for one.
scheme int_po2(bits = 4, group = 32) {
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : e8m0 per group;
  value = scale * (code - middle);

  layout dense {
    tensor weight_packed : i32[N, (K * bits + 31) / 32];
    tensor weight_scale  : u8[N, (K + group - 1) / group];
    code[n, k]  = bits(weight_packed[n, *], bits * k, bits);
    scale[n, g] = weight_scale[n, g];
  }
}
