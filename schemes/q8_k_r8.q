// Signed bytes with a scale for 256 weights, rows interleaved by 8 or 16 (Q8_K_R8 and Q8_K_R16 of ik_llama.cpp).
// Defined in ik_llama.cpp: structs block_q8_k_r8 and block_q8_k_r16 of ggml-common.h. Of 8 or 16 rows lie 4 weights each side
// by side; 128 is added where there are 16.
scheme q8_k_r8 {
  code : i8;
  d    : f16 per 256;
  value = d * code;

  layout gguf(type = 399) {
    tensor data : u8[N / 8, K / 256 * 2064] = ".weight";
    d[n, g]    = bits(data[n / 8, *], 16512 * g + 16 * (n % 8), 16);
    code[n, k] = bits(data[n / 8, *], 16512 * (k / 256) + 128 + 256 * (k % 256 / 4) + 32 * (n % 8) + 8 * (k % 4), 8);
  }

  layout gguf_r16(type = 397) {
    tensor data : u8[N / 16, K / 256 * 4128] = ".weight";
    d[n, g]    = bits(data[n / 16, *], 33024 * g + 16 * (n % 16), 16);
    code[n, k] = bits(data[n / 16, *], 33024 * (k / 256) + 256 + 512 * (k % 256 / 4) + 32 * (n % 16) + 8 * (k % 4), 8) - 128;
  }
}
