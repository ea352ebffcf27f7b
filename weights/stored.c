// Finding out how a weight is stored, and whether it is what the model needs.
#include "weights/stored.h"

#include <inttypes.h>
#include <string.h>

#include "format/eval.h"
#include "weights/from_float.h"

typedef struct search {
  const stored_finder *s;
  const ir_weight *w;
  const tensor_file *f;
  stored_weight *out;
} search;

// ---- messages --------------------------------------------------------------------------------------------

static const char *shape_text(arena *a, uint64_t rows, uint64_t columns) {
  return arena_printf(a, "[%" PRIu64 ", %" PRIu64 "]", rows, columns);
}

static bool wrong_shape(const search *x, const tensor *t) {
  const ir_weight *w = x->w;
  diag_error_file(x->s->d, t->path, "tensor '%s' is %s, but the model needs %s", t->name, tensor_describe(x->s->mem, t),
                  shape_text(x->s->mem, w->rows, w->columns));
  if (t->rank == 2 && t->dims[0] == w->columns && t->dims[1] == w->rows)
    diag_hint(x->s->d, "weights are stored as [outputs, inputs]; this one looks transposed");
  return false;
}

// "scales 'w.scale' along dimension 0"
static const char *quant_text(arena *a, const tensor_quant *q) {
  strbuf text = {.mem = a};
  if (q->scale != NULL) strbuf_printf(&text, "scales '%s'", q->scale);
  if (q->scale != NULL && q->axis >= 0 && q->rows == 0) strbuf_printf(&text, " along dimension %d", q->axis);
  if (q->block > 1) strbuf_printf(&text, ", %" PRIu64 " weights each", q->block);
  if (q->zero_point != NULL) strbuf_printf(&text, "%szero points '%s'", text.len == 0 ? "" : ", ", q->zero_point);
  if (q->groups != NULL) strbuf_printf(&text, ", groups '%s'", q->groups);
  if (q->several) strbuf_printf(&text, ", and in other ways");
  return strbuf_text(&text);
}

// The numbers are not what the file's graph computes with.
static bool wrong_quant(const search *x, const tensor *t) {
  diag_error_file(x->s->d, t->path,
                  "tensor '%s' is %s, and %s reads it with %s: no scheme at hand has a layout for that", t->name,
                  tensor_describe(x->s->mem, t), t->quant->by, quant_text(x->s->mem, t->quant));
  if (x->w->scheme != NULL && strcmp(x->w->layer, t->name) != 0)
    diag_hint(x->s->d, "layouts look for the scales of the tensor itself: linear(x, \"%s\")", t->name);
  else
    diag_hint(x->s->d, "declare one, or export the model with float weights");
  return false;
}

static bool wrong_type(const search *x, const tensor *t) {
  if (t->quant != NULL) return wrong_quant(x, t);
  diag_error_file(x->s->d, t->path, "tensor '%s' is %s, which is neither float weights nor quantized blocks", t->name,
                  tensor_describe(x->s->mem, t));
  if (x->w->scheme != NULL)
    diag_hint(x->s->d, "if it holds codes, describe the storage in a layout of '%s' and name it: layout = ...",
              x->w->scheme->name);
  return false;
}

// ---- numbers and float weights ---------------------------------------------------------------------------

// [rows, columns], where all dimensions but the last count as rows.
static bool has_numbers(const tensor *t, uint64_t rows, uint64_t columns) {
  uint64_t last = t->rank == 0 ? 1 : t->dims[t->rank - 1];
  return last == columns && columns != 0 && t->count % columns == 0 && t->count / columns == rows;
}

// Numbers in double precision that are kept as f32.
static void warn_rounded(const search *x, const tensor *t) {
  double first = 0;
  uint64_t count = tensor_count_rounded(t, &first);
  if (count == 0) return;
  diag_warning(x->s->d, "rounding", x->w->loc,
               "%" PRIu64 " of the %" PRIu64 " numbers of '%s' (F64) are rounded to f32; the first is %.17g", count,
               t->count, t->name, first);
}

static bool use_numbers(search *x, const tensor *t) {
  if (t->quant != NULL) return wrong_quant(x, t);
  t = tensor_as_matrix(x->s->mem, t);
  if (!from_float_dtype(t->dtype)) return wrong_type(x, t);
  *x->out = (stored_weight){.weight = x->w, .file = x->f, .kind = STORED_NUMBERS, .tensor = t};
  warn_rounded(x, t);
  return has_numbers(t, x->w->rows, x->w->columns) || wrong_shape(x, t);
}

static bool is_matrix(const tensor *t, uint64_t rows, uint64_t columns) {
  if (t->rank == 1) return rows == 1 && t->dims[0] == columns;
  return t->rank == 2 && t->dims[0] == rows && t->dims[1] == columns;
}

static bool use_float(search *x, const tensor *t) {
  if (t->quant != NULL) return wrong_quant(x, t);
  t = tensor_as_matrix(x->s->mem, t);
  *x->out = (stored_weight){.weight = x->w, .file = x->f, .kind = STORED_FLOAT, .tensor = t};
  if (x->w->layout != NULL) {
    diag_error_file(x->s->d, t->path, "tensor '%s' is %s, but the model says that it is stored in the layout '%s'",
                    t->name, tensor_describe(x->s->mem, t), x->w->layout->name);
    diag_hint(x->s->d, "leave out 'layout' to have float weights encoded");
    return false;
  }
  if (from_float_keeps(x->w->scheme)) warn_rounded(x, t);
  return is_matrix(t, x->w->rows, x->w->columns) || wrong_shape(x, t);
}

// ---- blocks ----------------------------------------------------------------------------------------------

static const scheme *known_scheme(const stored_finder *s, uint32_t type) {
  for (size_t i = 0; i < s->m->schemes.len; i++)
    if (scheme_typed_layout(s->m->schemes.data[i], type, NULL) != NULL) return s->m->schemes.data[i];
  for (size_t i = 0; i < s->options->known_count; i++)
    if (scheme_typed_layout(s->options->known[i], type, NULL) != NULL) return s->options->known[i];
  return NULL;
}

// What the scheme's own layouts say: "'gguf' has 2".
static const char *own_types(arena *a, const scheme *s) {
  strbuf text = {.mem = a};
  for (size_t i = 0; i < s->layout_count; i++)
    if (s->layouts[i].type_id >= 0)
      strbuf_printf(&text, "%s layout '%s' has %" PRId64, text.len == 0 ? "" : ",", s->layouts[i].name,
                    s->layouts[i].type_id);
  return text.len == 0 ? " it has no layout with a type number" : strbuf_text(&text);
}

static bool wrong_block_type(const search *x, const tensor *t) {
  const scheme *s = x->w->scheme, *other = known_scheme(x->s, t->block_type);
  diag_error_file(x->s->d, t->path, "tensor '%s' has blocks of type %u, which '%s' does not read:%s", t->name,
                  (unsigned)t->block_type, s->name, own_types(x->s->mem, s));
  if (other != NULL)
    diag_hint(x->s->d, "type %u is the layout '%s' of '%s': give the layer that scheme", (unsigned)t->block_type,
              scheme_typed_layout(other, t->block_type, NULL)->name, other->name);
  return false;
}

// Bytes that a layout takes apart as a tensor; `as` is that tensor of the file with the shape that the layout gives it.
static bool use_one_tensor(search *x, const tensor *t, const scheme_layout *l, const layout_input *as) {
  *x->out = (stored_weight){.weight = x->w, .file = x->f, .kind = STORED_TENSORS, .tensor = t, .layout = l};
  x->out->inputs = arena_memdup(x->s->mem, as, sizeof *as);
  x->out->tensors = arena_memdup(x->s->mem, &t, sizeof(const tensor *));
  return true;
}

// The tensor is what the file has between two others, so that the layout has to say how long it is.
static bool use_typed_tensor(search *x, const tensor *t, const scheme_layout *l) {
  layout_input in;
  if (!is_matrix(t, x->w->rows, x->w->columns)) return wrong_shape(x, t);
  if (!layout_tensor_shapes(x->s->d, x->w->scheme, l, x->w->rows, x->w->columns, &in)) return false;
  return tensor_bytes_check(x->s->d, x->f, t, in.size, &in.data) && use_one_tensor(x, t, l, &in);
}

// Blocks of a file that numbers its block types.
static bool use_typed_blocks(search *x, const tensor *t) {
  const scheme_layout *l = x->w->layout == NULL ? scheme_typed_layout(x->w->scheme, t->block_type, NULL) : x->w->layout;
  if (l == NULL || (l->type_id >= 0 && l->type_id != (int64_t)t->block_type)) return wrong_block_type(x, t);
  if (l->block_weights == 0) return use_typed_tensor(x, t, l);
  *x->out = (stored_weight){.weight = x->w, .file = x->f, .kind = STORED_BLOCKS, .tensor = t, .layout = l};
  if (!is_matrix(t, x->w->rows, x->w->columns)) return wrong_shape(x, t);
  return tensor_blocks_check(x->s->d, x->f, t, l->block_weights, l->block_bytes, &x->out->data, &x->out->size);
}

// The bytes of a numbered type in a file that has no such numbers: in the shape that the layout gives them.
static bool use_bytes_of_type(search *x, const tensor *t, const scheme_layout *l) {
  layout_input in;
  if (!layout_tensor_shapes(x->s->d, x->w->scheme, l, x->w->rows, x->w->columns, &in)) return false;
  bool ok = t->dtype == TENSOR_U8 && t->rank == in.rank;
  for (unsigned i = 0; ok && i < in.rank; i++) ok = t->dims[i] == in.dims[i];
  in.data = t->data;
  if (ok) return use_one_tensor(x, t, l, &in);
  int64_t sizes[SCHEME_MAX_RANK];
  layout_tensor_sizes(x->w->scheme, l->tensors, x->w->rows, x->w->columns, sizes);
  diag_error_file(x->s->d, t->path,
                  "tensor '%s' is %s, but %" PRIu64 " x %" PRIu64 " weights in the layout '%s' need U8 %s", t->name,
                  tensor_describe(x->s->mem, t), x->w->rows, x->w->columns, l->name,
                  layout_sizes_text(x->s->mem, in.rank, sizes));
  return false;
}

// Blocks as bytes: [rows, bytes of a row].
static bool use_byte_blocks(search *x, const tensor *t, const scheme_layout *l) {
  uint64_t bytes;
  if (l->block_weights == 0) return use_bytes_of_type(x, t, l);
  *x->out = (stored_weight){.weight = x->w, .file = x->f, .kind = STORED_BLOCKS, .tensor = t, .layout = l};
  x->out->data = t->data;
  x->out->size = t->size;
  if (!layout_block_bytes(x->s->d, l, t->name, x->w->rows, x->w->columns, &bytes)) return false;
  if (t->dtype == TENSOR_U8 && is_matrix(t, x->w->rows, bytes / x->w->rows)) return true;
  diag_error_file(x->s->d, t->path,
                  "tensor '%s' is %s, but %" PRIu64 " x %" PRIu64 " weights in the layout '%s' need U8 %s", t->name,
                  tensor_describe(x->s->mem, t), x->w->rows, x->w->columns, l->name,
                  shape_text(x->s->mem, x->w->rows, bytes / x->w->rows));
  return false;
}

// ---- what `qcc quantize` wrote ---------------------------------------------------------------------------

static bool layout_disagrees(const search *x, const fields_note *note) {
  const char *wanted = x->w->layout == NULL ? NULL : x->w->layout->name;
  if (wanted == NULL || (note->layout != NULL && strcmp(note->layout, wanted) == 0)) return false;
  diag_error_file(x->s->d, tensor_file_path(x->f), "tensor '%s' is stored %s%s, but the model asks for the layout '%s'",
                  x->w->name, note->layout == NULL ? "as separate fields" : "in the layout ",
                  note->layout == NULL ? "" : note->layout, wanted);
  diag_hint(x->s->d, "leave out 'layout': the file says how it is stored");
  return true;
}

static bool use_noted(search *x, const fields_note *note) {
  const ir_weight *w = x->w;
  if (!fields_check(x->s->d, x->f, w->name, note, w->scheme, w->rows, w->columns) || layout_disagrees(x, note))
    return false;
  if (note->layout == NULL) {
    *x->out = (stored_weight){.weight = w, .file = x->f, .kind = STORED_FIELDS};
    return fields_check_tensors(x->s->d, x->f, w->name, w->scheme, w->rows, w->columns);
  }
  const scheme_layout *l = scheme_find_layout(w->scheme, note->layout);
  const tensor *t = tensor_file_require(x->s->d, x->f, w->name);
  if (t == NULL) return false;
  if (l != NULL && layout_is_one_tensor(l)) return use_byte_blocks(x, t, l);
  diag_error_file(x->s->d, t->path, "tensor '%s' is stored in the layout '%s', which '%s' does not have", t->name,
                  note->layout, w->scheme->name);
  return false;
}

// ---- which of these it is --------------------------------------------------------------------------------

static bool use_tensor(search *x, const tensor *t) {
  if (t->dtype == TENSOR_BLOCKS) return use_typed_blocks(x, t);
  if (from_float_dtype(t->dtype)) return use_float(x, t);
  if (x->w->layout != NULL) return use_byte_blocks(x, t, x->w->layout);
  return wrong_type(x, t);
}

static bool missing(const search *x) {
  tensor_file_require(x->s->d, x->f, x->w->name); // reports
  for (size_t i = 0; x->w->scheme != NULL && i < x->w->scheme->layout_count; i++) {
    const scheme_layout *l = &x->w->scheme->layouts[i];
    if (layout_is_one_tensor(l) || !stored_has_tensors(x->s->mem, x->f, x->w, l)) continue;
    diag_hint(x->s->d, "the file has the tensors of the layout '%s': add layout = %s to the rule of '%s'", l->name,
              l->name, x->w->layer);
  }
  return false;
}

// The float weights that the fields without a place are fitted to.
static bool find_fitted(search *x, const tensor *t) {
  if (t == NULL) return missing(x);
  if (!from_float_dtype(t->dtype)) return wrong_type(x, t);
  t = tensor_as_matrix(x->s->mem, t);
  x->out->tensor = t;
  return is_matrix(t, x->w->rows, x->w->columns) || wrong_shape(x, t);
}

static bool find_in_file(search *x) {
  const ir_weight *w = x->w;
  const tensor *t = tensor_file_find(x->f, w->name);
  if (w->scheme == NULL) return t == NULL ? missing(x) : use_numbers(x, t);
  if (w->layout != NULL && !layout_is_one_tensor(w->layout))
    return stored_find_tensors(x->s, x->f, w, x->out) && (!w->layout->fit || find_fitted(x, t));
  fields_note note;
  fields_answer noted = fields_find(x->s->d, x->s->mem, x->f, w->name, &note);
  if (noted != FIELDS_ABSENT) return noted == FIELDS_FOUND && use_noted(x, &note);
  return t == NULL ? missing(x) : use_tensor(x, t);
}

static bool has_weight(const stored_finder *s, const tensor_file *f, const ir_weight *w) {
  fields_note note;
  if (w->layout != NULL && !layout_is_one_tensor(w->layout)) return stored_has_tensors(s->mem, f, w, w->layout);
  return tensor_file_find(f, w->name) != NULL || fields_find(s->d, s->mem, f, w->name, &note) != FIELDS_ABSENT;
}

// The file of a weight: the one it names, else the first that has it, else the first of all, for the message.
static const tensor_file *find_file(const stored_finder *s, const ir_weight *w) {
  if (w->source != NULL) return weight_files_open(s->files, w->source);
  const tensor_file *first = NULL;
  for (size_t i = 0; i < s->m->sources.len; i++) {
    const tensor_file *f = weight_files_open(s->files, s->m->sources.data[i]);
    if (f == NULL) return NULL;
    if (has_weight(s, f, w)) return f;
    if (first == NULL) first = f;
  }
  if (s->m->sources.len == 0) {
    diag_error(s->d, w->loc, "no weights file is named that '%s' could be in", w->name);
    diag_hint(s->d, "add weights \"file.safetensors\"; to the model");
  }
  return first;
}

bool stored_find(const stored_finder *s, const ir_weight *w, stored_weight *out) {
  search x = {.s = s, .w = w, .f = find_file(s, w), .out = out};
  if (x.f == NULL) return false;
  bool ok = find_in_file(&x);
  if (!ok && w->loc.file != 0) diag_note(s->d, w->loc, "the layer '%s' is here", w->layer);
  return ok;
}
