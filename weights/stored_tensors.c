// Weights in several tensors, `<layer><suffix>`, as a layout declares them.
#include <inttypes.h>
#include <string.h>

#include "files/tensor_parse.h"
#include "format/eval.h"
#include "weights/stored.h"

// The types that both files and layouts know.
static const struct {
  tensor_dtype dtype;
  elem_type type;
} types[] = {
    {TENSOR_U8, ELEM_U8},
    {TENSOR_I8, ELEM_I8},
    {TENSOR_U16, ELEM_U16},
    {TENSOR_I16, ELEM_I16},
    {TENSOR_U32, ELEM_U32},
    {TENSOR_I32, ELEM_I32},
    {TENSOR_U64, ELEM_U64},
    {TENSOR_I64, ELEM_I64},
    {TENSOR_F16, ELEM_F16},
    {TENSOR_BF16, ELEM_BF16},
    {TENSOR_F32, ELEM_F32},
    {TENSOR_F64, ELEM_F64},
    {TENSOR_BOOL, ELEM_U8},
    {TENSOR_F8_E4M3, ELEM_F8E4M3},
    {TENSOR_F8_E5M2, ELEM_F8E5M2},
    {TENSOR_F8_E8M0, ELEM_E8M0},
    {TENSOR_F8_E4M3FNUZ, ELEM_F8E4M3FNUZ},
    {TENSOR_F8_E5M2FNUZ, ELEM_F8E5M2FNUZ},
    // Elements of less than a byte come as bytes, one each (see stored_unpack).
    {TENSOR_U2, ELEM_U8},
    {TENSOR_I2, ELEM_U8},
    {TENSOR_U4, ELEM_U8},
    {TENSOR_I4, ELEM_U8},
    {TENSOR_F4, ELEM_U8},
    {TENSOR_F6_E2M3, ELEM_U8},
    {TENSOR_F6_E3M2, ELEM_U8},
};

static bool type_of(tensor_dtype dtype, elem_type *out) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (types[i].dtype == dtype) return *out = types[i].type, true;
  return false;
}

static const char *tensor_name(arena *a, const ir_weight *w, const layout_tensor *t) {
  return layout_tensor_name(a, t, w->layer);
}

bool stored_has_tensors(arena *a, const tensor_file *f, const ir_weight *w, const scheme_layout *l) {
  for (size_t i = 0; i < l->tensor_count; i++)
    if (tensor_file_find(f, tensor_name(a, w, &l->tensors[i])) == NULL) return false;
  return l->tensor_count > 0;
}

static const char *expected_text(arena *a, const layout_tensor *t, const int64_t *dims) {
  return arena_printf(a, "%s %s", layout_tensor_types(a, t), layout_sizes_text(a, t->rank, dims));
}

static bool take_tensor(diag *d, arena *a, const tensor *found, const ir_weight *w, const layout_tensor *t,
                        layout_input *out) {
  int64_t dims[SCHEME_MAX_RANK];
  layout_tensor_sizes(w->scheme, t, w->rows, w->columns, dims);
  *out = (layout_input){.data = found->data, .size = found->size, .rank = t->rank};
  bool ok = type_of(found->dtype, &out->type) && layout_tensor_takes(t, out->type, NULL) &&
            layout_tensor_view(t, found->rank, found->dims, out->dims);
  for (unsigned i = 0; ok && i < t->rank; i++) ok = layout_size_fits(dims[i], out->dims[i]);
  if (ok) return true;
  diag_error_file(d, found->path,
                  "tensor '%s' is %s, but the layout '%s' of '%s' needs %s for %" PRIu64 " x %" PRIu64 " weights",
                  found->name, tensor_describe(a, found), w->layout->name, w->scheme->name, expected_text(a, t, dims),
                  w->rows, w->columns);
  return false;
}

// ---- what the file's graph says besides ------------------------------------------------------------------

static bool all_zero(const tensor *t) {
  for (size_t i = 0; i < t->size; i++)
    if (t->data[i] != 0) return false;
  return true;
}

// Zero points that are zero, and groups in order, need not be read.
static bool changes_weights(const tensor *t, const tensor_quant *q) {
  if (q->groups == NULL || strcmp(t->name, q->groups) != 0) return !all_zero(t);
  if (t->dtype != TENSOR_I32 || q->block == 0) return true;
  for (uint64_t k = 0; k < t->count; k++)
    if (tensor_le32(t->data + 4 * k) != k / q->block) return true;
  return false;
}

static bool is_used(const stored_weight *s, const tensor *t) {
  for (size_t i = 0; i < s->layout->tensor_count; i++)
    if (s->tensors[i] == t) return true;
  return false;
}

// A layout that leaves out what the file's graph computes with makes other weights.
static bool uses_all(diag *d, const tensor_file *f, const stored_weight *s, const tensor *codes) {
  const tensor_quant *q = codes->quant;
  const char *names[] = {q->scale, q->zero_point, q->groups};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const tensor *t = names[i] == NULL ? NULL : tensor_file_find(f, names[i]);
    if (t == NULL || is_used(s, t) || !changes_weights(t, q)) continue;
    diag_error_file(d, codes->path, "'%s' is computed with '%s' (%s), which the layout '%s' of '%s' does not read",
                    codes->name, t->name, q->by, s->layout->name, s->weight->scheme->name);
    diag_hint(d, "leave out the scheme and the layout to have them found, or name a layout that reads it");
    return false;
  }
  return true;
}

// ---- what tensors beside it say --------------------------------------------------------------------------

// Two integers under a name such as `<layer>.weight_shape` or, out of the text of a quant_state, `<layer>.weight.shape`.
static bool states_shape(const tensor *t, uint64_t shape[2]) {
  static const char word[] = "shape";
  size_t length = strlen(t->name), bytes = tensor_dtype_bits(t->dtype) / 8;
  bool integers = t->dtype == TENSOR_I32 || t->dtype == TENSOR_U32 || t->dtype == TENSOR_I64 || t->dtype == TENSOR_U64;
  if (!integers || t->count != 2 || length < sizeof word || strcmp(t->name + length - sizeof word + 1, word) != 0)
    return false;
  for (size_t i = 0; i < 2; i++) shape[i] = bytes == 4 ? tensor_le32(t->data + 4 * i) : tensor_le64(t->data + 8 * i);
  return true;
}

// Where codes have lost the matrix's shape, what is written beside them is all there is to compare the model with.
static bool has_stated_shape(diag *d, arena *a, const tensor_file *f, const ir_weight *w) {
  const char *prefix = arena_printf(a, "%s.weight", w->layer);
  tensor_range range = tensor_file_range(f, prefix);
  for (size_t i = range.begin; i < range.end; i++) {
    const tensor *t = tensor_file_by_name(f, i);
    uint64_t s[2];
    if (!states_shape(t, s)) continue;
    bool may_be_turned = t->alias_of == NULL; // a quant_state's is that of the matrix itself
    if (s[0] == w->rows && s[1] == w->columns) continue;
    if (may_be_turned && s[1] == w->rows && s[0] == w->columns) continue;
    diag_error_file(d, t->path,
                    "'%s' says that the weights are %" PRIu64 " x %" PRIu64 ", but the model takes them as %" PRIu64
                    " x %" PRIu64,
                    t->name, s[0], s[1], w->rows, w->columns);
    return false;
  }
  return true;
}

// ---- all tensors of a layout -----------------------------------------------------------------------------

// In the layer's file, or else in another of the model's: adapters come in files of their own.
static const tensor *find_tensor(const stored_finder *s, const tensor_file *f, const char *name) {
  const tensor *t = tensor_file_find(f, name);
  for (size_t i = 0; t == NULL && i < s->m->sources.len; i++) {
    const tensor_file *other = weight_files_open(s->files, s->m->sources.data[i]);
    if (other != NULL) t = tensor_file_find(other, name);
  }
  return t != NULL ? t : tensor_file_require(s->d, f, name);
}

bool stored_find_tensors(const stored_finder *s, const tensor_file *f, const ir_weight *w, stored_weight *out) {
  diag *d = s->d;
  arena *a = s->mem;
  const scheme_layout *l = w->layout;
  bool ok = true;
  *out = (stored_weight){.weight = w, .file = f, .kind = STORED_TENSORS, .layout = l};
  out->inputs = ARENA_ARRAY(a, layout_input, l->tensor_count);
  out->tensors = ARENA_ARRAY(a, const tensor *, l->tensor_count);
  for (size_t i = 0; i < l->tensor_count; i++) {
    const tensor *t = find_tensor(s, f, tensor_name(a, w, &l->tensors[i]));
    out->tensors[i] = t;
    ok &= t != NULL && take_tensor(d, a, t, w, &l->tensors[i], &out->inputs[i]);
  }
  ok = ok && has_stated_shape(d, a, f, w);
  for (size_t i = 0; ok && i < l->tensor_count; i++)
    ok = out->tensors[i]->quant == NULL || uses_all(d, f, out, out->tensors[i]);
  return ok;
}

void stored_unpack_tensor(arena *a, const layout_tensor *l, const tensor *t, layout_input *out) {
  uint8_t *bytes = arena_alloc(a, (size_t)t->count, 1); // at most four times what is in the file
  tensor_unpack(t, elem_get(l->type)->kind == ELEM_KIND_INT, bytes);
  out->type = ELEM_U8;
  out->data = bytes;
  out->size = (size_t)t->count;
}

layout_input *stored_unpack(arena *a, const stored_weight *s) {
  size_t count = s->layout->tensor_count;
  layout_input *inputs = arena_memdup(a, s->inputs, count * sizeof *inputs);
  for (size_t i = 0; i < count; i++)
    if (s->tensors[i]->dtype != TENSOR_BLOCKS && tensor_dtype_bits(s->tensors[i]->dtype) < 8)
      stored_unpack_tensor(a, &s->layout->tensors[i], s->tensors[i], &inputs[i]);
  return inputs;
}
