// One operator for each kind of node, with the standard's names and defaults. Inputs come by position, attributes by
// name; a parameter without a type has to be known when the network is compiled. `outputs` is the node's number of outputs.

const onnx_types = ["", f32, u8, i8, u16, i16, i32, i64, "", bool, f16, f64, u32, u64, "", "", bf16, f8e4m3, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, u4, i4, f4e2m1, e8m0, u2, i2];

// ---- element by element
operator Abs(X : T[..])          { Y : T[..] = abs(X[..]); }
operator Acos(X : T[..])         { Y : T[..] = acos(X[..]); }
operator Acosh(X : T[*])        { Y = acosh(X); }
operator Asin(X : T[..])         { Y : T[..] = asin(X[..]); }
operator Asinh(X : T[*])        { Y = asinh(X); }
operator Atan(X : T[..])         { Y : T[..] = atan(X[..]); }
operator Atanh(X : T[*])        { Y = atanh(X); }
operator Ceil(X : T[..])         { Y : T[..] = ceil(X[..]); }
operator Celu(X : T[*], alpha = 1.0) { Y = celu(X, alpha); }
operator Cos(X : T[..])          { Y : T[..] = cos(X[..]); }
operator Cosh(X : T[*])         { Y = cosh(X); }
operator Elu(X : T[*], alpha = 1.0) { Y = elu(X, alpha); }
operator Erf(X : T[..])          { Y : T[..] = erf(X[..]); }
operator Exp(X : T[..])          { Y : T[..] = exp(X[..]); }
operator Floor(X : T[..])        { Y : T[..] = floor(X[..]); }
operator Gelu(X : T[*], approximate = "none") { Y = approximate == "tanh" ? gelu_tanh(X) : gelu(X); }
operator HardSigmoid(X : T[*], alpha = 0.2, beta = 0.5) { Y = hard_sigmoid(X, alpha, beta); }
operator HardSwish(X : T[*])    { Y = hard_swish(X); }
operator Identity(X : T[*])     { Y = X; }
operator IsInf(X : T[..], detect_negative = 1, detect_positive = 1) { Y : bool[..] = isinf(X[..]) && (X[..] > 0 ? detect_positive : detect_negative); }
operator IsNaN(X : T[..])        { Y : bool[..] = isnan(X[..]); }
operator LeakyRelu(X : T[*], alpha = 0.01) { Y = leaky_relu(X, alpha); }
operator Log(X : T[..])          { Y : T[..] = log(X[..]); }
operator Mish(X : T[*])         { Y = mish(X); }
operator Neg(X : T[..])          { Y : T[..] = -X[..]; }
operator Not(X : bool[..])       { Y : bool[..] = !X[..]; }
operator PRelu(X : T[s..], slope : T[*]) { k = expand(slope, count(s)); Y : T[s..] = leaky_relu(X[s..], k[s..]); }
operator Reciprocal(X : T[..])   { Y : T[..] = 1.0 / X[..]; }
operator Relu(X : T[*])         { Y = relu(X); }
operator Round(X : T[..])        { Y : T[..] = round(X[..]); }
operator Selu(X : T[*], alpha = 1.67326319217681884765625, gamma = 1.05070102214813232421875) { Y = selu(X, alpha, gamma); }
operator Shrink(X : T[*], bias = 0.0, lambd = 0.5) { Y = shrink(X, lambd, bias); }
operator Sigmoid(X : T[*])      { Y = sigmoid(X); }
operator Sign(X : T[*])         { Y = sign(X); }
operator Sin(X : T[..])          { Y : T[..] = sin(X[..]); }
operator Sinh(X : T[*])         { Y = sinh(X); }
operator Softplus(X : T[*])     { Y = softplus(X); }
operator Softsign(X : T[*])     { Y = softsign(X); }
operator Sqrt(X : T[..])         { Y : T[..] = sqrt(X[..]); }
operator Swish(X : T[*], alpha = 1.0) { Y = silu(X, alpha); }
operator Tan(X : T[..])          { Y : T[..] = tan(X[..]); }
operator Tanh(X : T[..])         { Y : T[..] = tanh(X[..]); }
operator ThresholdedRelu(X : T[..], alpha = 1.0) { Y : T[..] = X[..] > alpha ? X[..] : 0; }

operator Add(A : T[..], B : T[..]) { C : T[..] = A[..] + B[..]; }
operator Sub(A : T[..], B : T[..]) { C : T[..] = A[..] - B[..]; }
operator Mul(A : T[..], B : T[..]) { C : T[..] = A[..] * B[..]; }
operator Div(A : T[..], B : T[..]) { if is_real(T) { C : T[..] = A[..] / B[..]; } else { C = cut(A, B); } }
operator Mod(A : T[*], B : T[*], fmod = 0) { C = fmod ? cut_mod(A, B) : mod(A, B); }
operator Pow(X : T[*], Y : U[*]) { Z = power(X, Y); }
operator Sum(x[m] : T[..])       { y : T[..] = sum(list(j < m, x[j][..])); }
operator Mean(x[m] : T[..])      { y : T[..] = sum(list(j < m, x[j][..])) / real(m); }
operator Max(x[m] : T[..])       { y : T[..] = max(list(j < m, x[j][..])); }
operator Min(x[m] : T[..])       { y : T[..] = min(list(j < m, x[j][..])); }
operator And(A : bool[..], B : bool[..]) { C : bool[..] = A[..] && B[..]; }
operator Or(A : bool[..], B : bool[..])  { C : bool[..] = A[..] || B[..]; }
operator Xor(A : bool[..], B : bool[..]) { C : bool[..] = A[..] != B[..]; }
operator Equal(A : T[..], B : T[..])          { C : bool[..] = A[..] == B[..]; }
operator Greater(A : T[..], B : T[..])        { C : bool[..] = A[..] > B[..]; }
operator GreaterOrEqual(A : T[..], B : T[..]) { C : bool[..] = A[..] >= B[..]; }
operator Less(A : T[..], B : T[..])           { C : bool[..] = A[..] < B[..]; }
operator LessOrEqual(A : T[..], B : T[..])    { C : bool[..] = A[..] <= B[..]; }
operator BitwiseAnd(A : T[..], B : T[..]) { C : T[..] = A[..] & B[..]; }
operator BitwiseOr(A : T[..], B : T[..])  { C : T[..] = A[..] | B[..]; }
operator BitwiseXor(A : T[..], B : T[..]) { C : T[..] = A[..] ^ B[..]; }
operator BitwiseNot(A : T[..])            { C : T[..] = ~A[..]; }
operator BitShift(X : T[..], Y : T[..], direction) { Z : T[..] = direction == "LEFT" ? X[..] << Y[..] : X[..] >> Y[..]; }
operator Where(condition : bool[..], X : T[..], Y : T[..]) { Z : T[..] = condition[..] ? X[..] : Y[..]; }
operator Clip(input : T[..], min : T = none, max : T = none) { y : T[..] = clip(input[..], min, max); }
operator clip(x, low, high) { a = low == none ? x : max(x, low); b = high == none ? a : min(a, high); }
operator Cast(input : T[*], to, saturate = 1, round_mode = "up") { y = cast(input, onnx_types[to], saturate); }
operator CastLike(input : T[*], target : U[*], saturate = 1, round_mode = "up") { y = cast(input, U, saturate); }
operator cast(x : T[..], type, saturated) { if is_real(type) && saturated && small(type) { y : type[..] = saturate(type, x[..]); } else { y = convert(x, type); } }
operator small(type) { r = has([f8e4m3, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, f4e2m1], type); }
operator BitCast(input : T[..], to) { t = onnx_types[to]; y : t[..] = decoded(t, encoding(T, input[..])); }
operator Dropout(data : T[s..], ratio = 0.5, training_mode = 0, seed = 0) -> y, mask {
  require !training_mode || ratio == 0, "dropout is for training";
  y = data; mask : bool[s..] = 1;
}
operator SwiGLU(A : T[..], B : T[..], alpha = 1.0) { y : T[..] = silu(A[..], alpha) * B[..]; }

// ---- reductions
operator ReduceSum(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)       { y = reduce_sum(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceMean(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)      { y = reduce_mean(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceProd(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)      { y = reduce_prod(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceMax(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)       { y = reduce_max(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceMin(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)       { y = reduce_min(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceL1(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)        { y = reduce_l1(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceL2(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)        { y = reduce_l2(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceLogSum(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0)    { y = reduce_log_sum(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceLogSumExp(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0) { y = reduce_log_sum_exp(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ReduceSumSquare(data : T[*], axes = none, keepdims = 1, noop_with_empty_axes = 0) { y = reduce_sum_square(data, axes_of(axes, rank(data), noop_with_empty_axes), keepdims); }
operator ArgMax(data : T[a..axis, n, b..], axis = 0, keepdims = 1, select_last_index = 0) { i = arg_max(data, axis, select_last_index); y : i64[a.., full(0, keepdims).., b..] = i[a.., b..]; }
operator ArgMin(data : T[a..axis, n, b..], axis = 0, keepdims = 1, select_last_index = 0) { i = arg_min(data, axis, select_last_index); y : i64[a.., full(0, keepdims).., b..] = i[a.., b..]; }
operator Softmax(input : T[*], axis = -1)    { y = softmax(input, axis); }
operator LogSoftmax(input : T[*], axis = -1) { y = log_softmax(input, axis); }
operator Hardmax(input : T[*], axis = -1)    { y = hardmax(input, axis); }
operator CumSum(x : T[*], axis, exclusive = 0, reverse = 0)  { y = reverse ? flip(scan_sum(flip(x, axis), axis, exclusive), axis) : scan_sum(x, axis, exclusive); }
operator CumProd(x : T[*], axis, exclusive = 0, reverse = 0) { y = reverse ? flip(scan_prod(flip(x, axis), axis, exclusive), axis) : scan_prod(x, axis, exclusive); }
operator flip(x : T[a..axis, n, b..], axis) { y : T[a.., i < count(n), b..] = x[a.., count(n) - 1 - i, b..]; }
operator TopK(X : T[*], K, axis = -1, largest = 1, sorted = 1) -> values, indices { values, indices = top_k(X, K[0], axis, largest); }

// ---- products
operator MatMul(A : T[*], B : T[*]) {
  if rank(A) == 1 && rank(B) == 1 { y = vector_vector(A, B); }
  if rank(A) == 1 && rank(B) > 1  { y = vector_matrix(A, B); }
  if rank(A) > 1  && rank(B) == 1 { y = matrix_vector(A, B); }
  if rank(A) > 1  && rank(B) > 1  { y = matmul(A, B); }
}
operator matmul(a : T[.., n, k], b : T[.., k, m])    { y : T[.., n, m] = sum(k, a[.., n, k] * b[.., k, m]); }
operator vector_vector(a : T[k], b : T[k])           { y : T[] = sum(k, a[k] * b[k]); }
operator vector_matrix(a : T[k], b : T[.., k, m])    { y : T[.., m] = sum(k, a[k] * b[.., k, m]); }
operator matrix_vector(a : T[.., n, k], b : T[k])    { y : T[.., n] = sum(k, a[.., n, k] * b[k]); }
operator Gemm(A : T[*], B : T[*], C : T[*] = 0, alpha = 1.0, beta = 1.0, transA = 0, transB = 0) {
  a = transA ? transpose(A, [1, 0]) : A;  b = transB ? transpose(B, [1, 0]) : B;
  p = matmul(a, b);
  c = expand(C, shape(p));
  y : T[i.. < shape(p)] = is_real(T) ? alpha * p[i..] + beta * c[i..] : int(alpha) * p[i..] + int(beta) * c[i..];
}

// ---- normalisation
operator BatchNormalization(X : T[*], scale : U[c], B : U[c], input_mean : V[c], input_var : V[c], epsilon = 1e-5, momentum = 0.9, training_mode = 0, spatial = 1) -> Y, mean, var {
  if training_mode {
    m, v = channel_moments(X);
    mean : V[c] = input_mean[c] * momentum + m[c] * (1 - momentum);
    var : V[c]  = input_var[c] * momentum + v[c] * (1 - momentum);
    Y = batchnorm(X, scale, B, m, v, epsilon);
  } else { Y = batchnorm(X, scale, B, input_mean, input_var, epsilon); }
}
operator channel_moments(x : T[n < N, c, s.. < S]) -> mean, var {
  mean : T[c] = sum(n, s.., x[n, c, s..]) / real(N * prod(S));
  var : T[c]  = sum(n, s.., square(x[n, c, s..] - mean[c])) / (N * prod(S));
}
operator LayerNormalization(X : T[*], Scale : T[*], B : T[*] = 0, axis = -1, epsilon = 1e-5, stash_type = 1) -> Y, Mean, InvStdDev {
  Y, m, v = layernorm(X, Scale, B, axis, epsilon);
  k = axis < 0 ? -axis : rank(X) - axis;
  Mean = reshape(m, [shape(m).., full(1, k)..]);  InvStdDev = reshape(v, [shape(v).., full(1, k)..]);
}
operator RMSNormalization(X : T[*], scale : U[*], axis = -1, epsilon = 1e-5, stash_type = 1) { Y = rmsnorm_axes(X, scale, axis, epsilon); }
operator InstanceNormalization(input : T[*], scale : T[*], B : T[*], epsilon = 1e-5) { y = groupnorm(input, scale, B, shape(input)[1], epsilon); }
operator GroupNormalization(X : T[*], scale : T[*], bias : T[*], num_groups, epsilon = 1e-5, stash_type = 1) { Y = groupnorm(X, scale, bias, num_groups, epsilon); }
operator MeanVarianceNormalization(X : T[*], axes = [0, 2, 3]) { Y = mean_variance(X, axes); }
operator LpNormalization(input : T[*], axis = -1, p = 2) { y = lp_norm(input, axis, p); }
operator LRN(X : T[*], size, alpha = 1e-4, beta = 0.75, bias = 1.0) { Y = lrn(X, size, alpha, beta, bias); }

// ---- shapes
operator Reshape(data : T[s..], shape, allowzero = 0) {
  t = list(d < count(shape), shape[d] == 0 && !allowzero ? count(s)[d] : shape[d]);
  y = reshape(data, list(d < count(t), t[d] == -1 ? prod(count(s)) / -prod(t) : t[d]));
}
operator Flatten(input : T[s..], axis = 1) { k = at(axis, rank(input)); y = reshape(input, [prod(part(count(s), 0, k)), prod(tail(count(s), k))]); }
operator Squeeze(data : T[s..], axes = none) { y = reshape(data, axes == none ? without_ones(s) : drop(count(s), axes)); }
operator without_ones(s) { r = []; for d < count(s) { if s[d] != 1 { r = [r.., s[d]]; } } }
operator Unsqueeze(data : T[s..], axes) {
  n = rank(data) + count(axes);  p = list(d < count(axes), at(axes[d], n));
  t = []; k = 0;
  for d < n { if has(p, d) { t = [t.., 1]; } else { t = [t.., count(s)[k]]; k = k + 1; } }
  y = reshape(data, t);
}
operator Transpose(data : T[*], perm = none) { y = transpose(data, perm == none ? reversed(range(rank(data))) : perm); }
operator Expand(input : T[*], shape) { y = expand(input, shape); }
operator Tile(input : T[*], repeats) { y = tile(input, repeats); }
operator Concat(x[m] : T[*], axis) { y = concat(x.., axis = axis); }
operator Split(input : T[a..axis, n, b..], split = none, axis = 0, num_outputs = none, outputs = 1) -> y[m] {
  m = num_outputs == none ? outputs : num_outputs;  k = (count(n) + m - 1) / m;
  sizes = split == none ? list(j < m, min(k, count(n) - k * j)) : split;
  from = 0;
  for j < m { y[j] : T[a.., i < sizes[j], b..] = input[a.., from + i, b..];  from = from + sizes[j]; }
}
operator Slice(data : T[*], starts, ends, axes = none, steps = none) {
  y = slice(data, starts, ends, axes == none ? range(count(starts)) : axes, steps == none ? full(1, count(starts)) : steps);
}
operator Pad(data : T[s..], pads, constant_value = none, axes = none, mode = "constant", value = 0) {
  a = axes == none ? range(rank(data)) : axes;  k = count(a);
  y = pad(data, put(0 * count(s), a, part(pads, 0, k)), put(0 * count(s), a, tail(pads, k)), mode, constant_value == none ? value : constant_value);
}
operator Gather(data : T[*], indices : I[*], axis = 0)         { y = gather(data, indices, axis); }
operator GatherElements(data : T[*], indices : I[*], axis = 0) { y = gather_elements(data, indices, axis); }
operator GatherND(data : T[*], indices : I[*], batch_dims = 0) { y = gather_nd(data, indices, batch_dims); }
operator Scatter(data : T[*], indices : I[*], updates : T[*], axis = 0) { y = scatter_elements(data, indices, updates, axis); }
operator ScatterElements(data : T[*], indices : I[*], updates : T[*], axis = 0, reduction = "none") { y = scatter_elements(data, indices, updates, axis, reduction); }
operator ScatterND(data : T[*], indices : I[*], updates : T[*], reduction = "none") { y = scatter_nd(data, indices, updates, reduction); }
operator TensorScatter(past_cache : T[s.. < S], update : T[u..], write_indices : I[b] = 0, axis = -2, mode = "linear") {
  y = past_cache;
  y[put(u, axis, (u[axis] + write_indices[u[0]]) % S[axis])..] := update[u..];
}
operator OneHot(indices : I[s..], depth, values : T[2], axis = -1) { y = one_hot(indices, depth[0], values[0], values[1], axis < 0 ? axis + rank(indices) + 1 : axis, T); }
operator Trilu(input : T[*], k = 0, upper = 1) { y = triangle(input, k, upper); }
operator EyeLike(input : T[n, m], dtype = 0, k = 0) { t = dtype == 0 ? T : onnx_types[dtype];  y : t[n, m] = m == n + k; }
operator Shape(data : T[s..], start = 0, end = none) {
  a = slice_first(rank(data), start, 1);
  y : i64[i < slice_count(rank(data), start, end == none ? rank(data) : end, 1)] = count(s)[a + i];
}
operator Size(data : T[s..]) { y : i64[] = prod(count(s)); }
operator Constant(value : T[*] = none, value_float = none, value_floats = none, value_int = none, value_ints = none) {
  if value != none { y = value; }
  if value_float != none  { y : f32[] = value_float; }
  if value_floats != none { y : f32[i < count(value_floats)] = value_floats[i]; }
  if value_int != none    { y : i64[] = value_int; }
  if value_ints != none   { y : i64[i < count(value_ints)] = value_ints[i]; }
}
operator ConstantOfShape(input, value : T[1] = none) { if value == none { y : f32[i.. < input] = 0.0; } else { y : T[i.. < input] = value[0]; } }
operator Range(start, limit, delta) {
  n = is_real(type(start)) || is_real(type(delta)) ? int(ceil((limit - start) / delta)) : -((start - limit) / delta);
  y[i < max(n, 0)] = start + i * delta;
}
operator DepthToSpace(input : T[*], blocksize, mode = "DCR") { y = depth_to_space(input, blocksize, mode == "CRD"); }
operator SpaceToDepth(input : T[*], blocksize, mode = "DCR") { y = space_to_depth(input, blocksize, mode == "CRD"); }
operator ReverseSequence(input : T[*], sequence_lens : I[b], batch_axis = 1, time_axis = 0) {
  if time_axis == 0 { y = reverse_sequence(input, sequence_lens); }
  else { p = [1, 0, tail(range(rank(input)), 2)..]; y = transpose(reverse_sequence(transpose(input, p), sequence_lens), p); }
}
operator Col2Im(input : T[*], image_shape, block_shape, dilations = none, pads = none, strides = none) {
  r = count(image_shape);
  y = col2im(input, image_shape, block_shape, strides == none ? full(1, r) : strides, dilations == none ? full(1, r) : dilations,
             pads == none ? full(0, r) : part(pads, 0, r), pads == none ? full(0, r) : tail(pads, r));
}
operator CenterCropPad(input : T[s..], shape, axes = none) {
  a = axes == none ? range(rank(input)) : axes;
  d = put(0 * count(s), a, list(k < count(a), count(s)[a[k]] >= shape[k] ? (count(s)[a[k]] - shape[k]) / 2 : -((shape[k] - count(s)[a[k]]) / 2)));
  y : T[i.. < put(count(s), a, shape)] = input[(i + d)..] else 0;
}

// ---- windows
operator MaxPool(X : T[N, C, s.. < S], kernel_shape, strides = none, dilations = none, pads = none, auto_pad = "NOTSET", ceil_mode = 0, storage_order = 0) -> Y, Indices {
  r = count(S);  st = strides == none ? full(1, r) : strides;  di = dilations == none ? full(1, r) : dilations;
  b, e, o = window(S, kernel_shape, st, di, pads, auto_pad, ceil_mode);
  Y, f = max_pool(X, kernel_shape, st, di, b, o);
  Indices = max_position(f, S, kernel_shape, st, di, b, storage_order);
}
operator AveragePool(X : T[N, C, s.. < S], kernel_shape, strides = none, dilations = none, pads = none, auto_pad = "NOTSET", ceil_mode = 0, count_include_pad = 0) {
  r = count(S);  st = strides == none ? full(1, r) : strides;  di = dilations == none ? full(1, r) : dilations;
  b, e, o = window(S, kernel_shape, st, di, pads, auto_pad, ceil_mode);
  Y = average_pool(X, kernel_shape, st, di, b, e, o, count_include_pad);
}
operator LpPool(X : T[N, C, s.. < S], kernel_shape, strides = none, dilations = none, pads = none, auto_pad = "NOTSET", ceil_mode = 0, p = 2) {
  r = count(S);  st = strides == none ? full(1, r) : strides;  di = dilations == none ? full(1, r) : dilations;
  b, e, o = window(S, kernel_shape, st, di, pads, auto_pad, ceil_mode);
  Y = lp_pool(X, kernel_shape, st, di, b, o, p);
}
operator GlobalAveragePool(X : T[*]) { Y = global_average(X); }
operator GlobalMaxPool(X : T[*])     { Y = global_max(X); }
operator MaxUnpool(X : T[n < N, c < C, s.. < S], I : i64[n, c, s..], output_shape = none, kernel_shape, pads = none, strides = none) {
  r = count(S);  st = strides == none ? full(1, r) : strides;
  d = pads == none ? full(0, r) : part(pads, 0, r) + tail(pads, r);
  own = (S - 1) * st + kernel_shape - d;
  out = output_shape == none ? [N, C, own..] : output_shape;
  z : T[i.. < [N, C, own..]] = 0;
  f = reshape(z, [prod(shape(z))]);
  f[min(max(I[n, c, s..], 0), prod(out) - 1)] := X[n, c, s..];
  g = reshape(f, [N, C, own..]);
  Y : T[i.. < out] = g[i..] else 0;
}
operator Conv(X : T[n, c, s.. < S], W : T[m, j, k.. < K], B : T[m] = 0, auto_pad = "NOTSET", dilations = none, group = 1, kernel_shape = none, pads = none, strides = none) {
  r = count(S);  st = strides == none ? full(1, r) : strides;  di = dilations == none ? full(1, r) : dilations;
  b, e, o = window(S, K, st, di, pads, auto_pad);
  Y = conv(X, W, B, st, di, b, o, group);
}
operator ConvInteger(x : T[n, c, s.. < S], w : U[m, j, k.. < K], x_zero_point : T = 0, w_zero_point : U[*] = 0, auto_pad = "NOTSET", dilations = none, group = 1, kernel_shape = none, pads = none, strides = none) {
  r = count(S);  st = strides == none ? full(1, r) : strides;  di = dilations == none ? full(1, r) : dilations;
  b, e, o = window(S, K, st, di, pads, auto_pad);
  y = conv_integer(x, w, x_zero_point, w_zero_point, st, di, b, o, group);
}
operator ConvTranspose(X : T[n, c, s.. < S], W : T[c, q, k.. < K], B : T[m] = 0, auto_pad = "NOTSET", dilations = none, group = 1, kernel_shape = none, output_padding = none, output_shape = none, pads = none, strides = none) {
  r = count(S);  st = strides == none ? full(1, r) : strides;  di = dilations == none ? full(1, r) : dilations;
  op = output_padding == none ? full(0, r) : output_padding;
  whole = st * (S - 1) + op + di * (K - 1) + 1;
  begin = pads == none ? full(0, r) : part(pads, 0, r);  end = pads == none ? full(0, r) : tail(pads, r);
  same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  out = output_shape != none ? tail(output_shape, count(output_shape) - r) : same ? S * st : whole - begin - end;
  if output_shape != none || same { begin = auto_pad == "SAME_UPPER" ? (whole - out) / 2 : (whole - out + 1) / 2; }
  Y = conv_transpose(X, W, B, st, di, begin, out, group);
}
operator CausalConvWithState(input : T[b, c, l], weight : T[c, 1, k < K], bias : T[c] = 0, past_state : T[b, c, p] = none, activation = "none", outputs = 1) -> y, present_state {
  q = K - 1;
  x : T[b, c, i < count(l) + q] = input[b, c, i - q] else past_state == none ? 0 : past_state[b, c, i];
  z[b, c, l] = sum(k, x[b, c, l + k] * weight[c, 0, k]) + bias[c];
  y : T[b, c, l] = activation == "none" ? z[b, c, l] : silu(z[b, c, l]);
  present_state : T[b, c, i < q] = x[b, c, count(l) + i];
}
operator DeformConv(X : T[n, c, s.. < S], W : T[m, j, k.. < K], offset : T[*], B : T[*] = none, mask : T[*] = none, dilations = [1, 1], group = 1, kernel_shape = none, offset_group = 1, pads = [0, 0, 0, 0], strides = [1, 1]) {
  o = shape(offset);
  bias : T[m] = B == none ? 0 : B[m];
  e : T[n, i < offset_group * prod(K), a < o[2], b < o[3]] = mask == none ? 1 : mask[n, i, a, b];
  Y = deform_conv(X, W, offset, bias, e, strides, dilations, part(pads, 0, 2), group, offset_group);
}
operator RoiAlign(X : T[n, c, h, w], rois : T[m, 4], batch_indices : i64[m], coordinate_transformation_mode = "half_pixel", mode = "avg", output_height = 1, output_width = 1, sampling_ratio = 0, spatial_scale = 1.0) {
  Y = roi_align(X, rois, batch_indices, output_height, output_width, spatial_scale, sampling_ratio, coordinate_transformation_mode == "half_pixel", mode);
}

// ---- resizing
operator Resize(X : T[s.. < S], roi = none, scales = none, sizes = none, antialias = 0, axes = none, coordinate_transformation_mode = "half_pixel", cubic_coeff_a = -0.75,
                exclude_outside = 0, extrapolation_value = 0.0, keep_aspect_ratio_policy = "stretch", mode = "nearest", nearest_mode = "round_prefer_floor") {
  a = axes == none ? range(count(S)) : axes;  k = count(a);
  crop = coordinate_transformation_mode == "tf_crop_and_resize";
  y = X;
  if sizes != none && count(sizes) > 0 {
    f = list(d < k, sizes[d] / real(S[a[d]]));
    g = keep_aspect_ratio_policy == "not_larger" ? full(min(f), k) : keep_aspect_ratio_policy == "not_smaller" ? full(max(f), k) : f;
    out = keep_aspect_ratio_policy == "stretch" ? sizes : list(d < k, int(floor(g[d] * S[a[d]] + 0.5)));
  } else {
    g = scales;
    out = list(d < k, int(floor(S[a[d]] * (crop ? roi[k + d] - roi[d] : 1.0) * scales[d])));
  }
  for d < k {
    from = crop ? roi[d] : 0.0;  to = crop ? roi[k + d] : 1.0;
    if out[d] != S[a[d]] || g[d] != 1 || crop {
      if mode == "nearest" { y = resize_nearest(y, a[d], out[d], g[d], coordinate_transformation_mode, from, to, nearest_mode, extrapolation_value); }
      else { y = resize_filter(y, a[d], out[d], g[d], coordinate_transformation_mode, mode == "cubic" ? "cubic_filter" : "triangle_filter", mode == "cubic" ? 2 : 1,
                               cubic_coeff_a, from, to, extrapolation_value, antialias, exclude_outside); }
    }
  }
  z : T[i.. < shape(y)] = y[i..];
}
operator Upsample(X : T[*], scales, mode = "nearest") { Y = Resize(X, scales = scales, mode = mode, coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"); }
operator GridSample(X : T[*], grid : T[*], align_corners = 0, mode = "linear", padding_mode = "zeros") {
  if mode == "nearest" { Y = grid_nearest(X, grid, padding_mode, align_corners); }
  else { Y = grid_sample(X, grid, mode == "cubic" || mode == "bicubic" ? "cubic_filter" : "triangle_filter", mode == "cubic" || mode == "bicubic" ? 2 : 1, padding_mode, align_corners); }
}
operator AffineGrid(theta : T[*], size, align_corners = 0) { grid = affine_grid(theta, size, align_corners); }

// ---- attention
operator Attention(Q : T[*], K : T[*], V : T[*], attn_mask : M[*] = none, past_key : T[*] = none, past_value : T[*] = none, nonpad_kv_seqlen : i64[b] = none,
                   is_causal = 0, left_window_size = -1, right_window_size = -1, kv_num_heads = 0, q_num_heads = 0, qk_matmul_output_mode = 0, scale = none, softcap = 0.0, softmax_precision = 1) -> Y, present_key, present_value, qk {
  flat3 = rank(Q) == 3;
  q = flat3 ? heads(Q, q_num_heads) : Q;
  k = flat3 ? heads(K, kv_num_heads) : K;
  v = flat3 ? heads(V, kv_num_heads) : V;
  past = past_key == none ? 0 : shape(past_key)[2];
  present_key   = past_key == none ? k : join(past_key, k, 2);
  present_value = past_value == none ? v : join(past_value, v, 2);
  n = [shape(q)[0], shape(q)[1], shape(q)[2], shape(present_key)[2]];
  bias = attention_bias(attn_mask, nonpad_kv_seqlen, n);
  first : i64[b < n[0]] = nonpad_kv_seqlen == none ? past : nonpad_kv_seqlen[b] - n[2];
  y, raw, capped, masked, p = attention(q, present_key, present_value, bias, first, scale == none ? 1 / sqrt(shape(q)[3]) : scale, is_causal ? 0 : right_window_size, left_window_size, softcap);
  Y = flat3 ? unheads(y) : y;
  qk = qk_matmul_output_mode == 0 ? raw : qk_matmul_output_mode == 1 ? capped : qk_matmul_output_mode == 2 ? masked : p;
}
// A boolean mask forbids, another one is added; it may end before the keys do.
operator attention_bias(mask : M[*], len : i64[b], n) {
  m = mask == none ? 0.0 : expand(mask, put(n, 3, shape(mask)[rank(mask) - 1] == 1 ? n[3] : shape(mask)[rank(mask) - 1]));
  y[b < n[0], h < n[1], t < n[2], s < n[3]] = (len != none && s >= (len == none ? 0 : len[b])) ? -inf
    : mask == none ? 0.0 : M == bool ? ((m[b, h, t, s] else 0) ? 0.0 : -inf) : m[b, h, t, s] else -inf;
}
operator RotaryEmbedding(X : T[*], cos_cache : T[*], sin_cache : T[*], position_ids : i64[b, t] = none, interleaved = 0, num_heads = 0, rotary_embedding_dim = 0) {
  x = rank(X) == 3 ? heads(X, num_heads) : X;
  c = position_ids == none ? cos_cache : gather(cos_cache, position_ids);
  s = position_ids == none ? sin_cache : gather(sin_cache, position_ids);
  y = rope(x, c, s, interleaved);
  Y = rank(X) == 3 ? unheads(y) : y;
}

// ---- recurrent layers: directions one after the other; `layout` 1 puts the batch first
operator side(x : T[D, s..], d) { y : T[s..] = x[d, s..]; }
operator half(x : T[n < N], k)       { y : T[i < N / 2] = x[k * (N / 2) + i]; }
operator bias(B : T[*], d, k)        { y = B == none ? 0 : half(side(B, d), k); }
operator stack(x[m] : T[s..])        { y : T[d < m, s..] = 0; for j < m { y[j, s..] := x[j][s..]; } }
operator lengths(l : I[b], n, batch) { y : i64[b < batch] = l == none ? n : l[b]; }
operator cycle(names, i)             { r = names[i % count(names)]; }
operator LSTM(X : T[*], W : T[*], R : T[*], B : T[*] = none, sequence_lens : i32[*] = none, initial_h : T[*] = none, initial_c : T[*] = none, P : T[*] = none,
              activations = ["Sigmoid", "Tanh", "Tanh"], activation_alpha = none, activation_beta = none, clip = inf, direction = "forward", hidden_size, input_forget = 0, layout = 0) -> Y, Y_h, Y_c {
  x = layout ? transpose(X, [1, 0, 2]) : X;  n = shape(x)[0];  l = lengths(sequence_lens, n, shape(x)[1]);
  y = [];
  for d < shape(W)[0] {
    back = direction == "reverse" || d == 1;
    h, a[d], c[d] = lstm(back ? reverse_sequence(x, l) : x, side(W, d), side(R, d), bias(B, d, 0), bias(B, d, 1), P == none ? 0 : side(P, d),
      initial_h == none ? 0 : start(initial_h, d, layout), initial_c == none ? 0 : start(initial_c, d, layout), l,
      cycle(activations, 3 * d), cycle(activations, 3 * d + 1), cycle(activations, 3 * d + 2), clip, input_forget);
    y[d] = mask_steps(back ? reverse_sequence(h, l) : h, l);
  }
  Y = directions(stack(y..), layout);  Y_h = batch_first(stack(a..), layout);  Y_c = batch_first(stack(c..), layout);
}
operator GRU(X : T[*], W : T[*], R : T[*], B : T[*] = none, sequence_lens : i32[*] = none, initial_h : T[*] = none,
              activations = ["Sigmoid", "Tanh"], activation_alpha = none, activation_beta = none, clip = inf, direction = "forward", hidden_size, linear_before_reset = 0, layout = 0) -> Y, Y_h {
  x = layout ? transpose(X, [1, 0, 2]) : X;  n = shape(x)[0];  l = lengths(sequence_lens, n, shape(x)[1]);
  y = [];
  for d < shape(W)[0] {
    back = direction == "reverse" || d == 1;
    h, a[d] = gru(back ? reverse_sequence(x, l) : x, side(W, d), side(R, d), bias(B, d, 0), bias(B, d, 1),
      initial_h == none ? 0 : start(initial_h, d, layout), l, cycle(activations, 2 * d), cycle(activations, 2 * d + 1), clip, linear_before_reset);
    y[d] = mask_steps(back ? reverse_sequence(h, l) : h, l);
  }
  Y = directions(stack(y..), layout);  Y_h = batch_first(stack(a..), layout);
}
operator RNN(X : T[*], W : T[*], R : T[*], B : T[*] = none, sequence_lens : i32[*] = none, initial_h : T[*] = none,
              activations = ["Tanh"], activation_alpha = none, activation_beta = none, clip = inf, direction = "forward", hidden_size, layout = 0) -> Y, Y_h {
  x = layout ? transpose(X, [1, 0, 2]) : X;  n = shape(x)[0];  l = lengths(sequence_lens, n, shape(x)[1]);
  y = [];
  for d < shape(W)[0] {
    back = direction == "reverse" || d == 1;
    h, a[d] = rnn(back ? reverse_sequence(x, l) : x, side(W, d), side(R, d), bias(B, d, 0), bias(B, d, 1),
      initial_h == none ? 0 : start(initial_h, d, layout), l, cycle(activations, d), clip);
    y[d] = mask_steps(back ? reverse_sequence(h, l) : h, l);
  }
  Y = directions(stack(y..), layout);  Y_h = batch_first(stack(a..), layout);
}
operator start(h : T[*], d, layout)                { y = side(layout ? transpose(h, [1, 0, 2]) : h, d); }
operator mask_steps(h : T[n, b, k], l : I[b])       { y : T[n, b, k] = n < l[b] ? h[n, b, k] : 0; }
operator directions(y : T[d, n, b, k], layout)      { if layout { z : T[b, n, d, k] = y[d, n, b, k]; } else { z : T[n, d, b, k] = y[d, n, b, k]; } }
operator batch_first(h : T[d, b, k], layout)        { if layout { z : T[b, d, k] = h[d, b, k]; } else { z = h; } }

// ---- integers
operator QuantizeLinear(x : T[*], y_scale : U[*], y_zero_point : Z[*] = none, axis = 1, block_size = 0, output_dtype = 0, precision = 0, saturate = 1) {
  type = output_dtype != 0 ? onnx_types[output_dtype] : y_zero_point == none ? u8 : Z;
  y = quantize(x, y_scale, y_zero_point == none ? 0 : y_zero_point, type, axis, block_size, saturate);
}
operator DequantizeLinear(x : T[*], x_scale : U[*], x_zero_point : T[*] = 0, axis = 1, block_size = 0, output_dtype = 0) {
  y = dequantize(x, x_scale, x_zero_point, output_dtype == 0 ? U : onnx_types[output_dtype], axis, block_size);
}
operator DynamicQuantizeLinear(x : f32[*]) -> y, y_scale, y_zero_point { y, y_scale, y_zero_point = dynamic_quantize(x); }
operator MatMulInteger(A : T[*], B : U[*], a_zero_point : T[*] = 0, b_zero_point : U[*] = 0) { y = matmul_integer(A, B, one(a_zero_point), one(b_zero_point)); }
operator one(v : T[*]) { if rank(v) == 1 && shape(v)[0] == 1 { y : T[] = v[0]; } else { y = v; } }
operator QLinearMatMul(a : T[*], a_scale : F[*], a_zero_point : T[*], b : U[*], b_scale : F[*], b_zero_point : U[*], y_scale : F[*], y_zero_point) {
  y = rescale(matmul_integer(a, b, one(a_zero_point), one(b_zero_point)), factor(a_scale, b_scale, y_scale), y_zero_point, T);
}
operator factor(a : F[..], b : F[..], y : F[..]) { f : f64[..] = a[..] * b[..] / y[..]; }
operator QLinearConv(x : T[*], x_scale : F, x_zero_point : T, w : U[m, j, k..], w_scale : F[*], w_zero_point : U[*], y_scale : F, y_zero_point : T, B : i32[m] = 0,
                     auto_pad = "NOTSET", dilations = none, group = 1, kernel_shape = none, pads = none, strides = none) {
  p = ConvInteger(x, w, x_zero_point, one(w_zero_point), auto_pad, dilations, group, kernel_shape, pads, strides);
  g = spread(w_scale, [shape(w)[0]]);
  y : T[n < shape(p)[0], m, i.. < tail(shape(p), 2)] = saturate(T, int(round((p[n, m, i..] + B[m]) * (x_scale[] * g[m] / y_scale[]))) + y_zero_point[]);
}

// ---- losses
operator NegativeLogLikelihoodLoss(input : T[n, c, d..], target : I[n, d..], weight : T[c] = 1.0, ignore_index = none, reduction = "mean") {
  w[n, d..] = ignore_index != none && target[n, d..] == ignore_index ? 0.0 : (weight[target[n, d..]] else 0);
  l[n, d..] = ignore_index != none && target[n, d..] == ignore_index ? 0.0 : -(input[n, target[n, d..], d..] else 0) * w[n, d..];
  if reduction == "none" { y : T[n, d..] = l[n, d..]; }
  if reduction == "sum"  { y : T[] = sum(n, d.., l[n, d..]); }
  if reduction == "mean" { y : T[] = sum(n, d.., l[n, d..]) / sum(n, d.., w[n, d..]); }
}
operator SoftmaxCrossEntropyLoss(scores : T[*], labels : I[*], weights : T[c] = 1.0, ignore_index = none, reduction = "mean") -> y, p {
  p = log_softmax(scores, 1);
  y = NegativeLogLikelihoodLoss(p, labels, weights, ignore_index, reduction);
}

// ---- signals
operator HannWindow(size, output_datatype = 1, periodic = 1)     { y = cosine_window(size, [0.5, 0.5], periodic, onnx_types[output_datatype]); }
operator HammingWindow(size, output_datatype = 1, periodic = 1)  { y = cosine_window(size, [25 / 46.0, 21 / 46.0], periodic, onnx_types[output_datatype]); }
operator BlackmanWindow(size, output_datatype = 1, periodic = 1) { y = cosine_window(size, [0.42, 0.5, 0.08], periodic, onnx_types[output_datatype]); }
operator cosine_window(n, a, periodic, type) { y : type[i < n] = sum(list(k < count(a), (k % 2 == 0 ? a[k] : -a[k]) * cos(2 * pi * k * i / (periodic ? n : n - 1)))); }
operator dft(x : T[a..axis, n, b.., z < Z], axis, m, out, inverse) {
  s = inverse ? 1 : -1;
  re[a.., k < out, b..] = sum(j < m, (x[a.., j, b.., 0] else 0.0) * cos(2 * pi * j * k / m) - (Z == 2 ? (x[a.., j, b.., 1] else 0.0) * s * sin(2 * pi * j * k / m) : 0.0));
  im[a.., k < out, b..] = sum(j < m, (x[a.., j, b.., 0] else 0.0) * s * sin(2 * pi * j * k / m) + (Z == 2 ? (x[a.., j, b.., 1] else 0.0) * cos(2 * pi * j * k / m) : 0.0));
  y : T[a.., k < out, b.., c < 2] = (c == 0 ? re[a.., k, b..] : im[a.., k, b..]) / (inverse ? m : 1);
}
// The half that a real signal's transform need not store.
operator mirrored(x : T[a..axis, n, b.., z < 2], axis, m) {
  y : T[a.., k < m, b.., z < 2] = k < count(n) ? x[a.., k, b.., z] : (x[a.., m - k, b.., z] else 0) * (z == 1 ? -1 : 1);
}
operator real_part(x : T[.., z]) { y : T[.., 0] = x[.., 0]; }
operator DFT(input : T[s..], dft_length = none, axis = -2, inverse = 0, onesided = 0) {
  k = axis < 0 ? axis + rank(input) : axis;
  m = dft_length != none ? dft_length : inverse && onesided ? 2 * (count(s)[k] - 1) : count(s)[k];
  if inverse && onesided { h = mirrored(input, k, m);  f = dft(h, k, m, m, 1);  y = real_part(f); }
  else { y = dft(input, k, m, onesided ? m / 2 + 1 : m, inverse); }
}
operator STFT(signal : T[b, n, z < Z], frame_step, window : T[l] = none, frame_length = none, onesided = 1) {
  m = frame_length == none ? shape(window)[0] : frame_length;
  f : T[b, t < (count(n) - m) / frame_step + 1, j < m, z] = signal[b, t * frame_step + j, z] * (window == none ? 1.0 : window[j]);
  y = dft(f, 2, m, onesided ? m / 2 + 1 : m, 0);
}
// By minors of the first row: for small matrices.
operator Det(X : T[.., n, m]) {
  if count(n) == 1 { y : T[..] = X[.., 0, 0]; }
  else { y : T[..] = sum(list(j < count(n), (j % 2 == 0 ? 1 : -1) * X[.., 0, j] * Det(minor(X, j))[..])); }
}
operator minor(x : T[.., n < N, m < M], j) { y : T[.., n < N - 1, m < M - 1] = x[.., n + 1, m < j ? m : m + 1]; }
operator MelWeightMatrix(num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz, output_datatype = 1) {
  low = mel(lower_edge_hertz);  step = (mel(upper_edge_hertz) - low) / (num_mel_bins + 2);
  f[i < num_mel_bins + 2] = int(floor((dft_length + 1) * 700 * expm1((low + i * step) / 2595 * log(10)) / sample_rate));
  type = onnx_types[output_datatype];
  y : type[j < dft_length / 2 + 1, i < num_mel_bins] = j < f[i] || j > f[i + 2] ? 0.0 : j <= f[i + 1] ? (f[i + 1] == f[i] ? 1.0 : (j - f[i]) / real(f[i + 1] - f[i]))
                                                     : (f[i + 2] - j) / real(f[i + 2] - f[i + 1]);
}
operator mel(f) { r = 2595 * log1p(f / 700.0) / log(10); }

// ---- a recurrence over a state matrix
operator LinearAttention(query : T[*], key : T[*], value : T[*], past_state : T[*] = none, decay : T[*] = none, beta : T[*] = none,
                         chunk_size = 64, kv_num_heads, q_num_heads, scale = 0.0, update_rule = "gated_delta") -> result, present_state {
  q = heads(query, q_num_heads);  k = heads(key, kv_num_heads);  v = heads(value, kv_num_heads);
  gated = update_rule == "gated" || update_rule == "gated_delta";
  g = gated ? per_key(heads(decay, kv_num_heads), shape(k)[3]) : 0;
  b = update_rule == "delta" || update_rule == "gated_delta" ? spread_last(beta, kv_num_heads) : 0;
  o, present_state = linear_attention(q, k, v, past_state == none ? 0 : past_state, g, b, scale == 0 ? 1 / sqrt(shape(q)[3]) : scale, update_rule == "delta" || update_rule == "gated_delta");
  result = unheads(o);
}
operator per_key(x : T[b, h, t, d < D], n)  { y : T[b, h, t, i < n] = x[b, h, t, D == 1 ? 0 : i]; }
operator spread_last(x : T[b, t, d < D], n) { y : T[b, h < n, t] = x[b, t, D == 1 ? 0 : h]; }
