#include "format/scheme.h"

#include <math.h>
#include <string.h>

#include "format/eval.h"
#include "support/num.h"

bool scheme_field_size(const scheme_field *f, uint64_t *out) {
  uint64_t size = 1;
  for (unsigned r = 0; r < f->rank; r++)
    if (!num_mul(size, f->dims[r], &size)) return false;
  *out = size;
  return true;
}

uint64_t granularity_columns(const granularity *g) {
  return g->kind == GRAN_WEIGHT ? 1 : g->kind == GRAN_GROUP || g->kind == GRAN_TILE ? g->group : 0;
}

uint64_t granularity_rows(const granularity *g) {
  return g->kind == GRAN_TILE ? g->rows : g->kind == GRAN_TENSOR ? 0 : 1;
}

bool granularity_is_grouped(const granularity *g) { return g->kind != GRAN_WEIGHT && granularity_columns(g) != 0; }

granularity granularity_of(uint64_t rows, uint64_t columns) {
  if (rows == 0 && columns == 0) return (granularity){.kind = GRAN_TENSOR};
  if (rows != 1) return (granularity){.kind = GRAN_TILE, .rows = rows, .group = columns};
  if (columns == 0) return (granularity){.kind = GRAN_ROW};
  return (granularity){.kind = columns == 1 ? GRAN_WEIGHT : GRAN_GROUP, .group = columns};
}

// How many granules of `size` (0: all) there are among `count`.
static uint64_t granules(uint64_t count, uint64_t size) { return size == 0 ? count > 0 : num_ceil_div(count, size); }

uint64_t scheme_granule_rows(const scheme_field *f, uint64_t rows) {
  return granules(rows, granularity_rows(&f->gran));
}

uint64_t scheme_granule_columns(const scheme_field *f, uint64_t columns) {
  return granules(columns, granularity_columns(&f->gran));
}

uint64_t scheme_sparse_count(const scheme_field *f, uint64_t rows, uint64_t columns) {
  double all = (double)scheme_granule_rows(f, rows) * (double)scheme_granule_columns(f, columns);
  return (uint64_t)ceil(all * f->density - 1e-9);
}

bool scheme_field_per_row(const scheme_field *f, uint64_t columns, uint64_t *out) {
  uint64_t size;
  if (f->sparse) return *out = 0, true;
  return scheme_field_size(f, &size) && num_mul(granules(columns, granularity_columns(&f->gran)), size, out);
}

uint64_t scheme_field_rows(const scheme_field *f, uint64_t rows) { return scheme_granule_rows(f, rows); }

bool scheme_field_count(const scheme_field *f, uint64_t rows, uint64_t columns, uint64_t *out) {
  if (f->gran.kind == GRAN_TENSOR && !f->sparse) return scheme_field_size(f, out);
  uint64_t per_row;
  return scheme_field_per_row(f, columns, &per_row) && num_mul(scheme_field_rows(f, rows), per_row, out);
}

static uint64_t granule_of(uint64_t at, uint64_t size) { return size == 0 ? 0 : at / size; }

uint64_t scheme_field_elements(const scheme_field *f) {
  uint64_t n = 1;
  for (unsigned i = 0; i < f->rank; i++) n *= f->dims[i];
  return n;
}

uint64_t scheme_field_index(const scheme_field *f, uint64_t columns, uint64_t n, uint64_t k) {
  uint64_t size = 1, group = granularity_columns(&f->gran);
  if (f->rank != 0) scheme_field_size(f, &size);
  uint64_t row = granule_of(n, granularity_rows(&f->gran));
  return (row * granules(columns, group) + granule_of(k, group)) * size;
}

bool expr_uses_field(const expr *e, unsigned field) {
  bool names = e->op == EXPR_FIELD || e->op == EXPR_ELEMENT || e->op == EXPR_WINDOW;
  if (names && e->index == field) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (expr_uses_field(e->args[i], field)) return true;
  return false;
}

static bool transform_uses_field(const transform *t, unsigned field) {
  for (size_t i = 0; i < t->count; i++)
    if (TRANSFORM_HAS_FACTOR(t->steps[i].kind) && expr_uses_field(t->steps[i].factor, field)) return true;
  return false;
}

bool scheme_is_transform_field(const scheme *s, unsigned field) {
  return (transform_uses_field(&s->input, field) || transform_uses_field(&s->output, field)) &&
         (s->value == NULL || !expr_uses_field(s->value, field));
}

// Of a sparse field: the numbers of the granules that are kept, a column for each, and where each row begins.
static double sparse_bits(const scheme_field *f, uint64_t rows, uint64_t columns) {
  uint64_t size = 0, wide = scheme_granule_columns(f, columns) > UINT16_MAX ? 32 : 16;
  scheme_field_size(f, &size);
  double granule = (double)size * elem_get(f->type)->bits + (double)wide;
  return (double)scheme_sparse_count(f, rows, columns) * granule + 32.0 * (double)(scheme_granule_rows(f, rows) + 1);
}

static double section_bits(const scheme *s, uint64_t rows, uint64_t columns) {
  double bits = 0;
  eval_env env = {.scheme = s};
  env.vars[VAR_ROWS] = (int64_t)rows;
  env.vars[VAR_COLUMNS] = (int64_t)columns;
  for (size_t i = 0; i < s->section_count; i++) {
    const scheme_section *c = &s->sections[i];
    int64_t size = eval_int(&env, c->to) - eval_int(&env, c->from);
    uint64_t along = size < 0 ? 0 : (uint64_t)size, n = c->is_rows ? along : rows, k = c->is_rows ? columns : along;
    bits += scheme_bits_per_weight(c->scheme, n, k) * (double)n * (double)k;
  }
  return bits;
}

double scheme_bits_per_weight(const scheme *s, uint64_t rows, uint64_t columns) {
  double bits = section_bits(s, rows, columns);
  for (size_t i = 0; i < s->field_count; i++) {
    uint64_t count = 0;
    if (s->fields[i].sparse) bits += sparse_bits(&s->fields[i], rows, columns);
    if (scheme_field_count(&s->fields[i], rows, columns, &count))
      bits += (double)count * elem_get(s->fields[i].type)->bits;
  }
  return rows == 0 || columns == 0 ? 0 : bits / ((double)rows * (double)columns);
}

// Words of one size hold the same bits, of either sign; and floats of a byte are often stored as plain bytes. What the file
// calls a float is never a code.
static bool same_elements(elem_type declared, elem_type found) {
  const elem_info *x = elem_get(declared), *y = elem_get(found);
  if (declared == found) return true;
  return x->bits == y->bits && y->kind != ELEM_KIND_FLOAT && (x->kind != ELEM_KIND_FLOAT || x->bits == 8);
}

bool layout_type_holds(elem_type type, elem_type stored) {
  bool is_bits = stored == ELEM_U8 && elem_get(type)->kind == ELEM_KIND_FLOAT && same_elements(type, stored);
  return is_bits || elem_holds(type, stored);
}

bool layout_tensor_takes(const layout_tensor *t, elem_type found, elem_type *stored) {
  for (unsigned i = 0; i < t->stored_count || i == 0; i++) {
    elem_type declared = t->stored_count == 0 ? t->type : t->stored[i];
    if (!same_elements(declared, found)) continue;
    if (stored != NULL) *stored = declared;
    return true;
  }
  return false;
}

elem_type layout_tensor_written(const layout_tensor *t) {
  return t->stored_count > 0 && elem_get(t->stored[0])->bits == elem_get(t->type)->bits ? t->stored[0] : t->type;
}

// ---- dimensions of 1, and matrices that are stacked ----

static bool is_one(const expr *size) { return size != NULL && size->op == EXPR_INT && size->i == 1; }
static bool is_rows(const expr *size) { return size != NULL && size->op == EXPR_VAR && size->index == VAR_ROWS; }

static bool ones_agree(const layout_tensor *t, const uint64_t *dims) {
  for (unsigned r = 0; r < t->rank; r++)
    if (is_one(t->dims[r]) && dims[r] != 1) return false;
  return true;
}

bool layout_tensor_view(const layout_tensor *t, unsigned rank, const uint64_t *dims, uint64_t *out) {
  uint64_t sizes[LAYOUT_MAX_FILE_RANK];
  unsigned count = 0, room = 0, next = 0;
  if (rank > LAYOUT_MAX_FILE_RANK) return false;
  if (rank == t->rank && ones_agree(t, dims)) {
    for (unsigned r = 0; r < rank; r++) out[r] = dims[r];
    return true;
  }
  for (unsigned r = 0; r < rank; r++)
    if (dims[r] != 1) sizes[count++] = dims[r];
  for (unsigned r = 0; r < t->rank; r++) room += !is_one(t->dims[r]);
  if (count == room + 1 && room > 0 && is_rows(t->dims[0])) { // a stack of matrices is one with all their rows
    if (!num_mul(sizes[0], sizes[1], &sizes[1])) return false;
    next = 1;
  }
  if (count - next > room) return false;
  for (unsigned r = 0; r < t->rank; r++) out[r] = is_one(t->dims[r]) || next == count ? 1 : sizes[next++];
  return true;
}

const char *layout_tensor_types(arena *a, const layout_tensor *t) {
  const char *text = elem_get(t->stored_count == 0 ? t->type : t->stored[0])->name;
  for (unsigned i = 1; i < t->stored_count; i++)
    text = arena_printf(a, "%s%s%s", text, i + 1 == t->stored_count ? " or " : ", ", elem_get(t->stored[i])->name);
  return text;
}

bool layout_is_one_tensor(const scheme_layout *l) { return l->block_weights > 0 || l->type_id >= 0; }

const scheme_layout *scheme_typed_layout(const scheme *s, int64_t type, const scheme_layout *after) {
  for (size_t i = after == NULL ? 0 : (size_t)(after - s->layouts) + 1; i < s->layout_count; i++)
    if (type >= 0 && s->layouts[i].type_id == type) return &s->layouts[i];
  return NULL;
}

const scheme_layout *scheme_find_layout(const scheme *s, const char *name) {
  for (size_t i = 0; i < s->layout_count; i++)
    if (strcmp(s->layouts[i].name, name) == 0) return &s->layouts[i];
  return NULL;
}

const char *layout_tensor_name(arena *a, const layout_tensor *t, const char *layer) {
  const char *star = strchr(t->suffix, '*');
  if (star == NULL) return arena_printf(a, "%s%s", layer, t->suffix);
  return arena_printf(a, "%.*s%s%s", (int)(star - t->suffix), t->suffix, layer, star + 1);
}
