// Scores of queries t against keys s, in h query heads and g key heads; each key head serves h / g query heads.
// bias is added to the scores (masks, ALiBi). Query t stands at first + t; it sees so many keys ahead and back (0 ahead: causal; -1: all).

operator attention(q : T[b, h < H, t, d < D], k : T[b, g < G, s, d], v : T[b, g, s, e], bias : U[b, h, t, s] = 0,
                   first : I[b] = 0, scale = 1 / sqrt(D), ahead = -1, back = -1, cap = 0.0) -> y, raw, capped, masked, p {
  require H % G == 0, "the query heads are no multiple of the key heads";
  m = H / G;
  raw : T[b, h, t, s]    = scale * sum(d, q[b, h, t, d] * k[b, h / m, s, d]);
  capped : T[b, h, t, s] = cap > 0 ? cap * tanh(raw[b, h, t, s] / cap) : raw[b, h, t, s];
  masked : T[b, h, t, s] = ahead >= 0 && s > first[b] + t + ahead || back >= 0 && s < first[b] + t - back ? -inf : capped[b, h, t, s] + bias[b, h, t, s];
  p : T[b, h, t, s]      = softmax_or_zero(masked)[b, h, t, s];
  y : T[b, h, t, e]      = sum(s, p[b, h, t, s] * v[b, h / m, s, e]);
}
// A row that is masked everywhere gives zeros.
operator softmax_or_zero(x : T[.., n]) {
  m[..]    = max(n, x[.., n]);
  e[.., n] = m[..] == -inf ? 0.0 : exp(x[.., n] - m[..]);
  y : T[.., i < count(n)] = m[..] == -inf ? 0.0 : e[.., i] / sum(n, e[.., n]);
}
operator alibi(slope : T[h], t, s)          { y : T[0, h, i < t, j < s] = slope[h] * (j - i); }

operator heads(x : T[b, t, w], n)           { y : T[b, h < n, t, i < count(w) / n] = x[b, t, h * (count(w) / n) + i]; }
operator unheads(x : T[b, h, t, d < D])     { y : T[b, t, i < count(h) * D] = x[b, i / D, t, i % D]; }

// Rotary embedding: pairs of elements turn by an angle; pairs are neighbours (interleaved) or halves.
operator rope(x : T[b, h, t, d], c : T[b, t, k < K], s : T[b, t, k], interleaved = 0) {
  y : T[b, h, t, i < count(d)] = i >= 2 * K ? x[b, h, t, i]
    : interleaved ? x[b, h, t, i] * c[b, t, i / 2] + (i % 2 == 0 ? -(x[b, h, t, i + 1] else 0) : (x[b, h, t, i - 1] else 0)) * s[b, t, i / 2]
                  : x[b, h, t, i] * c[b, t, i % K] + (i < K ? -(x[b, h, t, i + K] else 0) : (x[b, h, t, i - K] else 0)) * s[b, t, i % K];
}
operator rope_angles(position : I[b, t], d, base = 10000.0) -> c, s {
  c : f32[b, t, i < d / 2] = cos(position[b, t] * pow(base, -2.0 * i / d));
  s : f32[b, t, i < d / 2] = sin(position[b, t] * pow(base, -2.0 * i / d));
}
// A state matrix per key head, that each step decays, and to which it adds what is new of its value.
operator linear_attention(q : T[b, h < H, t, d], k : T[b, g < G, t < N, d], v : T[b, g, t, e], s0 : T[b, g, d, e] = 0, decay : T[b, g, t, d] = 0,
                          beta : T[b, g, t] = 0, scale, delta = 0) -> y, last {
  loop t < N {
    old[t, b, g, d, e] = exp(decay[b, g, t, d]) * (s[t - 1, b, g, d, e] else s0[b, g, d, e]);
    new[t, b, g, e]    = delta ? beta[b, g, t] * (v[b, g, t, e] - sum(d, k[b, g, t, d] * old[t, b, g, d, e])) : v[b, g, t, e];
    s[t, b, g, d, e]   = old[t, b, g, d, e] + k[b, g, t, d] * new[t, b, g, e];
  }
  y : T[b, h, t, e]    = scale * sum(d, q[b, h, t, d] * s[t, b, h / (H / G), d, e]);
  last : T[b, g, d, e] = s[N - 1, b, g, d, e];
}
