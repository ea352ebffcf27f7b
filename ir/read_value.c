// Single values of the text form: numbers, names, types, activation modes, sizes.
#include <stdarg.h>
#include <string.h>

#include "ir/read.h"

bool read_fail(reader *r, src_loc loc, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(r->mem, format, args);
  va_end(args);
  node_error(r->p, loc, "%s", text);
  return false;
}

bool node_is_word(const node *n, const char *word) { return n->kind == NODE_WORD && strcmp(n->text, word) == 0; }

// ---- numbers ---------------------------------------------------------------------------------------------

bool read_u64(reader *r, const node *n, uint64_t *out) {
  if (n->kind != NODE_INT || n->negative) return read_fail(r, n->loc, "expected an integer that is not negative");
  *out = n->number;
  return true;
}

bool read_i64(reader *r, const node *n, int64_t *out) {
  if (n->kind != NODE_INT) return read_fail(r, n->loc, "expected an integer");
  if (!n->negative && n->number > INT64_MAX) return read_fail(r, n->loc, "the integer does not fit 64 signed bits");
  *out = (int64_t)(n->negative ? 0 - n->number : n->number);
  return true;
}

bool read_uint(reader *r, const node *n, unsigned *out) {
  uint64_t value = 0;
  if (!read_u64(r, n, &value)) return false;
  if (value > UINT32_MAX) return read_fail(r, n->loc, "the integer does not fit 32 bits");
  *out = (unsigned)value;
  return true;
}

bool read_real(reader *r, const node *n, double *out) {
  if (n->kind == NODE_REAL) {
    *out = n->real;
    return true;
  }
  if (n->kind != NODE_INT) return read_fail(r, n->loc, "expected a number");
  *out = n->negative ? -(double)n->number : (double)n->number;
  return true;
}

bool read_list(reader *r, const node *n) {
  return n->kind == NODE_LIST || read_fail(r, n->loc, "expected a list in brackets");
}

bool read_reals(reader *r, const node *n, const double **out, size_t *count) {
  if (!read_list(r, n)) return false;
  double *reals = ARENA_ARRAY(r->mem, double, n->items.len);
  for (size_t i = 0; i < n->items.len; i++)
    if (!read_real(r, n->items.data[i], &reals[i])) return false;
  *out = reals;
  *count = n->items.len;
  return true;
}

// ---- names -----------------------------------------------------------------------------------------------

bool read_text(reader *r, const node *n, const char **out) {
  if (n->kind != NODE_STRING) return read_fail(r, n->loc, "expected a text in quotes");
  *out = n->text;
  return true;
}

bool read_symbol(reader *r, const node *n, const char **out) {
  if (n->kind != NODE_SYMBOL) return read_fail(r, n->loc, "expected a name with '@'");
  *out = n->text;
  return true;
}

bool read_elem(reader *r, const node *n, elem_type *out) {
  elem_type type = n->kind == NODE_WORD ? elem_by_name(n->text) : ELEM_COUNT;
  if (type == ELEM_COUNT) return read_fail(r, n->loc, "expected an element type, for example f32 or u4");
  *out = type;
  return true;
}

// ---- activation modes ------------------------------------------------------------------------------------

static bool wrong_act(reader *r, const node *n) {
  return read_fail(r, n->loc, "expected an activation mode, for example f32 or i8 per 32 dynamic");
}

static bool read_static(reader *r, const node *n, act_spec *out) {
  double scale = 0;
  int64_t zero = 0;
  if (!read_real(r, n->items.data[1], &scale) || !read_i64(r, n->items.data[2], &zero)) return false;
  if (zero < INT32_MIN || zero > INT32_MAX) return read_fail(r, n->loc, "the zero point does not fit 32 bits");
  return act_static(n->items.data[0]->text, scale, (int)zero, out) || wrong_act(r, n);
}

bool read_act(reader *r, const node *n, act_spec *out) {
  if (n->kind == NODE_WORD && act_plain(n->text, out)) return true;
  if (n->kind != NODE_ACT) return wrong_act(r, n);
  if (n->number == ACT_FORM_STATIC) return read_static(r, n, out);
  uint64_t group = 0;
  if (n->number == ACT_FORM_GROUP && !read_u64(r, n->items.data[1], &group)) return false;
  return act_dynamic(n->items.data[0]->text, group, out) || wrong_act(r, n);
}

// ---- types -----------------------------------------------------------------------------------------------

static bool read_dim(reader *r, const node *n, int64_t *out) {
  if (!node_is_word(n, "batch")) return read_i64(r, n, out);
  *out = IR_BATCH;
  return true;
}

static bool read_dims(reader *r, const node *n, const node *parts, ir_type *out) {
  size_t rank = parts->items.len - 1;
  if (rank > IR_MAX_RANK) return read_fail(r, n->loc, "a tensor has at most %d dimensions", IR_MAX_RANK);
  out->rank = (unsigned)rank;
  for (size_t i = 0; i < rank; i++)
    if (!read_dim(r, parts->items.data[i], &out->dims[i])) return false;
  return true;
}

static bool read_shaped(reader *r, const node *n, ir_type *out) {
  const node *name = n->items.data[0];
  const node *parts = n->items.data[1];
  bool tensor = node_is_word(name, "tensor");
  if (!read_elem(r, parts->items.data[parts->items.len - 1], &out->elem)) return false;
  if (tensor || node_is_word(name, "prepared")) {
    out->kind = tensor ? IR_TENSOR : IR_PREPARED;
    return read_dims(r, n, parts, out);
  }
  if (!node_is_word(name, "vector") || parts->items.len != 2)
    return read_fail(r, n->loc, "expected a type, for example vector<16 x i8> or tensor<batch x 64 x f32>");
  out->kind = IR_VECTOR;
  return read_uint(r, parts->items.data[0], &out->lanes);
}

bool read_type(reader *r, const node *n, ir_type *out) {
  *out = (ir_type){.kind = node_is_word(n, "index") ? IR_INDEX : IR_BUFFER};
  if (node_is_word(n, "index") || node_is_word(n, "buffer")) return true;
  return n->kind == NODE_TYPE ? read_shaped(r, n, out) : read_fail(r, n->loc, "expected a type");
}

// ---- sizes -----------------------------------------------------------------------------------------------

bool read_size(reader *r, const node *n, ir_size *out) {
  *out = (ir_size){0};
  if (n->kind != NODE_SIZE) return read_u64(r, n, &out->fixed);
  return read_u64(r, n->items.data[0], &out->fixed) && read_u64(r, n->items.data[1], &out->per_batch);
}
