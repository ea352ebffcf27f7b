// Convolutions over any number of dimensions.

operator conv(x : T[n, c, s..], w : T[m, j < J, k..], bias : T[m] = 0, stride = 1, dilation = 1, begin = 0, out, groups = 1) {
  require count(c) == J * groups, "the channels do not fit the groups";
  require count(m) % groups == 0, "the outputs are no multiple of the groups";
  g = count(m) / groups;
  y : T[n, m, i.. < out] = bias[m] + sum(j, k.., (x[n, m / g * J + j, (i * stride + k * dilation - begin)..] else 0) * w[m, j, k..]);
}

// Each output gathers the inputs that reach it.
operator conv_transpose(x : T[n, c, s..], w : T[c, q < Q, k..], bias : T[m] = 0, stride, dilation, begin, out, groups = 1) {
  h = count(c) / groups;
  y : T[n, o < Q * groups, i.. < out] = bias[o] + sum(j < h, k.., divides(i + begin - k * dilation, stride)
    ? (x[n, o / Q * h + j, ((i + begin - k * dilation) / stride)..] else 0) * w[o / Q * h + j, o % Q, k..] : 0);
}

// The products of integers less their zero points; sums are exact.
operator conv_integer(x : T[n, c, s..], w : U[m, j < J, k..], x_zero = 0, w_zero : U[m] = 0, stride = 1, dilation = 1, begin = 0, out, groups = 1) {
  g = count(m) / groups;
  y : i32[n, m, i.. < out] = sum(j, k.., (x[n, m / g * J + j, (i * stride + k * dilation - begin)..] - x_zero else 0) * (w[m, j, k..] - w_zero[m]));
}
// Positions come with offsets and a factor; between elements the values are interpolated.
operator deform_conv(x : T[n, c, h, w], f : T[m, j < J, u < R, v < S], offset : T[n, p, a, b], bias : T[m], mask : T[n, e, a, b], stride, dilation, begin, groups, offset_groups) {
  g = count(m) / groups;  cg = count(c) / offset_groups;
  py[n, o < offset_groups, u, v, a, b] = a * stride[0] - begin[0] + u * dilation[0] + offset[n, ((o * R + u) * S + v) * 2, a, b];
  px[n, o < offset_groups, u, v, a, b] = b * stride[1] - begin[1] + v * dilation[1] + offset[n, ((o * R + u) * S + v) * 2 + 1, a, b];
  xs[n, c, u, v, a, b] = bilinear(x, n, c, py[n, c / cg, u, v, a, b], px[n, c / cg, u, v, a, b]) * mask[n, (c / cg * R + u) * S + v, a, b];
  y : T[n, m, a, b] = bias[m] + sum(j, u, v, xs[n, m / g * J + j, u, v, a, b] * f[m, j, u, v]);
}
operator bilinear(x : T[n, c, h, w], i, o, y, z) {
  r = sum(list(d < 4, (x[i, o, int(floor(y)) + d / 2, int(floor(z)) + d % 2] else 0)
      * (d / 2 == 1 ? y - floor(y) : 1 - (y - floor(y))) * (d % 2 == 1 ? z - floor(z) : 1 - (z - floor(z)))));
}
