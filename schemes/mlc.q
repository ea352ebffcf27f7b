// Codes of 3 or 4 bits around zero with a scale for each group, as MLC has them (q4f16_1; q3f16_1 is mlc(bits = 3, group = 40)).
// Defined in MLC LLM: GroupQuantize of python/mlc_llm/quantization/group_quantization.py. A word holds as many codes as fit whole;
// a row has whole groups. q3f16_0 and q4f16_0 store the matrix transposed. float is the width of the scales: 32 for bf16 or f32.
scheme mlc(bits = 4, group = 32, float = 16) {
  const in_word = 32 / bits;
  const words = group / in_word;
  const zero = (1 << (bits - 1)) - 1;
  code  : u(bits);
  scale : f(float) per group;
  value = scale * (code - zero);

  layout mlc {
    tensor q_weight : u32[N, (K + group - 1) / group * words];
    tensor q_scale  : f16|bf16|f32[N, (K + group - 1) / group];
    code[n, k]  = bits(q_weight[n, *], 32 * (k / in_word) + bits * (k % in_word), bits);
    scale[n, g] = q_scale[n, g];
  }

  layout mlc_transposed {
    tensor q_weight : u32[(K + group - 1) / group * words, N];
    tensor q_scale  : f16|bf16|f32[(K + group - 1) / group, N];
    code[n, k]  = bits(q_weight[*, n], 32 * (k / in_word) + bits * (k % in_word), bits);
    scale[n, g] = q_scale[g, n];
  }
}
