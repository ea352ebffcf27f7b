// Tensors that a reader adds beside those of the file.
#include "files/companions.h"

#include <inttypes.h>
#include <math.h>

static const struct {
  tensor_dtype dtype;
  bool is_signed;
} integers[] = {
    {TENSOR_U2, false},  {TENSOR_I2, true},  {TENSOR_U4, false},  {TENSOR_I4, true},
    {TENSOR_U8, false},  {TENSOR_I8, true},  {TENSOR_U16, false}, {TENSOR_I16, true},
    {TENSOR_U32, false}, {TENSOR_I32, true}, {TENSOR_U64, false}, {TENSOR_I64, true},
};

unsigned companion_integer_bits(tensor_dtype dtype, bool *is_signed) {
  for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
    if (integers[i].dtype == dtype) return *is_signed = integers[i].is_signed, tensor_dtype_bits(dtype);
  return 0;
}

tensor companion_vector(tensor_file *f, const char *name, tensor_dtype dtype, const uint8_t *data, uint64_t count) {
  tensor t = {.name = name, .dtype = dtype, .rank = 1, .count = count, .data = data, .path = f->bytes.path};
  t.dims = arena_memdup(f->mem, &count, sizeof count);
  t.size = (size_t)count * tensor_dtype_bits(dtype) / 8; // lies in memory
  return t;
}

typedef bool (*number_ok)(double value, const void *range);

// Reads a tensor piece by piece and reports its first number that is not allowed.
static bool check_numbers(diag *d, const tensor *t, number_ok ok, const void *range, const char *what) {
  enum { PIECE = 256 };
  float values[PIECE];
  for (uint64_t i = 0; i < t->count; i += PIECE) {
    size_t n = t->count - i < PIECE ? (size_t)(t->count - i) : PIECE;
    if (!tensor_read_f32(d, t, i, n, values)) return false;
    for (size_t j = 0; j < n; j++) {
      if (ok((double)values[j], range)) continue;
      diag_error_file(d, t->path, "tensor '%s': number %" PRIu64 " is %g, which is no %s", t->name, i + j,
                      (double)values[j], what);
      diag_hint(d, "the file is damaged, or was written by a broken converter: export the model again");
      return false;
    }
  }
  return true;
}

static bool is_finite(double value, const void *range) {
  (void)range;
  return isfinite(value);
}

bool companion_check_finite(diag *d, const tensor *t) { return check_numbers(d, t, is_finite, NULL, "scale"); }

static bool is_scale(double value, const void *range) {
  (void)range;
  return isfinite(value) && value >= 0;
}

bool companion_check_scale(diag *d, const tensor *t) { return check_numbers(d, t, is_scale, NULL, "scale"); }

static bool in_range(double value, const void *range) {
  const double *limits = range;
  return value >= limits[0] && value <= limits[1];
}

bool companion_check_zero(diag *d, const tensor *t, unsigned bits, bool is_signed) {
  double codes = ldexp(1, (int)bits);
  double limits[2] = {is_signed ? -codes / 2 : 0, is_signed ? codes / 2 - 1 : codes - 1};
  return check_numbers(d, t, in_range, limits,
                       is_signed ? "zero point of signed codes" : "zero point of unsigned codes");
}
