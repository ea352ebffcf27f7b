// Codes of 1 to 8 bits around zero with one scale (symmetric, per tensor; the learned step of LSQ).
// Files: compressed-tensors with strategy `tensor`.
scheme int_tensor(bits = 8) {
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : f32 per tensor;
  value = scale * (code - middle);

  layout int_quantized {
    tensor weight       : i8[N, K];
    tensor weight_scale : f16|bf16|f32[1];
    code[n, k] = weight[n, k] + middle;
    scale      = weight_scale[0];
  }
}
