// x / sqrt(mean of squares + eps) * gain
operator rmsnorm(x : T[.., n], gain : T[n] = 1, eps = 1e-5) {
  r[..] = 1 / sqrt(sum(n, x[.., n] * x[.., n]) / n + eps);
  y : T[.., i < n] = x[.., i] * r[..] * gain[i];
}
operator conv(x : T[n, c, s..], w : weight[m, j < J, k..] = ".weight", bias : T[m] = ".bias" else 0, stride = 1, out) {
  require c == J, "the channels do not fit";
  y : T[n, m, i.. < out] = bias[m] + sum(j, k.., (x[n, j, (i * stride + k)..] else 0) * w[m, j, k..]);
}
operator running_sum(x : T[a..axis, n, b..], axis = 0) {
  loop i < n { y : T[a.., i, b..] = x[a.., i, b..] + (y[a.., i - 1, b..] else 0); }
}
operator concat(x[m] : T[a..axis, n < N[m], b..], axis) -> y {
  y : T[a.., i < sum(N), b..] = 0;
  from = 0;
  for j < m { y[a.., from + i, b..] := x[j][a.., i, b..]; from = from + N[j]; }
}
operator split(x : T[a..axis, n, b..], sizes, axis) -> y[m], last {
  from = 0;
  for j < count(sizes) { y[j] : T[a.., i < sizes[j], b..] = x[a.., from + i, b..]; from = from + sizes[j]; }
  last : T[] = sum(s.., x[s..]);
}
operator scatter(x : T[s..], index : i32[n] < 64, z : T[n, r..], how = "add") {
  y = x;
  if how == "add" && !(rank(x) < 1) { y[index[n], r..] += z[n, r..]; }
  else if how == "mul" { y[index[n], r..] *= z[n, r..]; }
  else if how == "max" { y[index[n], r..] max= z[n, r..]; }
  else { y[index[n], r..] min= z[n, r..]; }
}
operator words(in, if, value, table : T[rows, columns], state = none, loop = [], max = 3) {
  step : (is_real(T) ? T : f32)[in..] = f(max=3, min=loop)[..];
  for [in, value] in [[1, 2], [3, 4]] { block, network = entry(value, in.., [in.., 0 .., 1 .. 2]); }
  for for in in { in = else; }
  prefix[1] = if ? loop : ring || !step;
}
