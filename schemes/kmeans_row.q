// Codes for learned levels, one table for each row (k-means, SqueezeLLM).
// Files: SqueezeLLM packs codes down the inputs, as GPTQ does.
scheme kmeans_row(bits = 4) {
  code  : u(bits);
  level : f32[1 << bits] per row;
  value = level[code];

  layout squeezellm {
    tensor qweight      : i32[(K * bits + 31) / 32, N];
    tensor lookup_table : f16|bf16|f32[N, 1 << bits];
    code[n, k] = bits(qweight[*, n], bits * k, bits);
    level[n, e] = lookup_table[n, e];
  }
}
