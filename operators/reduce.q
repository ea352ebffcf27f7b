// Reductions over a list of axes. With keep the axes stay, with size 1.

operator kept(s, axes, keep)                { r = keep ? put(s, axes, 0) : drop(s, axes); }
operator axes_of(axes, rank, none_is_none = 0) { r = axes == none || count(axes) == 0 ? (none_is_none ? [] : range(rank)) : axes; }

operator reduce_sum(x : T[s..], axes, keep = 0)        { y : T[kept(s, axes, keep)..] = sum(s[axes].., x[s..]); }
operator reduce_prod(x : T[s..], axes, keep = 0)       { y : T[kept(s, axes, keep)..] = prod(s[axes].., x[s..]); }
operator reduce_mean(x : T[s..], axes, keep = 0)       { n = prod(count(s)[axes]); y : T[kept(s, axes, keep)..] = sum(s[axes].., x[s..]) / real(n); }
operator reduce_max(x : T[s..], axes, keep = 0)        { y : T[kept(s, axes, keep)..] = max(max(s[axes].., x[s..]), lowest(T)); }
operator reduce_min(x : T[s..], axes, keep = 0)        { y : T[kept(s, axes, keep)..] = min(min(s[axes].., x[s..]), highest(T)); }
operator reduce_l1(x : T[s..], axes, keep = 0)         { y : T[kept(s, axes, keep)..] = sum(s[axes].., abs(x[s..])); }
operator reduce_l2(x : T[s..], axes, keep = 0)         { y : T[kept(s, axes, keep)..] = sqrt(sum(s[axes].., x[s..] * x[s..])); }
operator reduce_sum_square(x : T[s..], axes, keep = 0) { y : T[kept(s, axes, keep)..] = sum(s[axes].., x[s..] * x[s..]); }
operator reduce_log_sum(x : T[s..], axes, keep = 0)    { y : T[kept(s, axes, keep)..] = log(sum(s[axes].., x[s..])); }
operator reduce_log_sum_exp(x : T[s..], axes, keep = 0) {
  m = reduce_max(x, axes, 1);
  y : T[kept(s, axes, keep)..] = log(sum(s[axes].., exp(x[s..] - finite(m[put(s, axes, 0)..])))) + finite(m[put(s, axes, 0)..]);
}
operator finite(x : T[..])                             { y : T[..] = isinf(x[..]) ? 0.0 : x[..]; }

operator arg_max(x : T[a..axis, n, b..], axis = -1, last = 0) {
  y : i64[a.., b..] = last ? count(n) - 1 - argmax(i < count(n), x[a.., count(n) - 1 - i, b..]) : argmax(i < count(n), x[a.., i, b..]);
}
operator arg_min(x : T[a..axis, n, b..], axis = -1, last = 0) {
  y : i64[a.., b..] = last ? count(n) - 1 - argmin(i < count(n), x[a.., count(n) - 1 - i, b..]) : argmin(i < count(n), x[a.., i, b..]);
}

operator softmax(x : T[a..axis, n, b..], axis = -1) {
  m[a.., b..]      = max(n, x[a.., n, b..]);
  e[a.., i < count(n), b..] = exp(x[a.., i, b..] - m[a.., b..]);
  y : T[a.., i < count(n), b..] = e[a.., i, b..] / sum(j < count(n), e[a.., j, b..]);
}
operator log_softmax(x : T[a..axis, n, b..], axis = -1) {
  m[a.., b..]      = max(n, x[a.., n, b..]);
  y : T[a.., i < count(n), b..] = x[a.., i, b..] - m[a.., b..] - log(sum(n, exp(x[a.., n, b..] - m[a.., b..])));
}
operator hardmax(x : T[a..axis, n, b..], axis = -1) {
  y : T[a.., i < count(n), b..] = argmax(n, x[a.., n, b..]) == i;
}
// Running sums and products: each element from the one before.
operator scan_sum(x : T[a..axis, n, b..], axis = 0, exclusive = 0) {
  loop i < count(n) { y : T[a.., i, b..] = (y[a.., i - 1, b..] else 0) + (x[a.., i - exclusive, b..] else 0); }
}
operator scan_prod(x : T[a..axis, n, b..], axis = 0, exclusive = 0) {
  loop i < count(n) { y : T[a.., i, b..] = (y[a.., i - 1, b..] else 1) * (x[a.., i - exclusive, b..] else 1); }
}
// The k largest (or smallest): the rank of an element is the number of those that go before it.
operator top_k(x : T[a..axis, n, b..], k, axis = -1, largest = 1) -> values, indices {
  rank[a.., i < count(n), b..] = sum(j < count(n), (largest ? x[a.., j, b..] > x[a.., i, b..] : x[a.., j, b..] < x[a.., i, b..])
                                     || x[a.., j, b..] == x[a.., i, b..] && j < i);
  indices : i64[a.., r < k, b..] = argmax(i < count(n), rank[a.., i, b..] == r);
  values  : T[a.., r < k, b..]   = x[a.., indices[a.., r, b..], b..];
}
