// 4 bits with a scale and a zero point for each group (GPTQ, AWQ).
// Files: GPTQ packs codes down the inputs and zero points along the outputs; its first version stores each zero point
// less one. AWQ (GEMM) packs both along the outputs, the eight of a word in the order 0 2 4 6 1 3 5 7; its GEMV form packs
// along the inputs, and pads the rows of zero points and scales.
scheme int4_g(group = 128) {
  code  : u4;
  scale : f16 per group;
  zero  : u4  per group;
  table nibble : u8[8] = { 0, 4, 1, 5, 2, 6, 3, 7 };
  value = scale * (code - zero);

  layout gptq {
    tensor qweight : i32[(K * 4 + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * 4 + 31) / 32];
    tensor scales  : f16[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[*, n], 4 * k, 4);
    zero[n, g]  = bits(qzeros[g, *], 4 * n, 4) + 1;
    scale[n, g] = scales[g, n];
  }

  layout gptq_v2 {
    tensor qweight : i32[(K * 4 + 31) / 32, N];
    tensor qzeros  : i32[(K + group - 1) / group, (N * 4 + 31) / 32];
    tensor scales  : f16[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[*, n], 4 * k, 4);
    zero[n, g]  = bits(qzeros[g, *], 4 * n, 4);
    scale[n, g] = scales[g, n];
  }

  layout awq {
    tensor qweight : i32[K, N / 8];
    tensor qzeros  : i32[(K + group - 1) / group, N / 8];
    tensor scales  : f16[(K + group - 1) / group, N];
    code[n, k]  = bits(qweight[k, *], 32 * (n / 8) + 4 * nibble[n % 8], 4);
    zero[n, g]  = bits(qzeros[g, *], 32 * (n / 8) + 4 * nibble[n % 8], 4);
    scale[n, g] = scales[g, n];
  }

  layout awq_gemv {
    tensor qweight : i32[N, (K + 7) / 8];
    tensor qzeros  : i32[N, *];
    tensor scales  : f16[N, *];
    code[n, k]  = bits(qweight[n, *], 4 * k, 4);
    zero[n, g]  = bits(qzeros[n, *], 4 * g, 4);
    scale[n, g] = scales[n, g];
  }
}
