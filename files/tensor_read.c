// What is in a tensor: conversion of plain elements to float, and the exact bytes of quantized blocks.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "files/tensor_parse.h"
#include "support/fp.h"

typedef float (*load_fn)(const uint8_t *p);

static float load_bool8(const uint8_t *p) { return p[0] != 0 ? 1.0f : 0.0f; }
static float load_u8(const uint8_t *p) { return (float)p[0]; }
static float load_i8(const uint8_t *p) { return (float)(int8_t)p[0]; }
static float load_u16(const uint8_t *p) { return (float)tensor_le16(p); }
static float load_i16(const uint8_t *p) { return (float)(int16_t)tensor_le16(p); }
static float load_u32(const uint8_t *p) { return (float)tensor_le32(p); }
static float load_i32(const uint8_t *p) { return (float)(int32_t)tensor_le32(p); }
static float load_u64(const uint8_t *p) { return (float)tensor_le64(p); }
static float load_i64(const uint8_t *p) { return (float)(int64_t)tensor_le64(p); }
static float load_f16(const uint8_t *p) { return fp_from_f16(tensor_le16(p)); }
static float load_bf16(const uint8_t *p) { return fp_from_bf16(tensor_le16(p)); }
static float load_f32(const uint8_t *p) { return fp_from_bits32(tensor_le32(p)); }
static float load_f64(const uint8_t *p) { return (float)fp_from_bits64(tensor_le64(p)); }
static float load_i4(const uint8_t *p) { return (float)(p[0] < 8 ? p[0] : p[0] - 16); }
static float load_i2(const uint8_t *p) { return (float)(p[0] < 2 ? p[0] : p[0] - 4); }
static float load_e5m2(const uint8_t *p) { return (float)fp_from_small(p[0], 5, 2, 1); }
// This one has no infinities, and NaN only with all exponent and mantissa bits set.
static float load_e4m3(const uint8_t *p) { return (p[0] & 0x7f) == 0x7f ? NAN : (float)fp_from_small(p[0], 4, 3, 0); }
static float load_e3m2(const uint8_t *p) { return (float)fp_from_small(p[0], 3, 2, 0); }
static float load_e2m3(const uint8_t *p) { return (float)fp_from_small(p[0], 2, 3, 0); }
static float load_e2m1(const uint8_t *p) { return (float)fp_from_small(p[0], 2, 1, 0); }
// The exponent's bias is one more, and what would be -0 is the only NaN.
static float load_e5m2fnuz(const uint8_t *p) { return p[0] == 0x80 ? NAN : (float)fp_from_small(p[0], 5, 2, 0) / 2; }
static float load_e4m3fnuz(const uint8_t *p) { return p[0] == 0x80 ? NAN : (float)fp_from_small(p[0], 4, 3, 0) / 2; }
// A power of two without sign or mantissa.
static float load_e8m0(const uint8_t *p) { return p[0] == 255 ? NAN : ldexpf(1.0f, p[0] - 127); }

#define load_none NULL

static const load_fn loads[TENSOR_DTYPE_COUNT] = {
#define X(name, bits, st, npy, gguf, onnx, tflite, load) [TENSOR_##name] = load_##load,
    TENSOR_DTYPES(X)
#undef X
};

// The raw element `index` of a type of less than a byte; it may straddle two.
static uint8_t packed_element(const tensor *t, unsigned bits, uint64_t index) {
  uint64_t at = index * bits; // inside: count * bits <= 8 * size
  unsigned both = t->data[at / 8];
  if (at % 8 + bits > 8) both |= (unsigned)t->data[at / 8 + 1] << 8;
  return (uint8_t)(both >> at % 8 & ((1u << bits) - 1));
}

void tensor_unpack(const tensor *t, bool spread_sign, uint8_t *out) {
  unsigned bits = tensor_dtype_bits(t->dtype);
  bool has_sign = spread_sign && (t->dtype == TENSOR_I4 || t->dtype == TENSOR_I2);
  uint8_t sign = has_sign ? (uint8_t)(1u << (bits - 1)) : 0;
  for (uint64_t i = 0; i < t->count; i++) out[i] = (uint8_t)((packed_element(t, bits, i) ^ sign) - sign);
}

static void read_packed(const tensor *t, load_fn load, uint64_t first, size_t count, float *out) {
  unsigned bits = tensor_dtype_bits(t->dtype);
  for (size_t i = 0; i < count; i++) {
    uint8_t code = packed_element(t, bits, first + i);
    out[i] = load(&code);
  }
}

// ---- matrices the other way round ------------------------------------------------------------------------

static bool is_plain_matrix(const tensor *t) {
  return t->use != NULL && t->quant == NULL && t->rank == 2 && t->column_stride == 0 &&
         tensor_dtype_bits(t->dtype) >= 8;
}

bool tensor_order_open(const tensor *t) {
  return is_plain_matrix(t) && t->dims[0] == t->dims[1] && t->dims[0] > 1 &&
         (t->use->order == TENSOR_ORDER_UNKNOWN || t->use->order == TENSOR_ORDER_BOTH);
}

bool tensor_is_transposed(const tensor *t) { return is_plain_matrix(t) && t->use->order == TENSOR_INPUTS_FIRST; }

const tensor *tensor_as_matrix(arena *a, const tensor *t) {
  if (!tensor_is_transposed(t)) return t;
  tensor *view = arena_memdup(a, t, sizeof *t);
  uint64_t *dims = ARENA_ARRAY(a, uint64_t, 2);
  dims[0] = t->dims[1];
  dims[1] = t->dims[0];
  view->dims = dims;
  view->column_stride = t->dims[1];
  return view;
}

const uint8_t *tensor_element(const tensor *t, uint64_t i) {
  size_t bytes = tensor_dtype_bits(t->dtype) / 8;
  if (t->column_stride == 0) return t->data + (size_t)i * bytes;
  uint64_t columns = t->dims[1];
  return t->data + (size_t)(i % columns * t->column_stride + i / columns) * bytes;
}

const uint8_t *tensor_in_order(arena *a, const tensor *t) {
  if (t->column_stride == 0) return t->data;
  size_t bytes = tensor_dtype_bits(t->dtype) / 8;
  uint8_t *copy = arena_alloc(a, (size_t)t->count * bytes, 8); // as large as in the file
  for (uint64_t i = 0; i < t->count; i++) memcpy(copy + i * bytes, tensor_element(t, i), bytes);
  return copy;
}

static void read_transposed(const tensor *t, load_fn load, uint64_t first, size_t count, float *out) {
  size_t step = (size_t)t->column_stride * tensor_dtype_bits(t->dtype) / 8;
  uint64_t columns = t->dims[1];
  for (size_t i = 0; i < count;) {
    const uint8_t *p = tensor_element(t, first + i);
    for (uint64_t k = (first + i) % columns; k < columns && i < count; k++, p += step) out[i++] = load(p);
  }
}

// ---- numbers ---------------------------------------------------------------------------------------------

bool tensor_read_f32(diag *d, const tensor *t, uint64_t first, size_t count, float *out) {
  load_fn load = loads[t->dtype];
  if (load == NULL) {
    diag_error_file(d, t->path, "tensor '%s' holds %s, which cannot be read as numbers", t->name,
                    tensor_dtype_name(t->dtype));
    return false;
  }
  if (first > t->count || count > t->count - first) {
    diag_error_file(d, t->path, "tensor '%s' has %" PRIu64 " elements; %zu from %" PRIu64 " on were asked for", t->name,
                    t->count, count, first);
    return false;
  }
  unsigned bits = tensor_dtype_bits(t->dtype);
  if (bits < 8) return read_packed(t, load, first, count, out), true;
  if (t->column_stride != 0) return read_transposed(t, load, first, count, out), true;
  size_t bytes = bits / 8;
  const uint8_t *p = t->data + (size_t)first * bytes; // inside: first <= count and count * bytes == size
  for (size_t i = 0; i < count; i++) out[i] = load(p + i * bytes);
  return true;
}

uint64_t tensor_count_rounded(const tensor *t, double *first) {
  uint64_t count = 0;
  for (uint64_t i = 0; t->dtype == TENSOR_F64 && i < t->count; i++) {
    double number = fp_from_bits64(tensor_le64(t->data + 8 * i)); // in any order
    bool same = isnan(number) || (double)(float)number == number;
    if (!same && count++ == 0 && first != NULL) *first = number;
  }
  return count;
}

static uint64_t alignment_of(const tensor_file *f, const tensor *t) {
  for (size_t i = 0; i < f->parts.len; i++)
    if (f->parts.data[i].bytes.path == t->path) return f->parts.data[i].alignment;
  return 1;
}

static bool all_zero(const uint8_t *p, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (p[i] != 0) return false;
  }
  return true;
}

// Whether what is left of the bytes for a tensor is padding, or at the end of its file and so little that another size of
// its blocks would not explain it.
static bool may_be_left(diag *d, const tensor_file *f, const tensor *t, size_t used) {
  enum { LARGEST_BLOCK = 512 };
  size_t left = t->size - used;
  bool last = false;
  for (size_t i = 0; i < f->parts.len; i++)
    last |= t->data + t->size == f->parts.data[i].bytes.data + f->parts.data[i].bytes.size;
  if (left >= alignment_of(f, t) && (!last || left >= used / LARGEST_BLOCK)) return false;
  if (left >= alignment_of(f, t) || !all_zero(t->data + used, left))
    diag_warning_file(d, "stray-bytes", t->path, "%zu bytes behind the blocks of tensor '%s' belong to nothing", left,
                      t->name);
  return true;
}

static void other_layout(diag *d, const tensor *t, const char *before) {
  diag_hint(d, "%sthe file's type %u is not the layout that was declared for it", before, (unsigned)t->block_type);
}

// `what` are the bytes that are needed: "3 blocks of 18 bytes".
static bool bytes_check(diag *d, const tensor_file *f, const tensor *t, const char *what, uint64_t need,
                        const uint8_t **data, size_t *size) {
  if (need > t->size) {
    diag_error_file(d, t->path, "tensor '%s': %s do not fit into the %zu bytes the file has for it", t->name, what,
                    t->size);
    other_layout(d, t, "the file is truncated, or ");
    return false;
  }
  size_t used = (size_t)need;
  if (!may_be_left(d, f, t, used)) {
    diag_error_file(d, t->path, "tensor '%s': %s leave %zu of its %zu bytes unused", t->name, what, t->size - used,
                    t->size);
    other_layout(d, t, "");
    return false;
  }
  *data = t->data;
  *size = used;
  return true;
}

bool tensor_bytes_check(diag *d, const tensor_file *f, const tensor *t, uint64_t need, const uint8_t **data) {
  arena *a = arena_new();
  size_t size;
  bool ok = bytes_check(d, f, t, arena_printf(a, "%" PRIu64 " bytes", need), need, data, &size);
  arena_free(a);
  return ok;
}

bool tensor_blocks_check(diag *d, const tensor_file *f, const tensor *t, uint64_t block_weights, uint64_t block_bytes,
                         const uint8_t **data, size_t *size) {
  if (t->dtype != TENSOR_BLOCKS) {
    diag_error_file(d, t->path, "tensor '%s' holds %s numbers, not quantized blocks", t->name,
                    tensor_dtype_name(t->dtype));
    return false;
  }
  uint64_t k = t->rank == 0 ? 1 : t->dims[t->rank - 1];
  if (k % block_weights != 0) {
    diag_error_file(d, t->path,
                    "tensor '%s': its rows of %" PRIu64 " weights are no whole number of blocks of %" PRIu64, t->name,
                    k, block_weights);
    other_layout(d, t, "");
    return false;
  }
  arena *a = arena_new();
  uint64_t need = UINT64_MAX;
  const char *what = arena_printf(a, "%" PRIu64 " blocks of %" PRIu64 " bytes", t->count / block_weights, block_bytes);
  if (!num_mul(t->count / block_weights, block_bytes, &need)) need = UINT64_MAX;
  bool ok = bytes_check(d, f, t, what, need, data, size);
  arena_free(a);
  return ok;
}
