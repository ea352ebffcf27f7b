// The upper half of f32, 16 bits a weight.
// bfloat16: 8 bits of exponent, 7 of mantissa.
// ik_llama.cpp interleaves 16 rows by 2 columns (BF16_R16).
scheme bf16 {
  w : bf16;
  value = w;

  layout gguf_r16(type = 230) {
    tensor data : u8[N / 16, 32 * K] = ".weight";
    w[n, k] = bits(data[n / 16, *], 512 * (k / 2) + 32 * (n % 16) + 16 * (k % 2), 16);
  }
}
