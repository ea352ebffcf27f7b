// FP8 (E5M2) with a power of two for 32 weights (OCP MXFP8).
// Defined in OCP Microscaling formats (MX) 1.0: a scale of 255 makes all 32 weights NaN.
scheme mxfp8_e5m2 {
  w     : f8e5m2;
  scale : e8m0 per 32;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e5m2[N, K];
    tensor weight_scale : u8|e8m0[N, (K + 31) / 32];
    w[n, k]     = weight[n, k];
    scale[n, g] = weight_scale[n, g];
  }

  layout weight_scale_inv {
    tensor weight           : f8e5m2[N, K];
    tensor weight_scale_inv : u8|e8m0[N, (K + 31) / 32];
    w[n, k]     = weight[n, k];
    scale[n, g] = weight_scale_inv[n, g];
  }
}
