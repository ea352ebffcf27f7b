// Windows over any number of dimensions: s.. are the sizes, k.. the places in the window.

// Padding at the beginning and the end, and the number of windows.
operator window(size, kernel, stride, dilation, pads, auto_pad = "NOTSET", ceil = 0) -> begin, end, out {
  span = dilation * (kernel - 1) + 1;
  begin = pads == none ? 0 * size : part(pads, 0, count(size));
  end   = pads == none ? 0 * size : tail(pads, count(size));
  if auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER" {
    both  = max(((size - 1) / stride) * stride + span - size, 0);
    begin = auto_pad == "SAME_UPPER" ? both / 2 : (both + 1) / 2;
    end   = both - begin;
  }
  out = (size + begin + end - span + (ceil ? stride - 1 : 0)) / stride + 1;
  if ceil { out = list(d < count(size), (out[d] - 1) * stride[d] >= size[d] + begin[d] ? out[d] - 1 : out[d]); }
}

operator max_pool(x : T[N, C, s..], kernel, stride, dilation, begin, out) -> y, from {
  low = lowest(T);
  y : T[n < count(N), c < count(C), i.. < out] = max(k.. < kernel, x[n, c, (i * stride + k * dilation - begin)..] else low);
  from[n < count(N), c < count(C), i.. < out]  = argmax(k.. < kernel, x[n, c, (i * stride + k * dilation - begin)..] else low);
}
// Where in the input the maxima were, in memory order or with the first dimension fastest.
operator max_position(from : i64[N, C, o..], s, kernel, stride, dilation, begin, column_major) {
  y : i64[n < count(N), c < count(C), o..] = (n * count(C) + c) * prod(s) + (column_major
    ? flat(reversed(o * stride + unflat(from[n, c, o..], kernel) * dilation - begin), reversed(s))
    : flat(o * stride + unflat(from[n, c, o..], kernel) * dilation - begin, s));
}
operator average_pool(x : T[n, c, s..], kernel, stride, dilation, begin, end, out, include_pad = 0) {
  low  = include_pad ? -begin : 0 * count(s);
  high = include_pad ? count(s) + end : count(s);
  y : T[n, c, i.. < out] = sum(k.. < kernel, x[n, c, (i * stride + k * dilation - begin)..] else 0)
                         / real(sum(k.. < kernel, inside(i * stride + k * dilation - begin, low, high)));
}
operator lp_pool(x : T[n, c, s..], kernel, stride, dilation, begin, out, p) {
  y : T[n, c, i.. < out] = pow(sum(k.. < kernel, pow(abs(x[n, c, (i * stride + k * dilation - begin)..] else 0), p)), 1.0 / p);
}
operator global_average(x : T[n, c, s.. < S]) { y : T[n, c, full(0, count(S))..] = sum(s.., x[n, c, s..]) / real(prod(S)); }
operator global_max(x : T[n, c, s.. < S])     { y : T[n, c, full(0, count(S))..] = max(s.., x[n, c, s..]); }
