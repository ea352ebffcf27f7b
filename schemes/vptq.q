// Vectors down the columns (VPTQ as published): for each column an index for every 8 outputs into a book of 65536 vectors and one
// of 256 for the rest, a scale and an offset for each column, columns in an order of their own.
// As the package vptq stores it, with one book: the indices of a column are a stream of bits, the book's index below the other.
scheme vptq(bits = 16, rest_bits = 8, length = 8) {
  index  : u(bits) per [length, 1];
  rest   : u(rest_bits) per [length, 1];
  book   : f16[1 << bits, length] per tensor;
  second : f16[1 << rest_bits, length] per tensor;
  scale  : f16 per column;
  offset : f16 per column;
  order  : u16 per column;
  input = x[order];
  value = scale * (book[index, n % length] + second[rest, n % length]) + offset;

  layout vptq {
    tensor indices       : i32[1, K, (N / length * (bits + rest_bits) + 31) / 32];
    tensor centroids     : f16[1, length << bits] = ".centroids.weight";
    tensor res_centroids : f16[1, length << rest_bits] = ".res_centroids.weight";
    tensor weight_scale  : f16[K];
    tensor weight_bias   : f16[K];
    tensor perm          : i16[K];
    index[n, k] = bits(indices[0, k, *], n * (bits + rest_bits), bits);
    rest[n, k]  = bits(indices[0, k, *], n * (bits + rest_bits) + bits, rest_bits);
    book[e]     = centroids[0, e];
    second[e]   = res_centroids[0, e];
    scale[k]    = weight_scale[perm[k]];
    offset[k]   = weight_bias[perm[k]];
    order[k]    = perm[k];
  }
}
