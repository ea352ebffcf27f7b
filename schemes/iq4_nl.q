// 4-bit codes for 16 uneven levels, with a scale for 32 weights (GGUF IQ4_NL).
// Defined in ggml: struct block_iq4_nl of ggml-common.h, kvalues_iq4nl. The bytes are those of Q4_0.
// ik_llama.cpp interleaves four rows by 4 columns (IQ4_NL_R4).
scheme iq4_nl {
  code  : u4;
  scale : f16 per 32;
  table level : i8[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
  value = scale * level[code];

  layout gguf(block = 32, bytes = 18, type = 20, file_type = 25) {
    scale   = bits(0, 16);
    code[i] = bits(16 + 8 * (i % 16) + 4 * (i / 16), 4);
  }

  layout gguf_r4(type = 220) {
    tensor data : u8[N / 4, K / 32 * 72] = ".weight";
    scale[n, g] = bits(data[n / 4, *], 576 * g + 16 * (n % 4), 16);
    code[n, k]  = bits(data[n / 4, *], 576 * (k / 32) + 64 + 256 * (k / 4 % 2) + 128 * (k / 16 % 2) + 32 * (n % 4) + 8 * (k % 4)
                                       + 4 * (k / 8 % 2), 4);
  }
}
