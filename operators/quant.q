// Integers that stand for reals: real = scale * (q - zero).

// One scale for all, for each index of an axis, or for blocks along it, at every element of shape s.
operator spread(v : T[..], s, axis = 0, block = 0) {
  if rank(v) == 0        { y : T[i.. < s] = v[]; }
  else { if block > 0    { y : T[i.. < s] = v[put(i, axis, i[axis] / block)..]; }
  else { if shape(v)[0] == 1 { y : T[i.. < s] = v[0]; }
  else                   { y : T[i.. < s] = v[i[axis]]; } } }
}
operator quantize(x : T[s..], scale : U[..], zero : Z[..], type, axis = 1, block = 0, saturated = 1) {
  c = spread(scale, count(s), axis, block);  z = spread(zero, count(s), axis, block);
  if is_real(type) { y : type[s..] = saturated ? saturate(type, x[s..] / c[s..]) : x[s..] / c[s..]; }
  else             { y : type[s..] = saturate(type, int(round(to(f32, x[s..] / c[s..]))) + z[s..]); }
}
operator dequantize(x : T[s..], scale : U[..], zero : Z[..], type, axis = 1, block = 0) {
  c = spread(scale, count(s), axis, block);  z = spread(zero, count(s), axis, block);
  y : type[s..] = (x[s..] - z[s..]) * c[s..];
}
operator dynamic_quantize(x : f32[s..]) -> y, scale, zero {
  low[]  = min(min(s.., x[s..]), 0.0);
  high[] = max(max(s.., x[s..]), 0.0);
  scale : f32[] = (high[] - low[]) / 255;
  zero : u8[]   = saturate(u8, int(round(to(f32, -low[] / scale[]))));
  y : u8[s..]   = saturate(u8, int(round(to(f32, x[s..] / scale[]))) + zero[]);
}
operator matmul_integer(a : T[.., n, k], b : U[.., k, m], a_zero : T[n] = 0, b_zero : U[m] = 0) {
  y : i32[.., n, m] = sum(k, (a[.., n, k] - a_zero[n]) * (b[.., k, m] - b_zero[m]));
}
// The usual description: the exact sum times a real factor, rounded to even.
operator rescale(x : T[..], factor : F[..], zero, type) { y : type[..] = saturate(type, int(round(x[..] * factor[..])) + zero); }

// TFLite's integer rescaling: factor = multiplier * 2^(shift - 31), multiplier in 2^30 .. 2^31 - 1.
// single: one rounding, halves up.   double: first the doubled high half, halves away from zero, then the shift, likewise.
operator fixed_single(x, multiplier, shift) { r = (x * multiplier + (1 << (30 - shift))) >> (31 - shift); }
operator high_half(a, b)                    { r = cut_shift(a * b + (a * b >= 0 ? 1 << 30 : 1 - (1 << 30)), 31); }
operator cut_shift(v, n)                    { r = v >= 0 ? v >> n : -(-v >> n); }
operator shift_away(v, n)                   { r = (v >> n) + ((v & (1 << n) - 1) > ((1 << n) - 1 >> 1) + (v < 0) ? 1 : 0); }
operator fixed_double(x, multiplier, shift) { r = shift_away(high_half(x << max(shift, 0), multiplier), max(-shift, 0)); }

operator requantize(x : i32[.., n], multiplier : i32[n], shift : i32[n], zero = 0, low = -128, high = 127, single = 0) {
  y : i8[.., n] = clamp(zero + (single ? fixed_single(x[.., n], multiplier[n], shift[n]) : fixed_double(x[.., n], multiplier[n], shift[n])), low, high);
}
// TFLite: both sides are brought to a common scale, 20 bits up, added, and brought to the result's scale.
operator add_i8(a : i8[..], b : i8[..], a_zero, a_mult, a_shift, b_zero, b_mult, b_shift, zero, mult, shift, low = -128, high = 127) {
  y : i8[..] = clamp(zero + fixed_double(fixed_double((a[..] - a_zero) << 20, a_mult, a_shift) + fixed_double((b[..] - b_zero) << 20, b_mult, b_shift), mult, shift), low, high);
}
operator mul_i8(a : i8[..], b : i8[..], a_zero, b_zero, zero, mult, shift, low = -128, high = 127) {
  y : i8[..] = clamp(zero + fixed_double((a[..] - a_zero) * (b[..] - b_zero), mult, shift), low, high);
}
operator softmax_i8(x : i8[.., n], scale, beta = 1.0) {
  m[..]    = max(n, x[.., n]);
  e[.., n] = exp(beta * scale * (x[.., n] - m[..]));
  y : i8[.., i < n] = saturate(i8, int(round(e[.., i] / sum(n, e[.., n]) * 256)) - 128);
}
operator linear_i8(x : i8[.., k], w : i8[n, k], bias : i32[n] = 0, x_zero, multiplier : i32[n], shift : i32[n], zero, low = -128, high = 127) {
  a : i32[.., n] = sum(k, (x[.., k] - x_zero) * w[n, k]) + bias[n];
  y = requantize(a, multiplier, shift, zero, low, high);
}
