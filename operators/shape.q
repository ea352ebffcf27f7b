// Moving elements: nothing is computed here but indices.

operator transpose(x : T[s..], perm)        { y : T[s[perm]..] = x[s..]; }
operator reshape(x : T[s..], shape) {
  require prod(shape) == prod(count(s)), "the shapes have different numbers of elements";
  y : T[i.. < shape] = x[unflat(flat(i, shape), count(s))..];
}
operator expand(x : T[s..], shape) {
  r = max(rank(x), count(shape));
  a = [full(1, r - rank(x)).., count(s)..];  b = [full(1, r - count(shape)).., shape..];
  y : T[i.. < list(d < r, a[d] == 1 ? b[d] : a[d])] = x[list(d < rank(x), count(s)[d] == 1 ? 0 : i[r - rank(x) + d])..];
}
operator tile(x : T[s..], times)            { y : T[i.. < count(s) * times] = x[(i % count(s))..]; }
operator join(x : T[a..axis, n, b..], z : T[a.., m, b..], axis) { y : T[a.., i < count(n) + count(m), b..] = x[a.., i, b..] else z[a.., i - count(n), b..]; }
operator concat(x[m] : T[a..axis, n < N[m], b..], axis) {
  y : T[a.., i < sum(N), b..] = 0;
  from = 0;
  for j < m { y[a.., from + i, b..] := x[j][a.., i, b..];  from = from + N[j]; }
}
operator split(x : T[a..axis, n, b..], sizes, axis) -> y[m] {
  require sum(sizes) == n, "the parts are not the whole";
  from = 0;
  for j < count(sizes) { y[j] : T[a.., i < sizes[j], b..] = x[a.., from + i, b..];  from = from + sizes[j]; }
}
// First index and number of elements of a slice; ends beyond the edge mean the edge.
operator slice_first(n, from, step)         { r = step > 0 ? min(max(at(from, n), 0), n) : min(max(at(from, n), -1), n - 1); }
operator slice_count(n, from, to, step) {
  a = slice_first(n, from, step);
  b = step > 0 ? min(max(at(to, n), 0), n) : min(max(at(to, n), -1), n - 1);
  r = max(0, step > 0 ? (b - a + step - 1) / step : (b - a + step + 1) / step);
}
operator slice(x : T[s..], from, to, axes, steps) {
  n = count(s)[axes];
  first  = put(0 * count(s), axes, list(d < count(axes), slice_first(n[d], from[d], steps[d])));
  size   = put(count(s), axes, list(d < count(axes), slice_count(n[d], from[d], to[d], steps[d])));
  step   = put(0 * count(s) + 1, axes, steps);
  y : T[i.. < size] = x[(first + i * step)..];
}
operator pad(x : T[s..], before, after, mode = "constant", value = 0) {
  out = count(s) + before + after;
  if mode == "constant" { y : T[i.. < out] = x[(i - before)..] else value; }
  if mode == "edge"     { y : T[i.. < out] = x[min(max(i - before, 0), count(s) - 1)..]; }
  if mode == "reflect"  { y : T[i.. < out] = x[(count(s) - 1 - abs((i - before) % max(2 * count(s) - 2, 1) - (count(s) - 1)))..]; }
  if mode == "wrap"     { y : T[i.. < out] = x[((i - before) % count(s))..]; }
}
operator gather(x : T[a..axis, n, b..], index : I[i..], axis = 0) { y : T[a.., i.., b..] = x[a.., at(index[i..], count(n)), b..] else 0; }
operator gather_elements(x : T[s.. < S], index : I[i..], axis = 0)    { y : T[i..] = x[put(i, axis, at(index[i..], S[axis]))..] else 0; }
operator gather_nd(x : T[a..batch, s..], index : I[a.., i.., k], batch = 0) {
  y : T[a.., i.., r.. < tail(count(s), count(k))] = (x[a.., list(d < count(k), at(index[a.., i.., d], count(s)[d])).., r..] else 0);
}
operator scatter_elements(x : T[s.. < S], index : I[i..], z : T[i..], axis = 0, how = "none") {
  y = x;
  if how == "none" { y[put(i, axis, within(index[i..], S[axis]))..] := z[i..]; }
  if how == "add"  { y[put(i, axis, within(index[i..], S[axis]))..] += z[i..]; }
  if how == "mul"  { y[put(i, axis, within(index[i..], S[axis]))..] *= z[i..]; }
  if how == "max"  { y[put(i, axis, within(index[i..], S[axis]))..] max= z[i..]; }
  if how == "min"  { y[put(i, axis, within(index[i..], S[axis]))..] min= z[i..]; }
}
operator scatter_nd(x : T[s.. < S], index : I[b.., k], z : T[b.., r..], how = "none") {
  y = x;
  if how == "none" { y[list(d < count(k), within(index[b.., d], S[d])).., r..] := z[b.., r..]; }
  if how == "add"  { y[list(d < count(k), within(index[b.., d], S[d])).., r..] += z[b.., r..]; }
  if how == "mul"  { y[list(d < count(k), within(index[b.., d], S[d])).., r..] *= z[b.., r..]; }
  if how == "max"  { y[list(d < count(k), within(index[b.., d], S[d])).., r..] max= z[b.., r..]; }
  if how == "min"  { y[list(d < count(k), within(index[b.., d], S[d])).., r..] min= z[b.., r..]; }
}
operator one_hot(index : I[s..], depth, off, on, axis, type) {
  y : type[part(s, 0, axis).., j < int(depth), tail(s, axis)..] = at(index[s..], int(depth)) == j ? on : off;
}
operator triangle(x : T[.., n, m], k, upper) { y : T[.., n, m] = (upper ? m >= n + k : m <= n + k) ? x[.., n, m] : 0; }
operator depth_to_space(x : T[n, c, h, w], block, crd) {
  k = count(c) / (block * block);
  y : T[n, o < k, i < count(h) * block, j < count(w) * block] =
    x[n, crd ? (o * block + i % block) * block + j % block : (i % block * block + j % block) * k + o, i / block, j / block];
}
operator space_to_depth(x : T[n, c, h, w], block, crd = 0) {
  b2 = block * block;
  y : T[n, o < count(c) * b2, i < count(h) / block, j < count(w) / block] = crd ? x[n, o / b2, i * block + o % b2 / block, j * block + o % block]
                                                         : x[n, o % count(c), i * block + o / count(c) / block, j * block + o / count(c) % block];
}
// Blocks of columns back to an image; where blocks overlap their elements add up.
operator col2im(x : T[n, ck, l], shape, block, stride, dilation, begin, end) {
  k = prod(block);
  c = count(ck) / k;
  out = (shape + begin + end - dilation * (block - 1) - 1) / stride + 1;
  y : T[n, o < c, i.. < shape] = sum(p.. < block, divides(i + begin - p * dilation, stride) && inside((i + begin - p * dilation) / stride, 0 * out, out)
    ? x[n, o * k + flat(p, block), flat((i + begin - p * dilation) / stride, out)] : 0);
}
