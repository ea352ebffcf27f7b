// Recurrent layers. Statements in a loop are done for t = 0, 1, ..; what they define may be read for earlier t,
// and what was before the first is the `else`. len is the number of steps of each sequence.

// x[t, b, i]; w, r: the gates one after the other, in the order i o f c.
operator lstm(x : T[n, b, i], w : T[g, i], r : T[g, k < H], wb : T[g] = 0, rb : T[g] = 0, p : T[q] = 0, h0 : T[b, k] = 0, c0 : T[b, k] = 0, len : I[b],
              f = "sigmoid", g1 = "tanh", g2 = "tanh", bound = inf, coupled = 0) -> h, h1, c1 {
  a[t < count(n), b, g] = sum(i, x[t, b, i] * w[g, i]) + wb[g] + rb[g];
  loop t < count(n) {
    hp[t, b, j < H] = h[t - 1, b, j] else h0[b, j];
    cp[t, b, j < H] = c[t - 1, b, j] else c0[b, j];
    z[t, b, g]      = a[t, b, g] + sum(k, hp[t, b, k] * r[g, k]);
    in[t, b, j < H] = f(clamp(z[t, b, j] + p[j] * cp[t, b, j], -bound, bound));
    keep[t, b, j < H] = coupled ? 1 - in[t, b, j] : f(clamp(z[t, b, 2 * H + j] + p[2 * H + j] * cp[t, b, j], -bound, bound));
    new[t, b, j < H]  = keep[t, b, j] * cp[t, b, j] + in[t, b, j] * g1(clamp(z[t, b, 3 * H + j], -bound, bound));
    out[t, b, j < H]  = f(clamp(z[t, b, H + j] + p[H + j] * new[t, b, j], -bound, bound)) * g2(new[t, b, j]);
    c[t, b, j < H]    = t < len[b] ? new[t, b, j] : cp[t, b, j];
    h[t, b, j < H]    = t < len[b] ? out[t, b, j] : hp[t, b, j];
  }
  h1 : T[b, j < H] = h[count(n) - 1, b, j];
  c1 : T[b, j < H] = c[count(n) - 1, b, j];
}
// Gates z r h. before: the reset gate is applied to the state before the product, else to the product.
operator gru(x : T[n, b, i], w : T[g, i], r : T[g, k < H], wb : T[g] = 0, rb : T[g] = 0, h0 : T[b, k] = 0, len : I[b], f = "sigmoid", g1 = "tanh", bound = inf, after = 0) -> h, h1 {
  a[t < count(n), b, g] = sum(i, x[t, b, i] * w[g, i]) + wb[g];
  loop t < count(n) {
    l[t, b, j < H] = h[t - 1, b, j] else h0[b, j];
    z[t, b, j < H] = f(clamp(a[t, b, j] + rb[j] + sum(k, l[t, b, k] * r[j, k]), -bound, bound));
    s[t, b, j < H] = f(clamp(a[t, b, H + j] + rb[H + j] + sum(k, l[t, b, k] * r[H + j, k]), -bound, bound));
    c[t, b, j < H] = g1(clamp(a[t, b, 2 * H + j] + (after ? s[t, b, j] * (sum(k, l[t, b, k] * r[2 * H + j, k]) + rb[2 * H + j])
                                                     : sum(k, s[t, b, k] * l[t, b, k] * r[2 * H + j, k]) + rb[2 * H + j]), -bound, bound));
    h[t, b, j < H] = t < len[b] ? (1 - z[t, b, j]) * c[t, b, j] + z[t, b, j] * l[t, b, j] : l[t, b, j];
  }
  h1 : T[b, j < H] = h[count(n) - 1, b, j];
}
operator rnn(x : T[n, b, i], w : T[g, i], r : T[g, k < H], wb : T[g] = 0, rb : T[g] = 0, h0 : T[b, k] = 0, len : I[b], f = "tanh", bound = inf) -> h, h1 {
  loop t < count(n) {
    h[t, b, g] = t < len[b] ? f(clamp(sum(i, x[t, b, i] * w[g, i]) + wb[g] + rb[g] + sum(k, (h[t - 1, b, k] else h0[b, k]) * r[g, k]), -bound, bound))
                            : (h[t - 1, b, g] else h0[b, g]);
  }
  h1 : T[b, g] = h[count(n) - 1, b, g];
}
// Each sequence from its end to its beginning; what is behind the end stays where it is.
operator reverse_sequence(x : T[n, b, r..], len : I[b]) { y : T[t < count(n), b, r..] = x[t < len[b] ? len[b] - 1 - t : t, b, r..] else 0; }
