// Resizing is separable: one axis after the other, each with a small filter.

operator triangle_filter(t, a)              { r = max(1 - abs(t), 0.0); }
operator cubic_filter(t, a) {
  r = abs(t) < 1 ? ((a + 2) * abs(t) - (a + 3)) * t * t + 1
    : abs(t) < 2 ? ((abs(t) - 5) * abs(t) + 8) * abs(t) * a - 4 * a : 0.0;
}
// Where the output's position i lies in the input. n inputs, m outputs, a region of interest from..to.
operator source(i, n, m, scale, mode, from, to) {
  if mode == "half_pixel"           { r = (i + 0.5) / scale - 0.5; }
  if mode == "half_pixel_symmetric" { r = n / 2.0 * (1 - m / (scale * n)) + (i + 0.5) / scale - 0.5; }
  if mode == "pytorch_half_pixel"   { r = m > 1 ? (i + 0.5) / scale - 0.5 : 0.0 * i; }
  if mode == "align_corners"        { r = m > 1 ? i * (n - 1) / (n * scale - 1) : 0.0 * i; }
  if mode == "asymmetric"           { r = i / real(scale); }
  if mode == "tf_crop_and_resize"   { r = m > 1 ? from * (n - 1) + i * (to - from) * (n - 1) / (m - 1) : 0.5 * (from + to) * (n - 1) + 0 * i; }
}
operator nearest(p, mode) {
  if mode == "round_prefer_floor" { r = ceil(p - 0.5); }
  if mode == "round_prefer_ceil"  { r = floor(p + 0.5); }
  if mode == "floor"              { r = floor(p); }
  if mode == "ceil"               { r = ceil(p); }
}
operator resize_nearest(x : T[a..axis, n, b..], axis, m, scale, coordinates, from = 0.0, to = 1.0, rounding = "round_prefer_floor", beyond = 0.0) {
  p[i < m] = source(i, count(n), m, scale, coordinates, from, to);
  y : T[a.., i < m, b..] = coordinates == "tf_crop_and_resize" && (p[i] < 0 || p[i] > n - 1) ? beyond
                         : x[a.., clamp(int(nearest(p[i], rounding)), 0, count(n) - 1), b..];
}
// filter has the given radius; shrinking with antialias stretches it.
operator resize_filter(x : T[a..axis, n, b..], axis, m, scale, coordinates, filter, radius, coefficient = -0.75,
                       from = 0.0, to = 1.0, beyond = 0.0, antialias = 0, exclude_outside = 0) {
  s = antialias ? min(real(scale), 1.0) : 1.0;
  half = int(ceil(radius / s));
  p[i < m] = source(i, count(n), m, scale, coordinates, from, to);
  f[i < m] = int(floor(p[i]));
  w[i < m, t < 2 * half] = exclude_outside && !(f[i] + t - half + 1 >= 0 && f[i] + t - half + 1 < count(n)) ? 0.0
                         : filter((f[i] + t - half + 1 - p[i]) * s, coefficient);
  total[i < m] = sum(t, w[i, t]);
  y[a.., i < m, b..] = coordinates == "tf_crop_and_resize" && (p[i] < 0 || p[i] > count(n) - 1) ? beyond
                         : sum(t, w[i, t] * x[a.., clamp(f[i] + t - half + 1, 0, count(n) - 1), b..]) / total[i];
}

// Samples at positions of a grid, from -1 to 1 in each dimension, the fastest dimension first.
operator unscaled(g, n, corners)            { r = corners ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2; }
operator reflected(p, low, high) {
  q = high > low ? abs(p - low) - 2 * (high - low) * floor(abs(p - low) / (2 * (high - low))) : 0.0 * p;
  r = low + min(q, 2 * (high - low) - q);
}
operator padded(p, n, mode, corners) {
  r = mode == "border" ? clamp(p, 0, n - 1) : mode == "reflection" ? int(round(corners ? reflected(real(p), 0.0, n - 1.0) : clamp(reflected(real(p), -0.5, n - 0.5), 0.0, n - 1.0))) : p;
}
operator grid_sample(x : T[n, c, s.. < S], grid : T[n, o.., k], filter, radius, padding, corners, coefficient = -0.75) {
  r = count(S);
  q[n, o.., d < r] = padding == "zeros" ? unscaled(grid[n, o.., r - 1 - d], pick(S, d), corners) : settled(unscaled(grid[n, o.., r - 1 - d], pick(S, d), corners), pick(S, d), padding, corners, radius);
  y : T[n, c, o..] = sum(t.. < full(2 * radius, r),
      prod(list(d < r, filter(floor(q[n, o.., d]) + t[d] - radius + 1 - q[n, o.., d], coefficient)))
    * (x[n, c, list(d < r, padded(int(floor(q[n, o.., d])) + t[d] - radius + 1, S[d], padding, corners))..] else 0));
}
operator pick(l, i)                         { r = l[i]; }
// Cubic filters reach beyond the edge from where they are; linear ones are moved inside first.
operator settled(p, n, mode, corners, radius) {
  r = radius > 1 ? p : mode == "border" ? min(max(p, 0.0), n - 1.0) : corners ? reflected(p, 0.0, n - 1.0) : min(max(reflected(p, -0.5, n - 0.5), 0.0), n - 1.0);
}
operator grid_nearest(x : T[n, c, s.. < S], grid : T[n, o.., k], padding, corners) {
  r = count(S);
  q[n, o.., d < r] = int(round(unscaled(grid[n, o.., r - 1 - d], pick(S, d), corners)));
  y : T[n, c, o..] = x[n, c, list(d < r, padded(q[n, o.., d], S[d], padding, corners))..] else 0;
}
operator affine_grid(theta : T[n, i, j], size, corners = 0) {
  r = count(size) - 2;
  y : T[n, o.. < tail(size, 2), i] = theta[n, i, r] + sum(list(d < r, theta[n, i, d] * (corners ? o[r - 1 - d] * 2 / real(size[r + 1 - d] - 1) - 1 : (2 * o[r - 1 - d] + 1) / real(size[r + 1 - d]) - 1)));
}
// Mean or maximum over bins of regions; each bin takes a grid of interpolated samples.
operator roi_align(x : T[N, c, h, w], rois : T[m, 4], batch : I[m], oh, ow, scale, ratio, half, mode) {
  o = half ? 0.5 : 0.0;
  y0[m] = rois[m, 1] * scale - o;  x0[m] = rois[m, 0] * scale - o;
  rh[m] = half ? rois[m, 3] * scale - o - y0[m] : max(rois[m, 3] * scale - y0[m], 1.0);
  rw[m] = half ? rois[m, 2] * scale - o - x0[m] : max(rois[m, 2] * scale - x0[m], 1.0);
  gh[m] = ratio > 0 ? ratio : int(ceil(rh[m] / oh));  gw[m] = ratio > 0 ? ratio : int(ceil(rw[m] / ow));
  p = ratio > 0 ? ratio : (h + oh - 1) / oh + 1;  q = ratio > 0 ? ratio : (w + ow - 1) / ow + 1;
  v[m, c, i < oh, j < ow, a < p, b < q] = a < gh[m] && b < gw[m] ?
    border(x, batch[m], c, y0[m] + (i + (a + 0.5) / gh[m]) * rh[m] / oh, x0[m] + (j + (b + 0.5) / gw[m]) * rw[m] / ow, count(h), count(w), mode) : mode == "avg" ? 0.0 : -inf;
  y : T[m, c, i < oh, j < ow] = mode == "avg" ? sum(a < p, b < q, v[m, c, i, j, a, b]) / (gh[m] * gw[m]) : max(a < p, b < q, v[m, c, i, j, a, b]);
}
operator border(x : T[N, C, H, W], n, c, y, z, h, w, mode) {
  a = clamp(y, 0.0, h - 1.0);  b = clamp(z, 0.0, w - 1.0);
  l = list(d < 4, (d / 2 == 1 ? a - floor(a) : 1 - (a - floor(a))) * (d % 2 == 1 ? b - floor(b) : 1 - (b - floor(b)))
          * (x[n, c, min(int(floor(a)) + d / 2, h - 1), min(int(floor(b)) + d % 2, w - 1)] else 0));
  r = y < -1 || y > h || z < -1 || z > w ? 0.0 : mode == "avg" ? sum(l) : max(l);
}
