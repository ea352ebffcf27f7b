// FP4 (E2M1) with a power of two for 32 weights (OCP MXFP4).
// Defined in OCP Microscaling formats (MX) 1.0: a scale of 255 makes all 32 weights NaN. A byte has an even column below
// and the next one above. GGUF files store another order, and have no NaN: mxfp4_gguf.
// Files: compressed-tensors (mxfp4-pack-quantized), Quark (weight), gpt-oss (blocks, experts stacked).
// Also mode mxfp4 of MLX, with words for bytes.
scheme mxfp4 {
  w     : f4e2m1;
  scale : e8m0 per 32;
  value = scale * w;

  layout compressed_tensors {
    tensor weight_packed : u8[N, (K + 1) / 2];
    tensor weight_scale  : u8|e8m0[N, (K + 31) / 32];
    w[n, k]     = bits(weight_packed[n, *], 4 * k, 4);
    scale[n, g] = weight_scale[n, g];
  }

  layout quark {
    tensor weight       : u8[N, (K + 1) / 2];
    tensor weight_scale : u8|e8m0[N, (K + 31) / 32];
    w[n, k]     = bits(weight[n, *], 4 * k, 4);
    scale[n, g] = weight_scale[n, g];
  }

  layout blocks {
    tensor blocks : u8[N, (K + 31) / 32, 16] = "_blocks";
    tensor scales : u8|e8m0[N, (K + 31) / 32] = "_scales";
    w[n, k]     = bits(blocks[n, k / 32, *], 4 * (k % 32), 4);
    scale[n, g] = scales[n, g];
  }

  layout mlx {
    tensor weight : u32[N, (K + 7) / 8];
    tensor scales : u8[N, (K + 31) / 32];
    w[n, k]     = bits(weight[n, *], 4 * k, 4);
    scale[n, g] = scales[n, g];
  }
}
