// Places that ask for the order of stored numbers, look one up and count bits; along either axis.
scheme s {
  code : u4;
  extra : i8;
  value = code + extra;
  layout files {
    tensor groups : i32[K];
    tensor keys : u8[K, N];
    tensor codes : i32[N, (K + 7) / 8];
    tensor used : u8[N, (K + 7) / 8];
    tensor starts : i32[N + 1];
    tensor where : i16[*];
    tensor what : i8[*];
    code[n, k] = bits(used[n, *], k, 1) == 0 ? 0
               : bits(codes[n, *], 4 * order(groups[*], rank(used[n, *], k)) + order(keys[*, n], 0) % 1, 4);
    extra[n, k] = find(where[*], starts[n], starts[n + 1], k) < 0 ? 0
                : what[find(where[*], starts[n], starts[n + 1], k)];
  }
}
