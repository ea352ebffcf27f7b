// Tensors from the bytes of a storage layout.
#include <inttypes.h>
#include <stdarg.h>

#include "format/eval.h"
#include "format/int_math.h"
#include "format/layout_bits.h"
#include "format/layout_sparse.h"
#include "format/program.h"
#include "support/num.h"

// What a reader works on.
typedef struct reader {
  diag *d;
  arena *mem;   // freed when the tensor has been read
  arena *codes; // of the result
  const scheme *s;
  const scheme_layout *l;
  const char *tensor;
  uint64_t rows, columns; // of the whole tensor
  tensor_codes *out;      // all of it, or its first rows and columns
} reader;

static bool tensor_error(diag *d, const char *tensor, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool tensor_error(diag *d, const char *tensor, const char *format, ...) {
  arena *a = arena_new();
  va_list args;
  va_start(args, format);
  diag_error(d, SRC_NOWHERE, "tensor '%s': %s", tensor, arena_vprintf(a, format, args));
  va_end(args);
  arena_free(a);
  return false;
}

// Reports a read out of range by evaluating the place of that element once more.
static bool report_fault(reader *r, const layout_place *p, eval_env *env, uint64_t element) {
  eval_int(env, p->raw);
  const char *field = r->s->fields[p->field].name;
  const expr *at = env->fault.at;
  if (at->op == EXPR_BITS)
    return tensor_error(r->d, r->tensor,
                        "layout '%s' reads element %" PRIu64 " of field '%s' at bit %" PRId64 " of a block of %" PRIu64
                        " bits",
                        r->l->name, element, field, env->fault.index, env->fault.limit);
  if (env->fault.unsorted)
    return tensor_error(r->d, r->tensor,
                        "layout '%s' looks for element %" PRIu64 " of field '%s' in numbers %" PRId64 " to %" PRIu64
                        " of dimension %u of '%s', which do not ascend",
                        r->l->name, element, field, env->fault.index, env->fault.limit - 1, env->fault.dimension,
                        r->l->tensors[at->index].name);
  bool stream = (at->op == EXPR_STREAM || at->op == EXPR_RANK) && env->fault.dimension == at->axis;
  return tensor_error(r->d, r->tensor,
                      "layout '%s' reads element %" PRIu64 " of field '%s' at %s %" PRId64 " of dimension %u of '%s', "
                      "which has %" PRIu64,
                      r->l->name, element, field, stream ? "bit" : "index", env->fault.index, env->fault.dimension,
                      r->l->tensors[at->index].name, env->fault.limit);
}

static uint64_t read_piece(const uint8_t *block, bit_piece p) {
  unsigned skip = p.at % 8;
  if (skip + p.width <= 8) return (uint64_t)(block[p.at / 8] >> skip) & ((1u << p.width) - 1);
  return eval_bits(block, p.at, p.width);
}

static void read_block_bits(const block_place *place, const uint8_t *block, uint32_t *out) {
  uint64_t mask = int_low_bits(UINT64_MAX, place->bits);
  for (size_t i = 0; i < place->element_count; i++) {
    const element_bits *e = &place->elements[i];
    uint64_t raw = 0;
    for (uint32_t p = 0; p < e->piece_count; p++) {
      bit_piece piece = place->pieces[e->first_piece + p];
      raw |= read_piece(block, piece) << piece.shift;
    }
    out[i] = (uint32_t)(((raw ^ e->flip) + e->add) & mask);
  }
}

// Evaluates a place for elements first .. first + lanes of a block.
typedef struct place_program {
  program *p;
  int64_t binders[3][PROGRAM_LANES];
  int64_t rows[PROGRAM_LANES], columns[PROGRAM_LANES];
  program_env env;
} place_program;

static place_program *place_program_new(reader *r, const layout_place *p) {
  place_program *pp = ARENA_NEW(r->mem, place_program);
  pp->p = program_new(r->mem, r->s, 1, &p->raw);
  for (unsigned b = 0; b < 3; b++) pp->env.vars[VAR_BINDER0 + b] = pp->binders[b];
  pp->env.vars[VAR_ROWS] = pp->rows;
  pp->env.vars[VAR_COLUMNS] = pp->columns;
  for (size_t i = 0; i < PROGRAM_LANES; i++) {
    pp->rows[i] = (int64_t)r->rows;
    pp->columns[i] = (int64_t)r->columns;
  }
  return pp;
}

// Runs the program on the lanes that have been set and stores the raw elements; false (reported) after a bad read.
static bool run_lanes(reader *r, const layout_place *p, place_program *pp, uint64_t first, uint32_t *out) {
  uint64_t mask = int_low_bits(UINT64_MAX, elem_get(r->s->fields[p->field].type)->bits);
  program_run(pp->p, &pp->env);
  const int64_t *raw = program_ints(pp->p, 0);
  for (size_t l = 0; l < pp->env.lanes; l++) {
    if (program_faulted(pp->p, 0, l)) {
      eval_env env = {.scheme = r->s, .block = pp->env.block, .block_bytes = pp->env.block_bytes};
      env.inputs = pp->env.inputs;
      env.lines = pp->env.lines;
      for (unsigned v = VAR_BINDER0; v < EXPR_VAR_COUNT; v++) env.vars[v] = pp->env.vars[v][l];
      return report_fault(r, p, &env, first + l);
    }
    out[l] = (uint32_t)((uint64_t)raw[l] & mask);
  }
  return true;
}

static bool run_block(reader *r, const layout_place *p, place_program *pp, const uint8_t *block, uint32_t *out) {
  const scheme_field *f = &r->s->fields[p->field];
  uint64_t count = layout_block_elements(r->l, f);
  pp->env.block = block;
  pp->env.block_bytes = r->l->block_bytes;
  for (uint64_t i = 0; i < count; i += PROGRAM_LANES) {
    pp->env.lanes = count - i < PROGRAM_LANES ? (size_t)(count - i) : PROGRAM_LANES;
    for (size_t l = 0; l < pp->env.lanes; l++) {
      int64_t binders[2];
      layout_block_binders(f, i + l, binders);
      pp->binders[0][l] = binders[0];
      pp->binders[1][l] = binders[1];
    }
    if (!run_lanes(r, p, pp, i, out + i)) return false;
  }
  return true;
}

static bool read_blocks(reader *r, const layout_place *p, const uint8_t *data, uint64_t blocks, uint32_t *elements) {
  const scheme_field *f = &r->s->fields[p->field];
  const block_place *bits = layout_block_place(r->mem, r->s, r->l, p);
  place_program *pp = bits == NULL ? place_program_new(r, p) : NULL;
  uint64_t per_block = layout_block_elements(r->l, f);
  for (uint64_t b = 0; b < blocks; b++) {
    const uint8_t *block = data + b * r->l->block_bytes;
    uint32_t *out = elements + b * per_block;
    if (bits != NULL)
      read_block_bits(bits, block, out);
    else if (!run_block(r, p, pp, block, out))
      return false;
  }
  return true;
}

bool layout_block_bytes(diag *d, const scheme_layout *l, const char *tensor_name, uint64_t rows, uint64_t columns,
                        uint64_t *bytes) {
  if (columns % l->block_weights != 0)
    return tensor_error(d, tensor_name,
                        "K = %" PRIu64 " is not a multiple of the %" PRIu64 " weights in a block of layout '%s'",
                        columns, l->block_weights, l->name);
  if (num_mul(columns / l->block_weights, l->block_bytes, bytes) && num_mul(*bytes, rows, bytes)) return true;
  return tensor_error(d, tensor_name, "%" PRIu64 " x %" PRIu64 " weights are too many", rows, columns);
}

tensor_codes *layout_read_blocks(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                                 const uint8_t *data, uint64_t size, uint64_t rows, uint64_t columns) {
  uint64_t expected = 0;
  if (!layout_block_bytes(d, l, tensor_name, rows, columns, &expected)) return NULL;
  if (size != expected) {
    tensor_error(d, tensor_name,
                 "%" PRIu64 " bytes, but %" PRIu64 " x %" PRIu64 " weights in layout '%s' of '%s' have %" PRIu64, size,
                 rows, columns, l->name, s->name, expected);
    return NULL;
  }
  reader r = {.d = d, .mem = arena_new(), .s = s, .l = l, .tensor = tensor_name, .rows = rows, .columns = columns};
  r.out = tensor_codes_new(d, a, s, rows, columns);
  bool ok = r.out != NULL;
  for (size_t p = 0; ok && p < l->place_count; p++)
    ok = read_blocks(&r, &l->places[p], data, rows * (columns / l->block_weights), r.out->elements[l->places[p].field]);
  arena_free(r.mem);
  return ok ? r.out : NULL;
}

// Counters of the elements of a field: row, element in the row, table number.
typedef struct element_counter {
  uint64_t granules, size; // a row; a granule
  uint64_t row, granule, number;
} element_counter;

static void count_up(element_counter *c) {
  if (++c->number < c->size) return;
  c->number = 0;
  if (++c->granule < c->granules) return;
  c->granule = 0;
  c->row++;
}

static void set_binders(place_program *pp, size_t lane, const scheme_field *f, const element_counter *c) {
  unsigned b = 0;
  if (granularity_rows(&f->gran) != 0) pp->binders[b++][lane] = (int64_t)c->row;
  if (granularity_columns(&f->gran) != 0) pp->binders[b++][lane] = (int64_t)c->granule;
  if (f->rank != 0) pp->binders[b][lane] = (int64_t)c->number;
}

// Rows of granules first .. first + rows - 1 of a tensor of `columns` columns.
static bool read_granule_rows(reader *r, const layout_place *p, const layout_input *inputs, const line_index *lines,
                              uint64_t columns, uint64_t first, uint64_t rows, uint32_t *out) {
  const scheme_field *f = &r->s->fields[p->field];
  uint64_t per_row = 0;
  element_counter c = {.granules = 1, .size = 1, .row = first};
  scheme_field_per_row(f, columns, &per_row);
  scheme_field_size(f, &c.size);
  c.granules = per_row / c.size;
  uint64_t count = per_row * rows;
  place_program *pp = place_program_new(r, p);
  pp->env.inputs = inputs;
  pp->env.lines = lines;
  for (uint64_t i = 0; i < count; i += PROGRAM_LANES) {
    pp->env.lanes = count - i < PROGRAM_LANES ? (size_t)(count - i) : PROGRAM_LANES;
    for (size_t l = 0; l < pp->env.lanes; l++) {
      set_binders(pp, l, f, &c);
      count_up(&c);
    }
    if (!run_lanes(r, p, pp, i, out + i)) return false;
  }
  return true;
}

static bool read_tensor_place(reader *r, const layout_place *p, const layout_input *inputs, const line_index *lines) {
  uint64_t rows = scheme_field_rows(&r->s->fields[p->field], r->out->rows);
  return read_granule_rows(r, p, inputs, lines, r->out->columns, 0, rows, r->out->elements[p->field]);
}

static bool check_input_size(reader *r, const layout_tensor *t, const layout_input *in) {
  uint64_t bytes = elem_get(in->type)->bits / 8;
  for (unsigned i = 0; i < in->rank; i++)
    if (!num_mul(bytes, in->dims[i], &bytes)) return tensor_error(r->d, r->tensor, "'%s' is too large", t->suffix);
  if (bytes == in->size) return true;
  return tensor_error(r->d, r->tensor, "'%s' has %" PRIu64 " bytes, but its shape needs %" PRIu64, t->suffix, in->size,
                      bytes);
}

static bool check_input(reader *r, const layout_tensor *t, const layout_input *in, uint64_t rows, uint64_t columns) {
  if (!layout_tensor_takes(t, in->type, NULL))
    return tensor_error(r->d, r->tensor, "'%s' has elements of type %s; layout '%s' needs %s", t->suffix,
                        elem_get(in->type)->name, r->l->name, layout_tensor_types(r->mem, t));
  if (in->rank != t->rank)
    return tensor_error(r->d, r->tensor, "'%s' has %u dimensions; layout '%s' needs %u", t->suffix, in->rank,
                        r->l->name, t->rank);
  int64_t sizes[SCHEME_MAX_RANK];
  layout_tensor_sizes(r->s, t, rows, columns, sizes);
  for (unsigned i = 0; i < t->rank; i++) {
    if (layout_size_fits(sizes[i], in->dims[i])) continue;
    return tensor_error(r->d, r->tensor,
                        "dimension %u of '%s' is %" PRIu64 "; layout '%s' needs %" PRId64 " for N = %" PRIu64
                        " and K = %" PRIu64,
                        i, t->suffix, in->dims[i], r->l->name, sizes[i], rows, columns);
  }
  return check_input_size(r, t, in);
}

// Elements of type `stored` as elements of the tensor's type, which holds all their numbers.
static void widen(arena *mem, const layout_tensor *t, elem_type stored, layout_input *in) {
  unsigned from = elem_get(stored)->bits / 8, to = elem_get(t->type)->bits / 8;
  uint64_t count = in->size / from;
  bool is_float = elem_get(stored)->kind == ELEM_KIND_FLOAT;
  uint8_t *out = arena_alloc(mem, (size_t)count, to);
  layout_input narrow = *in;
  narrow.type = stored;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t raw = eval_element(&narrow, i);
    raw = is_float ? elem_encode(t->type, elem_decode(stored, raw)) : (uint64_t)elem_decode_int(stored, raw);
    for (unsigned b = 0; b < to; b++) out[i * to + b] = (uint8_t)(raw >> 8 * b);
  }
  in->data = out;
  in->size = count * to;
}

// The inputs as the layout declares them; NULL (reported) when they are not what it needs.
static const layout_input *take_inputs(reader *r, const layout_input *inputs, uint64_t rows, uint64_t columns) {
  layout_input *out = ARENA_ARRAY(r->mem, layout_input, r->l->tensor_count);
  bool ok = true;
  for (size_t i = 0; i < r->l->tensor_count; i++) {
    const layout_tensor *t = &r->l->tensors[i];
    elem_type stored = t->type;
    out[i] = inputs[i];
    if (!check_input(r, t, &inputs[i], rows, columns)) {
      ok = false;
      continue;
    }
    layout_tensor_takes(t, inputs[i].type, &stored);
    if (stored != t->type) widen(r->mem, t, stored, &out[i]);
    out[i].type = t->type;
  }
  return ok ? out : NULL;
}

static bool read_tensor_places(reader *r, const layout_input *inputs) {
  const line_index *lines = line_index_new(r->mem, r->l, inputs);
  if (lines == NULL) return tensor_error(r->d, r->tensor, "its tensors are too large for this machine");
  const sparse_source source = {
      .tensor = r->tensor, .layout = r->l, .inputs = inputs, .lines = lines, .rows = r->rows, .columns = r->columns};
  for (size_t p = 0; p < r->l->place_count; p++) {
    const layout_place *place = &r->l->places[p];
    bool sparse = r->s->fields[place->field].sparse;
    if (!(sparse ? layout_read_sparse(r->d, r->codes, &source, place, r->out)
                 : read_tensor_place(r, place, inputs, lines)))
      return false;
  }
  return true;
}

tensor_codes *layout_read_corner(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                                 const layout_input *inputs, uint64_t rows, uint64_t columns, uint64_t corner_rows,
                                 uint64_t corner_columns) {
  reader r = {.d = d, .mem = arena_new(), .s = s, .l = l, .tensor = tensor_name, .rows = rows, .columns = columns};
  r.codes = a;
  const layout_input *taken = take_inputs(&r, inputs, rows, columns);
  if (taken != NULL) r.out = tensor_codes_new(d, a, s, corner_rows, corner_columns);
  bool ok = r.out != NULL && read_tensor_places(&r, taken);
  arena_free(r.mem);
  return ok ? r.out : NULL;
}

tensor_codes *layout_read_tensors(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                                  const layout_input *inputs, uint64_t rows, uint64_t columns) {
  return layout_read_corner(d, a, s, l, tensor_name, inputs, rows, columns, rows, columns);
}

// ---- a field, some rows at a time ------------------------------------------------------------------------

struct layout_rows {
  reader r;
  const uint8_t *blocks; // of a block layout
  const layout_input *inputs;
  const line_index *lines;
};

layout_rows *layout_rows_new(diag *d, arena *a, const scheme *s, const scheme_layout *l, const char *tensor_name,
                             const layout_input *inputs, uint64_t rows, uint64_t columns) {
  layout_rows *x = ARENA_NEW(a, layout_rows);
  uint64_t expected;
  x->r = (reader){.d = d, .mem = a, .s = s, .l = l, .tensor = tensor_name, .rows = rows, .columns = columns};
  if (l->block_weights != 0) {
    x->blocks = inputs[0].data;
    return layout_block_bytes(d, l, tensor_name, rows, columns, &expected) && expected == inputs[0].size ? x : NULL;
  }
  x->inputs = take_inputs(&x->r, inputs, rows, columns);
  if (x->inputs != NULL) x->lines = line_index_new(a, l, x->inputs);
  return x->lines == NULL ? NULL : x;
}

const layout_input *layout_rows_inputs(const layout_rows *x) { return x->inputs; }

bool layout_rows_read(const layout_rows *x, diag *d, unsigned field, uint64_t first, uint64_t rows, uint32_t *out) {
  reader r = x->r;
  const layout_place *p = NULL;
  for (size_t i = 0; i < r.l->place_count; i++)
    if (r.l->places[i].field == field) p = &r.l->places[i];
  if (p == NULL || r.s->fields[field].sparse) return false;
  r.mem = arena_new();
  r.d = d;
  uint64_t per_row = x->blocks == NULL ? 0 : r.columns / r.l->block_weights;
  bool ok = x->blocks == NULL ? read_granule_rows(&r, p, x->inputs, x->lines, r.columns, first, rows, out)
                              : read_blocks(&r, p, x->blocks + first * per_row * r.l->block_bytes, rows * per_row, out);
  arena_free(r.mem);
  return ok;
}
