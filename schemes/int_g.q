// Codes of 1 to 8 bits around zero with a scale for each group (symmetric).
// Files: compressed-tensors `pack-quantized`, whose codes are one dense stream a row (before 2026 as many as fit a word
// whole, `pack_quantized_words`), and `int-quantized`; ONNX MatMulNBits without zero points, blocked QDQ. float is the width of the
// scales: 32 for files with bf16 or f32 scales.
scheme int_g(bits = 4, group = 128, float = 16) {
  const middle = 1 << (bits - 1);
  const in_word = 32 / bits;
  code  : u(bits);
  scale : f(float) per group;
  value = scale * (code - middle);

  layout pack_quantized {
    tensor weight_packed : i32[N, (K * bits + 31) / 32];
    tensor weight_scale  : f16|bf16|f32[N, (K + group - 1) / group];
    code[n, k]  = bits(weight_packed[n, *], bits * k, bits);
    scale[n, g] = weight_scale[n, g];
  }

  layout pack_quantized_words {
    tensor weight_packed : i32[N, (K + in_word - 1) / in_word];
    tensor weight_scale  : f16|bf16|f32[N, (K + group - 1) / group];
    code[n, k]  = bits(weight_packed[n, *], 32 * (k / in_word) + bits * (k % in_word), bits);
    scale[n, g] = weight_scale[n, g];
  }

  layout int_quantized {
    tensor weight       : i8[N, K];
    tensor weight_scale : f16|bf16|f32[N, (K + group - 1) / group];
    code[n, k]  = weight[n, k] + middle;
    scale[n, g] = weight_scale[n, g];
  }

  layout matmul_nbits {
    tensor B      : u8[N, (K + group - 1) / group, (group * bits + 7) / 8] = "";
    tensor scales : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    code[n, k]  = bits(B[n, k / group, *], bits * (k % group), bits);
    scale[n, g] = scales[n, g];
  }

  layout qdq_blocked {
    tensor weight : i8[N, K] = "";
    tensor scales : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    code[n, k]  = weight[n, k] + middle;
    scale[n, g] = scales[n, g];
  }

  layout qdq_blocked_transposed {
    tensor weight : i8[K, N] = "";
    tensor scales : f16|bf16|f32[(K + group - 1) / group, N] = ".scale";
    code[n, k]  = weight[k, n] + middle;
    scale[n, g] = scales[g, n];
  }
}
