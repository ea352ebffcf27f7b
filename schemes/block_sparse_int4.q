// Block sparsity: tiles of 16 rows and 32 columns are stored or zero; 4 bits in them, with a scale for each row of a tile.
scheme block_sparse_int4(percent = 25) {
  tile  : i4[16, 32] per [16, 32] sparse percent / 100.0;
  scale : f16 per 32;
  value = scale * tile[n % 16, k % 32];

  // Block compressed rows.
  layout bsr {
    tensor crow_indices : i32|i64[(N + 15) / 16 + 1];
    tensor col_indices  : i32|i64[*];
    tensor values       : u8[*, 256];
    tensor scales       : f16[N, (K + 31) / 32];
    tile[i, e]     = bits(values[i, *], 4 * e, 4);
    tile.column[i] = col_indices[i];
    tile.first[b]  = crow_indices[b];
    scale[n, g]    = scales[n, g];
  }
}
