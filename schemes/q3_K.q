// 3 bits around zero, 6-bit scales for 16 weights, scaled again for 256 (GGUF Q3_K).
// Defined in ggml: struct block_q3_K of ggml-common.h. 32 bytes of third bits, 64 bytes of bit pairs, then the scales:
// eight bytes of two low nibbles, four bytes of four upper bit pairs.
// ik_llama.cpp interleaves four rows by 4 columns (Q3_K_R4).
scheme q3_K {
  code : u3;
  sc   : u6  per 16;
  d    : f16 per 256;
  value = d * (sc - 32) * (code - 4);

  layout gguf(block = 256, bytes = 110, type = 11, file_type = 11) {
    code[i] = bits(256 + 256 * (i / 128) + 8 * (i % 32) + 2 * (i / 32 % 4), 2)
            | (bits(8 * (i % 32) + i / 32, 1) << 2);
    sc[j]   = bits(768 + 8 * (j % 8) + 4 * (j / 8), 4) | (bits(832 + 8 * (j % 4) + 2 * (j / 4), 2) << 4);
    d       = bits(864, 16);
  }

  layout gguf_r4(type = 211) {
    tensor data : u8[N / 4, K / 256 * 440] = ".weight";
    d[n, g]    = bits(data[n / 4, *], 3520 * g + 16 * (n % 4), 16);
    sc[n, g]   = bits(data[n / 4, *], 3520 * (g / 16) + 192 + 8 * (n % 4) + 32 * (g % 8) + 4 * (g / 8 % 2), 4)
               | (bits(data[n / 4, *], 3520 * (g / 16) + 64 + 8 * (n % 4) + 32 * (g % 4) + 2 * (g / 4 % 4), 2) << 4);
    code[n, k] = bits(data[n / 4, *], 3520 * (k / 256) + 1472 + 256 * (k / 32 % 8) + 128 * (k / 16 % 2) + 32 * (n % 4)
                                      + 8 * (k % 4) + 2 * (k / 4 % 4), 2)
               | (bits(data[n / 4, *], 3520 * (k / 256) + 448 + 128 * (k / 32 % 8) + 32 * (n % 4) + 8 * (k % 4) + k / 4 % 8,
                       1) << 2);
  }
}
