// 4 bits around zero with a scale for 32 weights (GGUF Q4_0).
// Defined in ggml: struct block_q4_0 of ggml-common.h. The low nibbles are the first half of the block.
// Files for ARM have rows interleaved, four by 4 or 8 codes (Q4_0_4_4, Q4_0_4_8) or eight by 8 (Q4_0_8_8), with the codes' highest
// bits inverted: make_block_q4_0x4 and x8 of ggml-aarch64.c. ik_llama.cpp interleaves eight rows (Q4_0_R8).
scheme q4_0 {
  code  : u4;
  scale : f16 per 32;
  value = scale * (code - 8);

  layout gguf(block = 32, bytes = 18, type = 2, file_type = 2) {
    scale   = bits(0, 16);
    code[i] = bits(16 + 8 * (i % 16) + 4 * (i / 16), 4);
  }

  layout gguf_4_4(type = 31) {
    tensor data : u8[N / 4, K / 32 * 72] = ".weight";
    scale[n, g] = bits(data[n / 4, *], 576 * g + 16 * (n % 4), 16);
    code[n, k]  = bits(data[n / 4, *], 576 * (k / 32) + 64 + 128 * (k % 16 / 4) + 32 * (n % 4) + 8 * (k % 4) + 4 * (k / 16 % 2), 4) ^ 8;
  }

  layout gguf_4_8(type = 32) {
    tensor data : u8[N / 4, K / 32 * 72] = ".weight";
    scale[n, g] = bits(data[n / 4, *], 576 * g + 16 * (n % 4), 16);
    code[n, k]  = bits(data[n / 4, *], 576 * (k / 32) + 64 + 256 * (k % 16 / 8) + 64 * (n % 4) + 8 * (k % 8) + 4 * (k / 16 % 2), 4) ^ 8;
  }

  layout gguf_8_8(type = 33) {
    tensor data : u8[N / 8, K / 32 * 144] = ".weight";
    scale[n, g] = bits(data[n / 8, *], 1152 * g + 16 * (n % 8), 16);
    code[n, k]  = bits(data[n / 8, *], 1152 * (k / 32) + 128 + 512 * (k % 16 / 8) + 64 * (n % 8) + 8 * (k % 8) + 4 * (k / 16 % 2), 4) ^ 8;
  }

  layout gguf_r8(type = 202) {
    tensor data : u8[N / 8, K / 32 * 144] = ".weight";
    scale[n, g] = bits(data[n / 8, *], 1152 * g + 16 * (n % 8), 16);
    code[n, k]  = bits(data[n / 8, *], 1152 * (k / 32) + 128 + 256 * (k % 16 / 4) + 32 * (n % 8) + 8 * (k % 4) + 4 * (k / 16 % 2), 4);
  }
}
