// Normalisations.

operator rmsnorm(x : T[.., n], gain : T[n] = 1, eps = 1e-5) {
  r[..]        = 1 / sqrt(sum(n, x[.., n] * x[.., n]) / n + eps);
  y : T[.., i < n] = x[.., i] * r[..] * gain[i];
}
// Over all dimensions from the axis on.
operator layernorm(x : T[a..axis, s..], gain : T[..] = 1, bias : T[..] = 0, axis = -1, eps = 1e-5) -> y, mean, scale {
  g = expand(gain, count(s));  b = expand(bias, count(s));
  mean[a..]      = sum(s.., x[a.., s..]) / real(prod(count(s)));
  var[a..]       = sum(s.., square(x[a.., s..] - mean[a..])) / prod(count(s));
  scale[a..]     = 1 / sqrt(var[a..] + eps);
  y : T[a.., s..] = (x[a.., s..] - mean[a..]) * scale[a..] * g[s..] + b[s..];
}
operator rmsnorm_axes(x : T[a..axis, s..], gain : T[..] = 1, axis = -1, eps = 1e-5) {
  g = expand(gain, count(s));
  r[a..]         = 1 / sqrt(sum(s.., square(x[a.., s..])) / real(prod(count(s))) + eps);
  y : T[a.., s..] = x[a.., s..] * r[a..] * g[s..];
}
operator square(x : T[..]) { y : T[..] = x[..] * x[..]; }

operator batchnorm(x : T[n, c, s..], gain : U[c], bias : U[c], mean : V[c], var : V[c], eps = 1e-5) {
  y : T[n, c, s..] = (x[n, c, s..] - mean[c]) / sqrt(var[c] + eps) * gain[c] + bias[c];
}
// Channels in groups, each with a mean and a variance of its own. Instance norm has as many groups as channels.
operator groupnorm(x : T[n, c, s..], gain : T[c], bias : T[c], groups, eps = 1e-5) {
  require count(c) % groups == 0, "the channels are no multiple of the groups";
  k = count(c) / groups;
  mean[n, g < groups] = sum(j < k, s.., x[n, g * k + j, s..]) / real(k * prod(count(s)));
  var[n, g < groups]  = sum(j < k, s.., square(x[n, g * k + j, s..] - mean[n, g])) / (k * prod(count(s)));
  y : T[n, c, s..] = (x[n, c, s..] - mean[n, c / k]) / sqrt(var[n, c / k] + eps) * gain[c] + bias[c];
}
operator mean_variance(x : T[s..], axes) {
  m = reduce_mean(x, axes, 1);
  k = prod(count(s)[axes]);
  d[s..] = x[s..] - m[put(s, axes, 0)..];
  v[put(s, axes, 0)..] = sum(s[axes].., square(d[s..])) / k;
  y : T[s..] = d[s..] / (sqrt(v[put(s, axes, 0)..]) + 1e-9);
}
operator lp_norm(x : T[a..axis, n, b..], axis = -1, p = 2) {
  r[a.., b..] = p == 1 ? sum(n, abs(x[a.., n, b..])) : sqrt(sum(n, square(x[a.., n, b..])));
  y : T[a.., n, b..] = r[a.., b..] == 0 ? 0 : x[a.., n, b..] / r[a.., b..];
}
// Across neighbouring channels.
operator lrn(x : T[n, c, s..], size, alpha = 1e-4, beta = 0.75, bias = 1.0) {
  y : T[n, c, s..] = x[n, c, s..] / pow(bias + alpha / size * sum(j < size, square(x[n, c + j - (size - 1) / 2, s..] else 0)), beta);
}
