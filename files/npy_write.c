// Writes .npy files of floats.
#include <inttypes.h>
#include <string.h>

#include "files/tensor_write.h"
#include "support/fp.h"
#include "support/vec.h"

enum { PREFIX = 10, ALIGNMENT = 64, MAX_HEADER = 320 }; // 8 dimensions of up to 20 digits fit

// Floats as the little-endian bytes of the file, a piece at a time.
static void write_floats(out_file *out, const float *values, uint64_t count) {
  enum { PIECE = 1024 };
  uint8_t bytes[PIECE * 4];
  for (uint64_t done = 0; done < count;) {
    size_t n = count - done < PIECE ? (size_t)(count - done) : PIECE;
    for (size_t i = 0; i < n; i++) {
      uint32_t bits = fp_bits32(values[done + i]);
      for (unsigned b = 0; b < 4; b++) bytes[4 * i + b] = (uint8_t)(bits >> (8 * b));
    }
    out_write(out, bytes, 4 * n);
    done += n;
  }
}

// "(3, 4)", "(3,)" or "()" into `text` from `length` on; returns the new length.
static size_t print_shape(char *text, size_t length, unsigned rank, const uint64_t *dims) {
  text[length++] = '(';
  for (unsigned i = 0; i < rank; i++) {
    const char *after = i + 1 < rank ? ", " : rank == 1 ? "," : "";
    length += (size_t)snprintf(text + length, MAX_HEADER - length, "%" PRIu64 "%s", dims[i], after);
  }
  text[length++] = ')';
  return length;
}

void npy_write_f32(out_file *out, const float *values, unsigned rank, const uint64_t *dims) {
  static const char begin[] = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  static const char end[] = ", }";
  char text[MAX_HEADER];
  memcpy(text, begin, sizeof begin - 1);
  size_t length = print_shape(text, sizeof begin - 1, rank, dims);
  memcpy(text + length, end, sizeof end - 1);
  length += sizeof end - 1;
  // Spaces and a newline, so that the elements begin at a multiple of 64.
  while ((PREFIX + length + 1) % ALIGNMENT != 0) text[length++] = ' ';
  text[length++] = '\n';
  const uint8_t prefix[PREFIX] = {
      0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)(length & 0xff), (uint8_t)(length >> 8)};
  out_write(out, prefix, sizeof prefix);
  out_write(out, text, length);
  uint64_t count = 1;
  for (unsigned i = 0; i < rank; i++) count *= dims[i];
  write_floats(out, values, count);
}
