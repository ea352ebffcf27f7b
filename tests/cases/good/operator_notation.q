// Everything that the notation of operators has; names are not looked up until an operator is used.
const n = 3;
// The mean of squares.
operator rmsnorm(x : T[.., n], gain : T[n] = 1, eps = 1e-5) {
  r[..] = 1 / sqrt(sum(n, x[.., n] * x[.., n]) / count(n) + eps);
  y : T[.., i < count(n)] = x[.., i] * r[..] * gain[i];
}
operator conv(x : T[n, c, s..], w : T[m, j < J, k..], bias : T[m] = 0, stride = 1, out, groups = 1) -> y, z[m] {
  require c == J * groups, "the channels do not fit the groups";
  g = m / groups;
  y : T[n, m, i.. < out] = bias[m] + sum(j, k.., (x[n, m / g * J + j, (i * stride + k)..] else 0) * w[m, j, k..]);
  if a && b || !c { y[0] := 3; } else if d { y[i] += x[i]; } else { y[i] max= 2; y[i] *= 3; y[i] min= max(a, min = 3); }
  for j < m { z[j] : T[a.., from + i, b..] = x[j][a.., i, b..]; from = from + N[j]; }
  for [i, stride] in [[1, 1], [3, 2]] { a, b = f(x, g = 2); }
  loop t < n { y[t, ..] = y[t - 1, ..] else 0; }
  e : f32[] = x[] + shape(x)[0] + [][0];
}
operator linear(x : f32[.., k], w : weight[n, k] = ".weight", bias : f32[n] = ".bias" else 0) { y[.., n] = 1; }
operator concat(x[m] : T[a..axis, n < N[m], b..], axis = 0) { y = x; }
block f(x, p : f32[4] = 1) { return x; }
scheme eight { code : i8; scale : f16 per 32; value = code * scale; }
