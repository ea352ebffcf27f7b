// Block sparsity: tiles of 16 rows and 32 columns are stored or zero; 4 bits in them, with a scale for each row of a tile.
scheme block_sparse_int4(percent = 25) {
  tile  : i4[16, 32] per [16, 32] sparse percent / 100.0;
  scale : f16 per 32;
  value = scale * tile[n % 16, k % 32];
}
