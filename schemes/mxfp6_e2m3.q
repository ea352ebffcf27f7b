// FP6 (E2M3) with a power of two for 32 weights (OCP MXFP6).
// Defined in OCP Microscaling formats (MX) 1.0. The layout is a dense stream of bits along each row.
scheme mxfp6_e2m3 {
  w     : f6e2m3;
  scale : e8m0 per 32;
  value = scale * w;

  layout dense {
    tensor weight       : u8[N, (K * 6 + 7) / 8];
    tensor weight_scale : u8|e8m0[N, (K + 31) / 32];
    w[n, k]     = bits(weight[n, *], 6 * k, 6);
    scale[n, g] = weight_scale[n, g];
  }
}
