// Codes of 1 to 8 bits with a scale and a zero point that is no integer, for each group (HQQ).
// Files: the packings of HQQ with axis = 1. A byte holds codes of several parts of the matrix, the first part in its highest
// bits; codes of 3 bits are packed ten to a word. ONNX MatMulNBits with zero points that are no integers. float is the width
// of scales and zero points.
scheme hqq(bits = 4, group = 64, float = 16) {
  const parts = 8 / bits;
  code  : u(bits);
  scale : f(float) per group;
  zero  : f(float) per group;
  value = scale * (code - zero);

  layout hqq {
    tensor W_q    : u8[N * (K / group) / parts, group];
    tensor scales : f16|bf16|f32[N * (K / group), 1] = ".scale";
    tensor zeros  : f16|bf16|f32[N * (K / group), 1] = ".zero";
    code[n, k]  = bits(W_q[(n * (K / group) + k / group) % (N * (K / group) / parts), *],
                       8 * (k % group) + bits * (parts - 1 - (n * (K / group) + k / group) / (N * (K / group) / parts)), bits);
    scale[n, g] = scales[n * (K / group) + g, 0];
    zero[n, g]  = zeros[n * (K / group) + g, 0];
  }

  layout hqq_3bit {
    tensor W_q    : i32[(N * (K / group) + 9) / 10, group];
    tensor scales : f16|bf16|f32[N * (K / group), 1] = ".scale";
    tensor zeros  : f16|bf16|f32[N * (K / group), 1] = ".zero";
    code[n, k]  = bits(W_q[(n * (K / group) + k / group) % ((N * (K / group) + 9) / 10), *],
                       32 * (k % group) + 3 * (9 - (n * (K / group) + k / group) / ((N * (K / group) + 9) / 10)), 3);
    scale[n, g] = scales[n * (K / group) + g, 0];
    zero[n, g]  = zeros[n * (K / group) + g, 0];
  }

  layout matmul_nbits {
    tensor B           : u8[N, (K + group - 1) / group, (group * bits + 7) / 8] = "";
    tensor scales      : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    tensor zero_points : f16|bf16|f32[N, (K + group - 1) / group] = ".zero_point";
    code[n, k]  = bits(B[n, k / group, *], bits * (k % group), bits);
    scale[n, g] = scales[n, g];
    zero[n, g]  = zero_points[n, g];
  }
}
