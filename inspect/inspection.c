#include "inspect/inspection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "support/map.h"
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

static const char *const role_words[] = {
#define X(id, word, one, several) [ROLE_##id] = word,
    INSPECT_ROLES(X)
#undef X
};

const char *inspect_role_word(inspect_role role) { return role_words[role]; }

// Integers that are counted or index something, as opposed to codes.
static bool is_counting(tensor_dtype type) {
  return type == TENSOR_I64 || type == TENSOR_U64 || type == TENSOR_BOOL || type == TENSOR_C64 || type == TENSOR_C128;
}

// Products take matrices; what is quantized in tensors of its own is always one.
static inspect_role role_of(const found *w) {
  enum { MATRIX_RANK = 2 };
  if (w->tensor_count == 0 || w->noted != NULL || (w->scheme != NULL && w->kind != FOUND_BLOCKS)) return ROLE_MATRIX;
  const tensor *t = w->tensors[0];
  bool is_no_weight = t->use != NULL && t->use->order == TENSOR_NO_WEIGHTS;
  if (t->rank > MATRIX_RANK) return ROLE_KERNEL;
  if (w->kind == FOUND_NUMBERS && is_counting(t->dtype)) return ROLE_INTEGERS;
  if (t->rank == 0 || (t->rank == 1 && t->count == 1)) return ROLE_NUMBER;
  if (t->rank == 1 || t->count == 0) return ROLE_VECTOR;
  return is_no_weight ? ROLE_OTHER : ROLE_MATRIX;
}

static const char *format_of(arena *a, const found *w) {
  if (w->scheme != NULL) return w->scheme->name;
  if (w->noted != NULL) return w->noted;
  return w->tensor_count > 0 ? plain_format(a, w) : "unknown";
}

static inspected describe(const subject *s, const codebook_list *books, const found *w, bool values) {
  catalogue *c = s->c;
  inspected out = {.what = w, .role = role_of(w)};
  uint64_t weights = w->rows * w->columns;
  out.is_matrix = out.role == ROLE_MATRIX;
  out.format = format_of(c->mem, w);
  out.bits = weights == 0 ? 0 : 8 * (double)w->bytes / (double)weights;
  if (w->scheme != NULL) {
    describe_groups(c->mem, w->scheme, &out);
    out.code_bits = find_code_bits(w->scheme);
    out.packing = w->layout == NULL ? "fields" : w->layout->name;
  }
  if (w->tensor_count > 0) {
    const tensor *t = w->tensors[0];
    out.has_offset = tensor_file_offset(s->file, t, &out.offset);
    out.transposed = tensor_is_transposed(t) || t->column_stride != 0;
    out.use = t->use == NULL ? NULL : t->use->what;
  }
  if (w->kind == FOUND_FLOAT) out.levels = levels_find(c, books, w->tensors[0]);
  if (values) out.values = values_measure(s, w);
  return out;
}

// ---- order -----------------------------------------------------------------------------------------------

static const char *const sort_words[] = {
#define X(id, word) [SORT_##id] = word,
    INSPECT_SORTS(X)
#undef X
};

inspect_sort inspect_sort_find(const char *word) {
  size_t i = 0;
  while (i < SORT_COUNT && strcmp(sort_words[i], word) != 0) i++;
  return (inspect_sort)i;
}

const char *inspect_sort_words(arena *a) {
  strbuf out = {.mem = a};
  for (size_t i = 0; i < SORT_COUNT; i++) strbuf_printf(&out, "%s%s", i == 0 ? "" : " ", sort_words[i]);
  return strbuf_text(&out);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const inspected *)a)->what->name, ((const inspected *)b)->what->name);
}

static int compare_formats(const void *a, const void *b) {
  int order = strcmp(((const inspected *)a)->format, ((const inspected *)b)->format);
  return order != 0 ? order : compare_names(a, b);
}

// The largest first; of equal ones by name.
#define COMPARE_LARGEST(name, type, of)                     \
  static int name(const void *a, const void *b) {           \
    const inspected *first = a, *second = b;                \
    type x = of(first), y = of(second);                     \
    return x != y ? (x > y ? -1 : 1) : compare_names(a, b); \
  }

static uint64_t size_of(const inspected *t) { return t->what->bytes; }
static uint64_t weights_of(const inspected *t) { return t->what->rows * t->what->columns; }
static int64_t milli_bits_of(const inspected *t) { return (int64_t)(1000 * t->bits); }
static int64_t place_of(const inspected *t) { return t->has_offset ? -(int64_t)t->offset : INT64_MIN; }

COMPARE_LARGEST(compare_size, uint64_t, size_of)
COMPARE_LARGEST(compare_weights, uint64_t, weights_of)
COMPARE_LARGEST(compare_bits, int64_t, milli_bits_of)
COMPARE_LARGEST(compare_places, int64_t, place_of) // the first place in the file first

static void sort_tensors(inspection *x, inspect_sort sort) {
  static int (*const compare[])(const void *, const void *) = {
      [SORT_NAME] = compare_names, [SORT_SIZE] = compare_size,      [SORT_WEIGHTS] = compare_weights,
      [SORT_BITS] = compare_bits,  [SORT_FORMAT] = compare_formats, [SORT_OFFSET] = compare_places,
  };
  if (sort != SORT_FILE && x->tensors.len > 0)
    qsort(x->tensors.data, x->tensors.len, sizeof *x->tensors.data, compare[sort]);
}

// ---- the file --------------------------------------------------------------------------------------------

// The bytes of a tensor, where they were not counted before: layers may share tables and scales.
static uint64_t count_once(ptr_map *seen, const tensor *t) {
  if (t->size == 0 || ptr_map_get(seen, t->data, 0) != 0) return 0;
  ptr_map_set(seen, t->data, 1);
  return t->size;
}

// What is stored for it, with what only states its shape or order.
static uint64_t count_bytes(ptr_map *seen, const found *w) {
  uint64_t bytes = 0;
  if (w->kind == FOUND_BLOCKS || w->tensor_count == 0) return w->bytes;
  for (size_t i = 0; i < w->tensor_count; i++) bytes += count_once(seen, w->tensors[i]);
  for (size_t i = 0; i < w->rest.len; i++) {
    rest_kind kind = w->rest.data[i].kind;
    bool is_used_up = kind == REST_SHAPE || kind == REST_GROUPS || kind == REST_STATED;
    if (is_used_up && w->rest.data[i].tensor->alias_of == NULL) bytes += count_once(seen, w->rest.data[i].tensor);
  }
  return bytes;
}

static format_share *find_share(arena *a, inspection *x, name_map *shares, const char *format) {
  size_t *at = name_map_get(shares, format);
  if (at == NULL) {
    at = ARENA_NEW(a, size_t);
    *at = x->formats.len;
    name_map_set(shares, format, at);
    vec_push(a, &x->formats, ((format_share){.format = format}));
  }
  return &x->formats.data[*at];
}

// What all tensors are together.
static void sum_up(arena *a, inspection *x) {
  name_map shares = {.mem = a};
  ptr_map seen = {.mem = a};
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *t = &x->tensors.data[i];
    format_share *share = find_share(a, x, &shares, t->format);
    uint64_t weights = t->what->rows * t->what->columns, bytes = count_bytes(&seen, t->what);
    share->tensors++;
    share->weights += weights;
    share->bytes += bytes;
    if (t->is_matrix && share->matrix == NULL) share->matrix = t;
    if (t->is_matrix && share->quantized == NULL && t->what->scheme != NULL && t->group != NULL) share->quantized = t;
    x->weights += weights;
    x->bytes += bytes;
    x->roles[t->role]++;
    x->matrices += t->is_matrix;
    x->exact += t->is_matrix && inspected_exact(t);
    x->open += t->is_matrix && found_inexact(t->what) == NULL && !inspected_exact(t);
  }
}

// Numbers that are none spoil every sum that they get into.
static void warn_of_values(arena *a, inspection *x) {
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *t = &x->tensors.data[i];
    const value_facts *v = &t->values;
    bool seen = t->levels.not_finite || (t->what->facts.known && !t->what->facts.finite);
    if (v->known && v->nan + v->infinite > 0)
      vec_push(a, &x->warnings,
               arena_printf(a, "'%s' has %" PRIu64 " numbers that are NaN, and %" PRIu64 " that are infinite",
                            t->what->name, v->nan, v->infinite));
    else if (!v->known && seen)
      vec_push(a, &x->warnings, arena_printf(a, "'%s' has numbers that are NaN or infinite", t->what->name));
  }
}

static int compare_shares(const void *a, const void *b) {
  const format_share *x = a, *y = b;
  if (x->weights != y->weights) return x->weights > y->weights ? -1 : 1;
  return strcmp(x->format, y->format);
}

inspection *inspect_file(catalogue *c, const tensor_file *f, const quant_config *config,
                         const inspect_options *options) {
  inspection *x = ARENA_NEW(c->mem, inspection);
  found_list list = {0};
  codebook_list books = {0};
  subject s = {.c = c, .file = f, .config = config};
  *x = (inspection){.file = f, .config = config};
  catalogue_forget(c);
  recognise_file(&s, &list);
  codebooks_find(c, c->mem, &books);
  for (size_t i = 0; i < list.len; i++)
    if (options->wanted == NULL || options->wanted(options->context, list.data[i]->name))
      vec_push(c->mem, &x->tensors, describe(&s, &books, list.data[i], options->values));
  sort_tensors(x, options->sort);
  sum_up(c->mem, x);
  if (x->formats.len > 0) qsort(x->formats.data, x->formats.len, sizeof *x->formats.data, compare_shares);
  x->name = name_decode(c, c->mem, tensor_file_path(f));
  inspection_compare_name(c->mem, c, x);
  warn_of_values(c->mem, x);
  inspection_advise(c->mem, x);
  return x;
}
