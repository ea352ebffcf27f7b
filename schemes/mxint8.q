// Signed bytes, of which 64 is one, with a power of two for 32 weights (OCP MXINT8).
// Defined in OCP Microscaling formats (MX) 1.0.
scheme mxint8 {
  code  : i8;
  scale : e8m0 per 32;
  value = scale * code / 64;

  layout dense {
    tensor weight       : i8[N, K];
    tensor weight_scale : u8|e8m0[N, (K + 31) / 32];
    code[n, k]  = weight[n, k];
    scale[n, g] = weight_scale[n, g];
  }
}
