#include "format/layout_sparse.h"

#include <inttypes.h>
#include <stdlib.h>

#include "format/int_math.h"
#include "format/program.h"
#include "support/num.h"

typedef struct list_reader {
  diag *d;
  arena *mem; // freed when the field has been read
  arena *out;
  const sparse_source *from;
  const layout_place *place;
  const scheme_field *f;
  tensor_codes *t;
} list_reader;

// An entry of the file and where it belongs.
typedef struct entry {
  uint64_t row, column, index;
} entry;

// ---- open sizes ------------------------------------------------------------------------------------------

static const uint64_t *open_size(const expr *e, const scheme_layout *l, uint64_t (*dims)[SCHEME_MAX_RANK]) {
  if (e->op == EXPR_LOAD || e->op == EXPR_STREAM) {
    const layout_tensor *t = &l->tensors[e->index];
    for (unsigned r = 0; r < t->rank; r++)
      if (t->dims[r] == NULL) return &dims[e->index][r];
  }
  for (unsigned i = 0; i < e->arg_count; i++) {
    const uint64_t *found = open_size(e->args[i], l, dims);
    if (found != NULL) return found;
  }
  return NULL;
}

uint64_t layout_sparse_count(const scheme *s, const scheme_layout *l, const layout_place *place, uint64_t rows,
                             uint64_t columns, uint64_t (*dims)[SCHEME_MAX_RANK]) {
  const uint64_t *size = open_size(place->raw, l, dims);
  return size != NULL ? *size : scheme_sparse_count(&s->fields[place->field], rows, columns);
}

// ---- evaluation ------------------------------------------------------------------------------------------

static bool fail(const list_reader *r, const char *what) {
  diag_error(r->d, SRC_NOWHERE, "tensor '%s': layout '%s' reads the sparse field '%s' %s", r->from->tensor,
             r->from->layout->name, r->f->name, what);
  return false;
}

// out[i] for each combination of the binders, the last one fastest.
static bool evaluate(list_reader *r, const expr *e, const uint64_t sizes[3], int64_t *out) {
  int64_t binders[3][PROGRAM_LANES], rows[PROGRAM_LANES], columns[PROGRAM_LANES];
  program *p = program_new(r->mem, r->t->scheme, 1, &e);
  program_env env = {.inputs = r->from->inputs, .lines = r->from->lines};
  for (unsigned b = 0; b < 3; b++) env.vars[VAR_BINDER0 + b] = binders[b];
  env.vars[VAR_ROWS] = rows;
  env.vars[VAR_COLUMNS] = columns;
  uint64_t count = sizes[0] * sizes[1] * sizes[2];
  for (uint64_t i = 0; i < count; i += PROGRAM_LANES) {
    env.lanes = count - i < PROGRAM_LANES ? (size_t)(count - i) : PROGRAM_LANES;
    for (size_t l = 0; l < env.lanes; l++) {
      uint64_t at = i + l;
      binders[2][l] = (int64_t)(at % sizes[2]);
      binders[1][l] = (int64_t)(at / sizes[2] % sizes[1]);
      binders[0][l] = (int64_t)(at / sizes[2] / sizes[1]);
      rows[l] = (int64_t)r->from->rows;
      columns[l] = (int64_t)r->from->columns;
    }
    program_run(p, &env);
    for (size_t l = 0; l < env.lanes; l++) {
      if (program_faulted(p, 0, l)) return fail(r, "outside of its tensors");
      out[i + l] = program_ints(p, 0)[l];
    }
  }
  return true;
}

// ---- lists -----------------------------------------------------------------------------------------------

// Rows of the entries from where each row begins; *count becomes the number of entries that are in rows.
static bool rows_from_starts(list_reader *r, int64_t *rows, uint64_t *count) {
  uint64_t granules = scheme_granule_rows(r->f, r->from->rows);
  int64_t *starts = ARENA_ARRAY(r->mem, int64_t, (size_t)granules + 1);
  const uint64_t sizes[] = {granules + 1, 1, 1};
  if (!evaluate(r, r->place->first, sizes, starts)) return false;
  if (starts[0] != 0) return fail(r, "from another entry than number 0 on");
  for (uint64_t n = 0; n < granules; n++) {
    if (starts[n + 1] < starts[n] || (uint64_t)starts[n + 1] > *count)
      return fail(r, "in rows that do not follow one another, or have more entries than there are");
    for (int64_t i = starts[n]; i < starts[n + 1]; i++) rows[i] = (int64_t)n;
  }
  *count = (uint64_t)starts[granules];
  return true;
}

static int by_place(const void *a, const void *b) {
  const entry *x = a, *y = b;
  if (x->row != y->row) return x->row < y->row ? -1 : 1;
  return x->column < y->column ? -1 : x->column > y->column;
}

// Entries of the corner that is wanted, in order; their number in *kept.
static entry *sort_entries(list_reader *r, const int64_t *rows, const int64_t *columns, uint64_t count,
                           uint64_t *kept) {
  uint64_t all_rows = scheme_granule_rows(r->f, r->from->rows),
           all_columns = scheme_granule_columns(r->f, r->from->columns);
  uint64_t wanted_rows = scheme_granule_rows(r->f, r->t->rows), wanted = scheme_granule_columns(r->f, r->t->columns);
  entry *list = ARENA_ARRAY(r->mem, entry, (size_t)count + 1);
  *kept = 0;
  for (uint64_t i = 0; i < count; i++) {
    if (rows[i] < 0 || (uint64_t)rows[i] >= all_rows || columns[i] < 0 || (uint64_t)columns[i] >= all_columns) {
      fail(r,
           arena_printf(r->mem, "with entry %" PRIu64 " in row %" PRId64 ", column %" PRId64 ", outside of the matrix",
                        i, rows[i], columns[i]));
      return NULL;
    }
    if ((uint64_t)rows[i] < wanted_rows && (uint64_t)columns[i] < wanted)
      list[(*kept)++] = (entry){.row = (uint64_t)rows[i], .column = (uint64_t)columns[i], .index = i};
  }
  qsort(list, (size_t)*kept, sizeof *list, by_place);
  return list;
}

// Fills in the list of granules from entries in order; raw[index * size ..] are the numbers of an entry.
static bool set_list(list_reader *r, const entry *list, uint64_t kept, const int64_t *raw) {
  uint64_t granules = scheme_granule_rows(r->f, r->t->rows), size = 1;
  uint64_t *starts = ARENA_ARRAY(r->mem, uint64_t, (size_t)granules + 1),
           *columns = ARENA_ARRAY(r->mem, uint64_t, (size_t)kept + 1);
  uint64_t mask = int_low_bits(UINT64_MAX, elem_get(r->f->type)->bits);
  scheme_field_size(r->f, &size);
  for (uint64_t i = 0; i < kept; i++) starts[list[i].row + 1]++, columns[i] = list[i].column;
  for (uint64_t n = 0; n < granules; n++) starts[n + 1] += starts[n];
  if (!tensor_codes_set_list(r->d, r->out, r->t, r->place->field, r->from->tensor, kept, starts, columns)) return false;
  for (uint64_t i = 0; i < kept * size; i++)
    r->t->sparse[r->place->field].raw[i] = (uint32_t)((uint64_t)raw[list[i / size].index * size + i % size] & mask);
  return true;
}

static bool read_list(list_reader *r) {
  uint64_t (*dims)[SCHEME_MAX_RANK] = arena_alloc(r->mem, r->from->layout->tensor_count, sizeof *dims), size = 1, kept;
  for (size_t i = 0; i < r->from->layout->tensor_count; i++)
    for (unsigned d = 0; d < r->from->inputs[i].rank; d++) dims[i][d] = r->from->inputs[i].dims[d];
  uint64_t count = layout_sparse_count(r->t->scheme, r->from->layout, r->place, r->from->rows, r->from->columns, dims);
  uint64_t numbers;
  if (!scheme_field_size(r->f, &size) || !num_mul(count, size, &numbers) || numbers > SIZE_MAX / 64)
    return fail(r, "with more entries than this machine can hold");
  int64_t *rows = ARENA_ARRAY(r->mem, int64_t, (size_t)count + 1),
          *columns = ARENA_ARRAY(r->mem, int64_t, (size_t)count + 1);
  int64_t *raw = ARENA_ARRAY(r->mem, int64_t, (size_t)numbers + 1);
  bool ok = r->place->first == NULL || rows_from_starts(r, rows, &count);
  const uint64_t entries[] = {count, 1, 1}, all[] = {count, size, 1};
  ok = ok && (r->place->row == NULL || evaluate(r, r->place->row, entries, rows)) &&
       evaluate(r, r->place->column, entries, columns) && evaluate(r, r->place->raw, all, raw);
  entry *list = ok ? sort_entries(r, rows, columns, count, &kept) : NULL;
  return list != NULL && set_list(r, list, kept, raw);
}

// ---- told element by element -----------------------------------------------------------------------------

static bool read_elements(list_reader *r) {
  uint64_t rows = scheme_granule_rows(r->f, r->t->rows), columns = scheme_granule_columns(r->f, r->t->columns),
           size = 1;
  uint64_t all, numbers, kept = 0;
  if (!scheme_field_size(r->f, &size) || !num_mul(rows, columns, &all) || !num_mul(all, size, &numbers) ||
      numbers > SIZE_MAX / 64)
    return fail(r, "with more elements than this machine can hold");
  int64_t *raw = ARENA_ARRAY(r->mem, int64_t, (size_t)numbers + 1);
  entry *list = ARENA_ARRAY(r->mem, entry, (size_t)all + 1);
  uint64_t mask = int_low_bits(UINT64_MAX, elem_get(r->f->type)->bits);
  const uint64_t sizes[] = {rows, columns, size};
  if (!evaluate(r, r->place->raw, sizes, raw)) return false;
  for (uint64_t i = 0; i < all; i++) {
    bool zero = true;
    for (uint64_t e = 0; e < size; e++) zero = zero && ((uint64_t)raw[i * size + e] & mask) == 0;
    if (!zero) list[kept++] = (entry){.row = i / columns, .column = i % columns, .index = i};
  }
  return set_list(r, list, kept, raw);
}

bool layout_read_sparse(diag *d, arena *a, const sparse_source *source, const layout_place *place, tensor_codes *t) {
  list_reader r = {.d = d, .mem = arena_new(), .out = a, .from = source, .place = place, .t = t};
  r.f = &t->scheme->fields[place->field];
  bool ok = place->column != NULL ? read_list(&r) : read_elements(&r);
  arena_free(r.mem);
  return ok;
}
