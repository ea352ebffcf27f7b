// 4 bits around zero with a scale for each group, of weights turned by a Hadamard transform, which spreads outliers.
// It turns blocks of inputs, with a sign for each that is computed from its number; the activations are turned alike
// when the layer runs. Any product stays what it was, as the transform is its own inverse.
scheme int4_h(group = 32, block = 128) {
  code  : u4;
  scale : f16 per group;
  value = scale * (code - 8);
  input = hadamard(x * (1 - 2 * (k * 0x9e3779b1 >> 16 & 1)), block);
}
