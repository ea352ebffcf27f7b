#include "format/tensor_codes.h"

#include "format/program.h"
#include "format/scheme_parts.h"
#include "support/num.h"

// Bytes of all elements together; false when they cannot be counted.
static bool element_bytes(const scheme *s, uint64_t rows, uint64_t columns, uint64_t *out) {
  uint64_t total = 0;
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t count, bytes;
    if (!scheme_field_count(&s->fields[f], rows, columns, &count) || !num_mul(count, sizeof(uint32_t), &bytes) ||
        !num_add(total, bytes, &total))
      return false;
  }
  *out = total;
  return true;
}

// Windows wrap within whole spans. The first span that K is no multiple of; 0: none.
static uint64_t broken_span(const expr *e, uint64_t columns) {
  if (e->op == EXPR_WINDOW && columns % (uint64_t)e->args[1]->i != 0) return (uint64_t)e->args[1]->i;
  uint64_t span = 0;
  for (unsigned i = 0; i < e->arg_count && span == 0; i++) span = broken_span(e->args[i], columns);
  return span;
}

// A tensor for each section.
static bool make_sections(diag *d, arena *a, tensor_codes *t) {
  const scheme_part *parts;
  size_t count = scheme_split(d, a, t->scheme, &parts);
  if (!scheme_check_sections(d, t->scheme, t->rows, t->columns)) return false;
  t->sections = ARENA_ARRAY(a, tensor_codes *, count);
  for (size_t i = 0; i < count; i++) {
    part_shape shape;
    if (!scheme_part_shape(d, t->scheme, &parts[i], t->rows, t->columns, &shape)) return false;
    t->sections[i] = tensor_codes_new(d, a, parts[i].scheme, shape.rows, shape.columns);
    if (t->sections[i] == NULL) return false;
  }
  return true;
}

tensor_codes *tensor_codes_new(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns) {
  uint64_t total;
  if (!element_bytes(s, rows, columns, &total) || total > SIZE_MAX / 2) {
    diag_error(d, s->loc, "a %llu x %llu tensor in scheme '%s' is too large for this machine", (unsigned long long)rows,
               (unsigned long long)columns, s->name);
    return NULL;
  }
  uint64_t span = s->value == NULL ? 0 : broken_span(s->value, columns);
  if (span != 0) {
    diag_error(d, s->loc, "scheme '%s' has windows within %llu weights, which rows of %llu are no multiple of", s->name,
               (unsigned long long)span, (unsigned long long)columns);
    return NULL;
  }
  tensor_codes *t = ARENA_NEW(a, tensor_codes);
  *t = (tensor_codes){.scheme = s, .rows = rows, .columns = columns};
  t->elements = ARENA_ARRAY(a, uint32_t *, s->field_count);
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t count = 0;
    scheme_field_count(&s->fields[f], rows, columns, &count);
    t->elements[f] = ARENA_ARRAY(a, uint32_t, (size_t)count);
  }
  t->sparse = ARENA_ARRAY(a, sparse_elements, s->field_count);
  for (size_t f = 0; f < s->field_count; f++)
    if (s->fields[f].sparse)
      t->sparse[f].starts = ARENA_ARRAY(a, uint64_t, (size_t)scheme_granule_rows(&s->fields[f], rows) + 1);
  return s->section_count == 0 || make_sections(d, a, t) ? t : NULL;
}

// The inputs of a value program for PROGRAM_LANES weights of one row.
typedef struct row_inputs {
  const tensor_codes *t;
  program *p;
  program_field *fields;
  double **values;         // per field: one number a lane; for tables those of the granules that the lanes touch
  uint64_t **bases;        // per table field: where each lane's table begins
  uint64_t *first, *count; // per table field: which elements `values` holds
  int64_t *k, *n;
} row_inputs;

// Numbers of a field that PROGRAM_LANES neighbours may need.
static size_t row_values(const scheme_field *f) {
  uint64_t size = 1, tables = 1;
  scheme_field_size(f, &size);
  if (f->rank == 0 || f->gran.kind == GRAN_WEIGHT || f->sparse)
    tables = PROGRAM_LANES;
  else if (granularity_columns(&f->gran) != 0)
    tables = PROGRAM_LANES / granularity_columns(&f->gran) + 2;
  return (size_t)(size * tables);
}

static row_inputs row_inputs_new(arena *a, const tensor_codes *t, const expr *const *e) {
  const scheme *s = t->scheme;
  row_inputs in = {.t = t, .p = program_new(a, s, 1, e)};
  in.fields = ARENA_ARRAY(a, program_field, s->field_count);
  in.values = ARENA_ARRAY(a, double *, s->field_count);
  in.bases = ARENA_ARRAY(a, uint64_t *, s->field_count);
  in.first = ARENA_ARRAY(a, uint64_t, s->field_count);
  in.count = ARENA_ARRAY(a, uint64_t, s->field_count);
  in.k = ARENA_ARRAY(a, int64_t, PROGRAM_LANES);
  in.n = ARENA_ARRAY(a, int64_t, PROGRAM_LANES);
  for (size_t f = 0; f < s->field_count; f++) {
    if (s->fields[f].rank != 0) in.bases[f] = ARENA_ARRAY(a, uint64_t, PROGRAM_LANES);
    in.values[f] = ARENA_ARRAY(a, double, row_values(&s->fields[f]));
  }
  return in;
}

// The numbers of a sparse field in each lane: one, or a table of its own.
static void fill_sparse(row_inputs *in, size_t f, uint64_t n, uint64_t k, size_t lanes) {
  const scheme_field *field = &in->t->scheme->fields[f];
  uint64_t size = 1;
  scheme_field_size(field, &size);
  for (size_t l = 0; l < lanes; l++) {
    const uint32_t *raw = tensor_codes_find(in->t, (unsigned)f, n, k + l);
    for (uint64_t i = 0; i < size; i++)
      in->values[f][l * size + i] = raw == NULL ? 0 : elem_decode(field->type, raw[i]);
    if (field->rank != 0) in->bases[f][l] = l * size;
  }
  in->fields[f] = (program_field){.values = in->values[f], .base = in->bases[f], .size = size};
}

// Elements that follow one another, as numbers. Integers of few bits, which are most codes, need no table of types.
static void decode_run(elem_type type, const uint32_t *raw, size_t count, double *out) {
  const elem_info *e = elem_get(type);
  if (e->kind == ELEM_KIND_UINT && e->bits <= 32) {
    for (size_t i = 0; i < count; i++) out[i] = (double)raw[i];
  } else if (e->kind == ELEM_KIND_INT && e->bits <= 32) {
    int64_t sign = (int64_t)1 << (e->bits - 1);
    for (size_t i = 0; i < count; i++) out[i] = (double)(((int64_t)raw[i] ^ sign) - sign);
  } else {
    for (size_t i = 0; i < count; i++) out[i] = elem_decode(type, raw[i]);
  }
}

// A granule's number is decoded once.
static void fill_scalars(row_inputs *in, size_t f, uint64_t n, uint64_t k, size_t lanes) {
  const scheme_field *field = &in->t->scheme->fields[f];
  const uint32_t *raw = in->t->elements[f] + scheme_field_index(field, in->t->columns, n, k);
  uint64_t columns = granularity_columns(&field->gran);
  double *values = in->values[f];
  in->fields[f].values = values;
  if (columns == 1) {
    decode_run(field->type, raw, lanes, values);
    return;
  }
  uint64_t rest = columns == 0 ? lanes : columns - k % columns; // of the granule
  for (size_t l = 0; l < lanes; raw++, rest = columns) {
    size_t end = lanes - l < rest ? lanes : l + (size_t)rest;
    for (double x = elem_decode(field->type, *raw); l < end; l++) values[l] = x;
  }
}

// Decodes the tables from the first lane's to the last lane's, unless they are at hand.
static void fill_tables(row_inputs *in, size_t f, uint64_t n, uint64_t k, size_t lanes) {
  const scheme_field *field = &in->t->scheme->fields[f];
  uint64_t size = 0;
  scheme_field_size(field, &size);
  uint64_t first = scheme_field_index(field, in->t->columns, n, k);
  uint64_t count = scheme_field_index(field, in->t->columns, n, k + lanes - 1) + size - first;
  for (size_t l = 0; l < lanes; l++) in->bases[f][l] = scheme_field_index(field, in->t->columns, n, k + l) - first;
  if (in->first[f] != first || in->count[f] != count) {
    for (uint64_t i = 0; i < count; i++) in->values[f][i] = elem_decode(field->type, in->t->elements[f][first + i]);
    in->first[f] = first;
    in->count[f] = count;
  }
  in->fields[f] = (program_field){.values = in->values[f], .base = in->bases[f], .size = size};
}

static void run_lanes(row_inputs *in, uint64_t n, uint64_t k, size_t lanes, double *out) {
  const scheme *s = in->t->scheme;
  for (size_t l = 0; l < lanes; l++) {
    in->k[l] = (int64_t)(k + l);
    in->n[l] = (int64_t)n;
  }
  for (size_t f = 0; f < s->field_count; f++) {
    if (!program_uses_field(in->p, (unsigned)f)) continue;
    if (s->fields[f].sparse)
      fill_sparse(in, f, n, k, lanes);
    else if (s->fields[f].rank == 0)
      fill_scalars(in, f, n, k, lanes);
    else
      fill_tables(in, f, n, k, lanes);
  }
  program_run(
      in->p,
      &(program_env){.lanes = lanes, .vars = {[VAR_K] = in->k, [VAR_N] = in->n}, .fields = in->fields, .codes = in->t});
  double scratch[PROGRAM_LANES];
  const double *values = program_reals(in->p, 0, scratch);
  for (size_t l = 0; l < lanes; l++) out[l] = values[l];
}

static void section_row(const tensor_codes *t, uint64_t n, double *out) {
  uint64_t row = 0;
  for (size_t i = 0; i < t->scheme->section_count; i++) {
    const tensor_codes *part = t->sections[i];
    bool is_rows = t->scheme->sections[i].is_rows;
    if (!is_rows || (n >= row && n < row + part->rows)) scheme_row(part, n - row, out);
    if (is_rows)
      row += part->rows;
    else
      out += part->columns;
  }
}

void scheme_row(const tensor_codes *t, uint64_t n, double *out) {
  if (t->scheme->section_count > 0) {
    section_row(t, n, out);
    return;
  }
  scheme_row_of(t, t->scheme->value, n, out);
}

void scheme_row_of(const tensor_codes *t, const expr *e, uint64_t n, double *out) {
  arena *a = arena_new();
  row_inputs in = row_inputs_new(a, t, &e);
  for (uint64_t k = 0; k < t->columns; k += PROGRAM_LANES) {
    uint64_t rest = t->columns - k;
    run_lanes(&in, n, k, rest < PROGRAM_LANES ? (size_t)rest : PROGRAM_LANES, out + k);
  }
  arena_free(a);
}
