#include "inspect/inspection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "weights/from_float.h"

// ---- what a scheme looks like ----------------------------------------------------------------------------

static const char *side_text(arena *a, uint64_t size) { return size == 0 ? "*" : arena_printf(a, "%" PRIu64, size); }

static const char *group_text(arena *a, uint64_t rows, uint64_t columns) {
  if (rows == 1) return columns == 0 ? "row" : side_text(a, columns);
  if (rows == 0 && columns == 0) return "tensor";
  if (rows == 0 && columns == 1) return "column";
  return arena_printf(a, "%s x %s", side_text(a, rows), side_text(a, columns));
}

// Whether groups of one granularity are smaller than those of another; 0 columns are all.
static bool is_finer(uint64_t a, uint64_t b) { return a != 0 && (b == 0 || a < b); }

// The finest of the fields that several weights share.
static void describe_groups(arena *a, const scheme *s, inspected *out) {
  bool any = false;
  for (size_t f = 0; f < s->field_count; f++) {
    const granularity *g = &s->fields[f].gran;
    uint64_t rows = granularity_rows(g), columns = granularity_columns(g);
    if (g->kind == GRAN_WEIGHT || s->fields[f].rank != 0) continue;
    if (any && !is_finer(columns, out->group_columns) && !is_finer(rows, out->group_rows)) continue;
    out->group_rows = rows;
    out->group_columns = columns;
    any = true;
  }
  if (any) out->group = group_text(a, out->group_rows, out->group_columns);
}

static unsigned find_code_bits(const scheme *s) {
  unsigned bits = 0;
  for (size_t f = 0; f < s->field_count; f++)
    if (s->fields[f].gran.kind == GRAN_WEIGHT && s->fields[f].rank == 0 && !s->fields[f].sparse)
      bits += elem_get(s->fields[f].type)->bits;
  return bits;
}

static const char *lower_name(arena *a, const char *text) {
  char *copy = arena_strdup(a, text);
  for (char *c = copy; *c != '\0'; c++)
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
  return copy;
}

// ---- one tensor ------------------------------------------------------------------------------------------

static const char *plain_format(arena *a, const found *w) {
  const tensor *t = w->tensors[0];
  if (t->dtype == TENSOR_BLOCKS) return arena_printf(a, "blocks of type %" PRIu32, t->block_type);
  return lower_name(a, tensor_dtype_name(t->dtype));
}

// Weights of layers have two dimensions or more; what is quantized is always a matrix.
static bool is_matrix(const found *w) {
  if (w->kind == FOUND_FLOAT || w->kind == FOUND_NUMBERS) return w->tensors[0]->rank >= 2 && w->rows * w->columns > 0;
  return true;
}

static inspected describe(catalogue *c, const codebook_list *books, const found *w) {
  inspected out = {.what = w, .is_matrix = is_matrix(w)};
  uint64_t weights = w->rows * w->columns;
  out.format = w->scheme != NULL ? w->scheme->name : w->tensor_count > 0 ? plain_format(c->mem, w) : "unknown";
  out.bits = weights == 0 ? 0 : 8 * (double)w->bytes / (double)weights;
  if (w->scheme != NULL) {
    describe_groups(c->mem, w->scheme, &out);
    out.code_bits = find_code_bits(w->scheme);
    out.packing = w->layout == NULL ? "fields" : w->layout->name;
  }
  if (w->kind == FOUND_FLOAT) out.levels = levels_find(c, books, w->tensors[0]);
  return out;
}

// ---- the file --------------------------------------------------------------------------------------------

static void add_to_formats(arena *a, inspection *x, const inspected *t) {
  size_t i = 0;
  while (i < x->formats.len && strcmp(x->formats.data[i].format, t->format) != 0) i++;
  if (i == x->formats.len) vec_push(a, &x->formats, ((format_share){.format = t->format}));
  x->formats.data[i].tensors++;
  x->formats.data[i].weights += t->what->rows * t->what->columns;
  x->formats.data[i].bytes += t->what->bytes;
}

static int compare_shares(const void *a, const void *b) {
  const format_share *x = a, *y = b;
  if (x->weights != y->weights) return x->weights > y->weights ? -1 : 1;
  return strcmp(x->format, y->format);
}

static void add_tensor(arena *a, inspection *x, inspected t) {
  vec_push(a, &x->tensors, t);
  add_to_formats(a, x, &t);
  x->weights += t.what->rows * t.what->columns;
  x->bytes += t.what->bytes;
  x->matrices += t.is_matrix;
  x->exact += t.is_matrix && found_inexact(t.what) == NULL;
}

inspection *inspect_file(catalogue *c, const tensor_file *f, const quant_config *config) {
  inspection *x = ARENA_NEW(c->mem, inspection);
  found_list list = {0};
  codebook_list books = {0};
  *x = (inspection){.file = f, .config = config};
  catalogue_forget(c);
  recognise_file(&(subject){.c = c, .file = f, .config = config}, &list);
  codebooks_find(c, c->mem, &books);
  for (size_t i = 0; i < list.len; i++) add_tensor(c->mem, x, describe(c, &books, list.data[i]));
  if (x->formats.len > 0) qsort(x->formats.data, x->formats.len, sizeof *x->formats.data, compare_shares);
  x->name = name_decode(c, c->mem, tensor_file_path(f));
  inspection_compare_name(c->mem, c, x);
  inspection_advise(c->mem, x);
  return x;
}
