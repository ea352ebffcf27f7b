// ExLlamaV3 files with its default code, QTIP's three instructions: trellis codes in tiles of 16 x 16, signs and Hadamard blocks on both sides.
// A tile is a ring of 256 * bits bits in words of 16, highest bit first, neighbours swapped; a weight is computed from the 16 bits
// that end with its own. Windows cross rows here, so kernels keep them whole: 16 bits a weight.
scheme exl3(bits = 2) {
  code : u16;
  suh  : f16 per column;
  svh  : f16 per row;
  input  = hadamard(x * suh, 128);
  output = hadamard(y, 128) * svh;
  value = to_f16(f16((((code * 89226354 + 64248484) & 0x8fff8fff) ^ 0x3b603b60) & 0xffff)
               + f16((((code * 89226354 + 64248484) & 0x8fff8fff) ^ 0x3b603b60) >> 16));

  layout exl3 {
    tensor trellis : i16[K / 16, N / 16, 16 * bits];
    tensor suh_    : f16[K] = ".suh";
    tensor svh_    : f16[N] = ".svh";
    // The number of weight (n, k) in the ring's order is 32 * (n % 8) + 8 * (k % 8 / 2) + 4 * (n % 16 / 8) + 2 * (k % 16 / 8) + k % 2.
    code[n, k] = ((trellis[k / 16, n / 16, (((((32 * (n % 8) + 8 * (k % 8 / 2) + 4 * (n % 16 / 8) + 2 * (k % 16 / 8) + k % 2) + 1) * bits + 256 * bits - 16) % (256 * bits)) / 16) ^ 1] << (((((32 * (n % 8) + 8 * (k % 8 / 2) + 4 * (n % 16 / 8) + 2 * (k % 16 / 8) + k % 2) + 1) * bits + 256 * bits - 16) % (256 * bits)) % 16))
                  | (trellis[k / 16, n / 16, ((((((32 * (n % 8) + 8 * (k % 8 / 2) + 4 * (n % 16 / 8) + 2 * (k % 16 / 8) + k % 2) + 1) * bits + 256 * bits - 16) % (256 * bits)) / 16 + 1) % (16 * bits)) ^ 1] >> (16 - ((((32 * (n % 8) + 8 * (k % 8 / 2) + 4 * (n % 16 / 8) + 2 * (k % 16 / 8) + k % 2) + 1) * bits + 256 * bits - 16) % (256 * bits)) % 16))) & 0xffff;
    suh[k] = suh_[k];
    svh[n] = svh_[n];
  }
}
