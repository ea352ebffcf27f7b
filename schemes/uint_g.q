// Codes of 1 to 8 bits with a scale and an integer zero point for each group (asymmetric).
// Files: GPTQ, whose first version stores zero points less one; AWQ, of 4 bits (int4_g) with scales that are not f16;
// compressed-tensors `pack-quantized`, with zero points packed down the rows; ONNX MatMulNBits and blocked QDQ. float is the width of the scales: 32 for files with bf16 or f32 scales.
scheme uint_g(bits = 4, group = 128, float = 16) {
  const in_word = 32 / bits;
  const middle = 1 << (bits - 1);
  code  : u(bits);
  scale : f(float) per group;
  zero  : u(bits)  per group;
  table nibble : u8[8] = { 0, 4, 1, 5, 2, 6, 3, 7 };
  value = scale * (code - zero);

  layout gptq {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16|bf16|f32[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[*, n], bits * k, bits);
    zero[n, g]  = bits(qzeros[g, *], bits * n, bits) + 1;
    scale[n, g] = scales[g, n];
  }

  layout gptq_v2 {
    tensor qweight : i32[(K * bits + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * bits + 31) / 32];
    tensor scales  : f16|bf16|f32[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[*, n], bits * k, bits);
    zero[n, g]  = bits(qzeros[g, *], bits * n, bits);
    scale[n, g] = scales[g, n];
  }

  layout awq {
    tensor qweight : i32[K, N * bits / 32];
    tensor qzeros  : i32[(K + group - 1) / group, N * bits / 32];
    tensor scales  : f16|bf16|f32[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[k, *], 32 * (n / 8) + 4 * nibble[n % 8], 4);
    zero[n, g]  = bits(qzeros[g, *], 32 * (n / 8) + 4 * nibble[n % 8], 4);
    scale[n, g] = scales[g, n];
  }

  layout pack_quantized {
    tensor weight_packed     : i32[N, (K * bits + 31) / 32];
    tensor weight_scale      : f16|bf16|f32[N, (K + group - 1) / group];
    tensor weight_zero_point : i32[(N * bits + 31) / 32, (K + group - 1) / group];
    code[n, k]  = bits(weight_packed[n, *], bits * k, bits);
    scale[n, g] = weight_scale[n, g];
    zero[n, g]  = bits(weight_zero_point[*, g], bits * n, bits);
  }

  layout pack_quantized_words {
    tensor weight_packed     : i32[N, (K + in_word - 1) / in_word];
    tensor weight_scale      : f16|bf16|f32[N, (K + group - 1) / group];
    tensor weight_zero_point : i32[(N + in_word - 1) / in_word, (K + group - 1) / group];
    code[n, k]  = bits(weight_packed[n, *], 32 * (k / in_word) + bits * (k % in_word), bits);
    scale[n, g] = weight_scale[n, g];
    zero[n, g]  = bits(weight_zero_point[*, g], 32 * (n / in_word) + bits * (n % in_word), bits);
  }

  layout matmul_nbits {
    tensor B           : u8[N, (K + group - 1) / group, (group * bits + 7) / 8] = "";
    tensor scales      : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    tensor zero_points : u8[N, ((K + group - 1) / group * bits + 7) / 8] = ".zero_point";
    code[n, k]  = bits(B[n, k / group, *], bits * (k % group), bits);
    scale[n, g] = scales[n, g];
    zero[n, g]  = bits(zero_points[n, *], bits * g, bits);
  }

  layout qdq_blocked {
    tensor weight     : u8[N, K] = "";
    tensor scales     : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    tensor zero_point : u8[N, (K + group - 1) / group] = ".zero_point";
    code[n, k]  = weight[n, k];
    scale[n, g] = scales[n, g];
    zero[n, g]  = zero_point[n, g];
  }

  layout qdq_blocked_transposed {
    tensor weight     : u8[K, N] = "";
    tensor scales     : f16|bf16|f32[(K + group - 1) / group, N] = ".scale";
    tensor zero_point : u8[(K + group - 1) / group, N] = ".zero_point";
    code[n, k]  = weight[k, n];
    scale[n, g] = scales[g, n];
    zero[n, g]  = zero_point[g, n];
  }

  layout qdq_blocked_signed {
    tensor weight     : i8[N, K] = "";
    tensor scales     : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    tensor zero_point : i8[N, (K + group - 1) / group] = ".zero_point";
    code[n, k]  = weight[n, k] + middle;
    scale[n, g] = scales[n, g];
    zero[n, g]  = zero_point[n, g] + middle;
  }

  layout qdq_blocked_signed_transposed {
    tensor weight     : i8[K, N] = "";
    tensor scales     : f16|bf16|f32[(K + group - 1) / group, N] = ".scale";
    tensor zero_point : i8[(K + group - 1) / group, N] = ".zero_point";
    code[n, k]  = weight[k, n] + middle;
    scale[n, g] = scales[g, n];
    zero[n, g]  = zero_point[g, n] + middle;
  }

  layout qdq_blocked_no_zero {
    tensor weight : u8[N, K] = "";
    tensor scales : f16|bf16|f32[N, (K + group - 1) / group] = ".scale";
    code[n, k]  = weight[n, k];
    scale[n, g] = scales[n, g];
    zero[n, g]  = 0;
  }

  layout qdq_blocked_no_zero_transposed {
    tensor weight : u8[K, N] = "";
    tensor scales : f16|bf16|f32[(K + group - 1) / group, N] = ".scale";
    code[n, k]  = weight[k, n];
    scale[n, g] = scales[g, n];
    zero[n, g]  = 0;
  }
}
