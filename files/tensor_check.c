// Checks and messages that all readers of weight files share.
#include <stdarg.h>
#include <string.h>

#include "files/tensor_parse.h"
#include "support/utf8.h"
#include "support/vec.h"

typedef struct dtype_row {
  const char *name;
  unsigned bits;
} dtype_row;

static const dtype_row dtypes[TENSOR_DTYPE_COUNT] = {[TENSOR_BLOCKS] = {"blocks", 0},
#define X(name, bits, st, npy, gguf, onnx, tflite, load) [TENSOR_##name] = {#name, bits},
                                                     TENSOR_DTYPES(X)
#undef X
};

const char *tensor_dtype_name(tensor_dtype type) { return dtypes[type].name; }

unsigned tensor_dtype_bits(tensor_dtype type) { return dtypes[type].bits; }

static void report(diag *d, const tensor_file *f, uint64_t offset, const char *format, va_list args) {
  const char *message = arena_vprintf(f->mem, format, args);
  diag_error_file(d, f->bytes.path, "%s (at byte %llu)", message, (unsigned long long)offset);
}

void tensor_report_damage(diag *d, const tensor_file *f, uint64_t offset, const char *format, ...) {
  va_list args;
  va_start(args, format);
  report(d, f, offset, format, args);
  va_end(args);
  diag_hint(d, "the file is damaged or incomplete: fetch it again, or save it again with the library that made it");
}

void tensor_report_refusal(diag *d, const tensor_file *f, uint64_t offset, const char *format, ...) {
  va_list args;
  va_start(args, format);
  report(d, f, offset, format, args);
  va_end(args);
}

const tensor_use tensor_unused = {.order = TENSOR_ORDER_UNKNOWN};

// Being something else beside weights decides nothing.
static tensor_order join(tensor_order a, tensor_order b) {
  if (a == TENSOR_ORDER_UNKNOWN || a == TENSOR_NO_WEIGHTS) return b == TENSOR_ORDER_UNKNOWN ? a : b;
  if (b == TENSOR_ORDER_UNKNOWN || b == TENSOR_NO_WEIGHTS || a == b) return a;
  return TENSOR_ORDER_BOTH;
}

// Only matrices have an order.
void tensor_note_use(arena *a, tensor *t, tensor_order order, const char *what, const char *op) {
  tensor_order now = order != TENSOR_ORDER_UNKNOWN && t->rank != 2 ? TENSOR_NO_WEIGHTS : order;
  const char *first = t->use == NULL ? NULL : t->use->what;
  tensor_use use = {.order = t->use == NULL ? now : join(t->use->order, now)};
  use.what = first != NULL ? first : arena_printf(a, "%s of %s", what, op);
  t->use = arena_memdup(a, &use, sizeof use);
}

bool tensor_utf8_valid(const uint8_t *text, size_t length, bool plain) {
  for (size_t i = 0; i < length;) {
    uint32_t code;
    size_t n = utf8_decode((const char *)text + i, length - i, &code);
    if (n == 0 || code == 0) return false;
    if (plain && (code < 0x20 || (code >= 0x7f && code < 0xa0))) return false;
    i += n;
  }
  return true;
}

const char *tensor_quote(arena *a, const void *bytes, size_t length) {
  enum { MOST = 60 };
  const uint8_t *s = bytes;
  strbuf b = {.mem = a};
  strbuf_putc(&b, '\'');
  for (size_t i = 0; i < length && i < MOST; i++) {
    if (s[i] >= 0x20 && s[i] < 0x7f)
      strbuf_putc(&b, (char)s[i]);
    else
      strbuf_printf(&b, "\\x%02x", s[i]);
  }
  strbuf_printf(&b, length > MOST ? "...'" : "'");
  return strbuf_text(&b);
}

bool tensor_name_check(diag *d, const tensor_file *f, uint64_t offset, const uint8_t *bytes, size_t length,
                       size_t limit) {
  if (length == 0) return tensor_parse_error(d, f, offset, "a tensor has an empty name");
  bool valid = tensor_utf8_valid(bytes, length, true);
  if (valid && length <= limit) return true;
  const char *shown = tensor_quote(f->mem, bytes, length);
  if (length > limit) {
    return tensor_refuse(d, f, offset, "tensor name %s has %zu bytes; at most %zu are read", shown, length, limit);
  }
  return tensor_parse_error(d, f, offset, "tensor name %s is not UTF-8 text without control characters", shown);
}

bool tensor_rank_check(diag *d, const tensor_file *f, uint64_t offset, const char *name, uint64_t rank) {
  enum { MOST_WRITTEN = 64 }; // NumPy's limit; others have lower ones or none
  if (rank <= TENSOR_MAX_RANK) return true;
  const char *text = arena_printf(f->mem, "%s has %llu dimensions; at most %d are read",
                                  name == NULL ? "a tensor" : arena_printf(f->mem, "tensor '%s'", name),
                                  (unsigned long long)rank, TENSOR_MAX_RANK);
  if (rank > MOST_WRITTEN) return tensor_parse_error(d, f, offset, "%s", text);
  return tensor_refuse(d, f, offset, "%s: reshape it, or leave it out", text);
}

static const char *shape_bits(tensor *t, uint64_t *bits) {
  uint64_t count = 1;
  bool empty = false;
  for (unsigned i = 0; i < t->rank; i++) {
    if (t->dims[i] > INT32_MAX) return "a dimension is over 2147483647";
    empty = empty || t->dims[i] == 0;
  }
  for (unsigned i = 0; i < t->rank && !empty; i++) {
    if (!num_mul(count, t->dims[i], &count)) return "the product of its dimensions overflows";
  }
  t->count = empty ? 0 : count;
  return num_mul(t->count, tensor_dtype_bits(t->dtype), bits) ? NULL : "its size in bits overflows";
}

const char *tensor_shape_check(tensor *t, uint64_t *size) {
  uint64_t bits = 0;
  const char *reason = shape_bits(t, &bits);
  if (reason == NULL && bits % 8 != 0) reason = "its elements do not fill whole bytes";
  if (reason == NULL) *size = bits / 8;
  return reason;
}

const char *tensor_shape_check_padded(tensor *t, uint64_t *size) {
  uint64_t bits = 0;
  const char *reason = shape_bits(t, &bits);
  if (reason == NULL) *size = num_ceil_div(bits, 8);
  return reason;
}

// Whether elements of these dimensions, however large each is, take at most `have` bytes.
static bool can_be_in(const tensor *t, uint64_t have) {
  uint64_t bits = t->dtype == TENSOR_BLOCKS ? 1 : tensor_dtype_bits(t->dtype); // blocks: at least
  for (unsigned i = 0; i < t->rank; i++)
    if (!num_mul(bits, t->dims[i], &bits)) return false;
  return bits / 8 <= have;
}

bool tensor_shape_refused(diag *d, const tensor_file *f, uint64_t offset, const tensor *t, uint64_t have,
                          const char *reason) {
  if (can_be_in(t, have))
    return tensor_refuse(d, f, offset, "tensor '%s': %s, which is not supported", t->name, reason);
  return tensor_parse_error(d, f, offset, "tensor '%s' has an impossible shape: %s", t->name, reason);
}
