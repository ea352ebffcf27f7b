// FP8 (E4M3) with a power of two for 32 weights (OCP MXFP8).
// Defined in OCP Microscaling formats (MX) 1.0: a scale of 255 makes all 32 weights NaN.
// Also mode mxfp8 of MLX, with words for bytes.
scheme mxfp8_e4m3 {
  w     : f8e4m3;
  scale : e8m0 per 32;
  value = scale * w;

  layout compressed_tensors {
    tensor weight       : f8e4m3[N, K];
    tensor weight_scale : u8|e8m0[N, (K + 31) / 32];
    w[n, k]     = weight[n, k];
    scale[n, g] = weight_scale[n, g];
  }

  layout weight_scale_inv {
    tensor weight           : f8e4m3[N, K];
    tensor weight_scale_inv : u8|e8m0[N, (K + 31) / 32];
    w[n, k]     = weight[n, k];
    scale[n, g] = weight_scale_inv[n, g];
  }

  layout mlx {
    tensor weight : u32[N, (K + 3) / 4];
    tensor scales : u8[N, (K + 31) / 32];
    w[n, k]     = bits(weight[n, *], 8 * k, 8);
    scale[n, g] = scales[n, g];
  }
}
