// The product with a list of entries (sparse_packing, format/recipe.h). A row is summed in the lanes of its entries, or of the
// weights of an entry, for one token after the other: a row's entries stay in the first-level cache.
#include "kernel/emit_base.h"
#include "kernel/emit_math.h"
#include "kernel/kernel.h"

#define MOST_LANES 16
#define UNROLLED 8 // parts of an entry

typedef struct sparse {
  ir_builder b;
  const sparse_packing *p;
  const matmul_shape *shape;
  uint32_t lanes;
  lo_params params;
  ir_value *weights, *x, *y, *bias, *addend, *residual;
  ir_value *tokens, *x_stride, *y_stride, *starts_at, *columns_at, *values_at, *addend_stride, *residual_stride;
  ir_value *row;         // number of the row
  ir_value *row_in_tile; // NULL: tiles have one row
  ir_value *token;
  ir_value *x_row; // bytes
} sparse;

static uint64_t value_bytes(const sparse *e) { return elem_get(e->p->store)->bits / 8; }
static uint64_t column_bytes(const sparse *e) { return elem_get(e->p->column)->bits / 8; }

// Lanes that divide the entries, or the weights of one.
static uint32_t lanes_of(const sparse_packing *p) {
  uint64_t whole = p->width == 1 ? p->step : p->width;
  uint32_t lanes = 1;
  while (lanes < MOST_LANES && whole % (2 * lanes) == 0) lanes *= 2;
  return lanes;
}

static ir_value *load_integers(sparse *e, elem_type type, uint32_t lanes, ir_value *at, bool is_signed) {
  ir_value *v = lo_load(&e->b, ir_vector(type, lanes), e->weights, at, NULL);
  return type == ELEM_I32 ? v : ir_emit1(&e->b, is_signed ? IR_SEXT : IR_ZEXT, lo_i32(lanes), v);
}

// Columns of `lanes` entries from number `entry` on.
static ir_value *load_columns(sparse *e, ir_value *entry, uint32_t lanes) {
  ir_value *at = lo_index_add(&e->b, e->columns_at, lo_index_scale(&e->b, entry, column_bytes(e)));
  return load_integers(e, e->p->column == ELEM_U16 ? ELEM_I16 : ELEM_I32, lanes, at, false);
}

// Values number `first` and behind it, as f32.
static ir_value *load_values(sparse *e, ir_value *first) {
  ir_value *at = lo_index_add(&e->b, e->values_at, lo_index_scale(&e->b, first, value_bytes(e)));
  elem_type t = e->p->store;
  if (t == ELEM_F32) return lo_load(&e->b, lo_f32(e->lanes), e->weights, at, NULL);
  if (t == ELEM_I8 || t == ELEM_I16)
    return ir_emit1(&e->b, IR_ITOF, lo_f32(e->lanes), load_integers(e, t, e->lanes, at, true));
  return ir_emit1(&e->b, IR_EXTF, lo_f32(e->lanes), lo_load(&e->b, ir_vector(t, e->lanes), e->weights, at, NULL));
}

static ir_value *multiply(sparse *e, ir_value *w, ir_value *x, ir_value *sum) {
  return ir_emit3(&e->b, IR_FMA, sum->type, w, x, sum);
}

// ---- entries of one weight: activations are gathered -----------------------------------------------------

static ir_value *add_scattered(sparse *e, ir_value *entry, ir_value *sum) {
  ir_type offsets = lo_i32(e->lanes);
  for (uint64_t i = 0; i < e->p->step; i += e->lanes) {
    ir_value *first = lo_index_offset(&e->b, entry, i);
    ir_value *start = lo_splat(&e->b, ir_emit1(&e->b, IR_FROM_INDEX, lo_i32(1), e->x_row), e->lanes);
    ir_value *bytes = ir_emit_attr(&e->b, IR_SHL, offsets, load_columns(e, first, e->lanes), ir_int(IR_ATTR_SHIFT, 2));
    ir_value *at = ir_emit2(&e->b, IR_ADD, offsets, bytes, start);
    ir_value *x = ir_emit2(&e->b, IR_GATHER, lo_f32(e->lanes), e->x, at);
    sum = multiply(e, load_values(e, first), x, sum);
  }
  return sum;
}

// ---- entries of several weights: activations lie side by side --------------------------------------------

static ir_value *add_part(sparse *e, ir_value *first, ir_value *x_at, ir_value *sum) {
  ir_value *x = lo_load(&e->b, lo_f32(e->lanes), e->x, x_at, NULL);
  return multiply(e, load_values(e, first), x, sum);
}

static ir_value *add_neighbours(sparse *e, ir_value *entry, ir_value *sum) {
  ir_builder *b = &e->b;
  ir_value *row = lo_index_scale(b, entry, e->p->tile_rows);
  if (e->row_in_tile != NULL) row = lo_index_add(b, row, e->row_in_tile);
  ir_value *first = lo_index_scale(b, row, e->p->width);
  ir_value *column = ir_emit1(b, IR_TO_INDEX, ir_index(), load_columns(e, entry, 1));
  ir_value *x_at = lo_index_add(b, e->x_row, lo_index_scale(b, column, 4));
  if (e->p->width / e->lanes <= UNROLLED) {
    for (uint64_t i = 0; i < e->p->width; i += e->lanes)
      sum = add_part(e, lo_index_offset(b, first, i), lo_index_offset(b, x_at, 4 * i), sum);
    return sum;
  }
  ir_loop loop = ir_begin_for(b, lo_index(b, 0), lo_index(b, e->p->width), lo_index(b, e->lanes), 1, &sum, &sum);
  ir_value *next =
      add_part(e, lo_index_add(b, first, loop.index), lo_index_add(b, x_at, lo_index_scale(b, loop.index, 4)), sum);
  ir_end_for(b, loop, 1, &next, &sum);
  return sum;
}

// ---- a row -----------------------------------------------------------------------------------------------

static ir_value *load_start(sparse *e, ir_value *tile) {
  ir_value *at = lo_index_add(&e->b, e->starts_at, lo_index_scale(&e->b, tile, 4));
  return ir_emit1(&e->b, IR_TO_INDEX, ir_index(), lo_load(&e->b, lo_i32(1), e->weights, at, NULL));
}

static ir_value *at_token(sparse *e, ir_value *stride) {
  ir_value *index = lo_index_add(&e->b, lo_index_mul(&e->b, e->token, stride), e->row);
  return lo_index_scale(&e->b, index, 4);
}

static ir_value *load_one(sparse *e, ir_value *buffer, ir_value *offset) {
  return lo_load(&e->b, lo_f32(1), buffer, offset, NULL);
}

static void finish(sparse *e, ir_value *sum) {
  ir_builder *b = &e->b;
  ir_value *row_at = lo_index_scale(b, e->row, 4);
  const char *epilogue = e->shape->epilogue == NULL ? "" : e->shape->epilogue;
  sum = e->lanes == 1 ? sum : ir_emit1(b, IR_REDUCE_FADD, lo_f32(1), sum);
  if (e->p->scaled) sum = lo_fmul(b, sum, load_one(e, e->weights, row_at));
  if (e->bias != NULL) sum = lo_fadd(b, sum, load_one(e, e->bias, row_at));
  if (e->addend != NULL) sum = lo_fadd(b, sum, load_one(e, e->addend, at_token(e, e->addend_stride)));
  if (*epilogue != '\0') sum = lower_emit_unary(b, ir_opcode_by_name(epilogue), sum);
  if (e->residual != NULL) sum = lo_fadd(b, sum, load_one(e, e->residual, at_token(e, e->residual_stride)));
  lo_store(b, e->y, at_token(e, e->y_stride), sum, NULL);
}

static void emit_row(sparse *e, ir_value *row) {
  ir_builder *b = &e->b;
  ir_value *size = lo_index(b, e->p->tile_rows);
  ir_value *tile = e->p->tile_rows == 1 ? row : lo_index_div(b, row, size);
  e->row = row;
  e->row_in_tile = e->p->tile_rows == 1 ? NULL : lo_index_rem(b, row, size);
  ir_value *first = load_start(e, tile), *end = load_start(e, lo_index_offset(b, tile, 1));
  ir_loop tokens = lo_begin_loop(b, lo_index(b, 0), e->tokens, lo_index(b, 1));
  e->token = tokens.index;
  e->x_row = lo_index_scale(b, lo_index_mul(b, tokens.index, e->x_stride), 4);
  ir_value *sum = ir_vector_real(b, lo_f32(e->lanes), 0);
  ir_loop entries = ir_begin_for(b, first, end, lo_index(b, e->p->step), 1, &sum, &sum);
  ir_value *next = (e->p->width == 1 ? add_scattered : add_neighbours)(e, entries.index, sum);
  ir_end_for(b, entries, 1, &next, &sum);
  finish(e, sum);
  lo_end_loop(b, tokens);
}

static void begin(sparse *e, ir_module *m, const char *name) {
  const char *buffers[7] = {"weights", "x", "y"};
  const char *sizes[11] = {"tokens", "x_stride", "y_stride", "starts_at", "columns_at", "values_at"};
  ir_value **const fixed[] = {&e->tokens, &e->x_stride, &e->y_stride, &e->starts_at, &e->columns_at, &e->values_at};
  size_t n = 3, s = 6;
  if (e->shape->bias) buffers[n++] = "bias";
  if (e->shape->addend) buffers[n++] = "addend", sizes[s++] = "addend_stride";
  if (e->shape->residual) buffers[n++] = "residual", sizes[s++] = "residual_stride";
  lo_begin_kernel(m, &e->b, name, buffers, sizes, &e->params);
  e->weights = e->params.buffers[0];
  e->x = e->params.buffers[1];
  e->y = e->params.buffers[2];
  for (size_t i = 0; i < 6; i++) *fixed[i] = e->params.sizes[i];
  n = 3, s = 6;
  if (e->shape->bias) e->bias = e->params.buffers[n++];
  if (e->shape->addend) e->addend = e->params.buffers[n++], e->addend_stride = e->params.sizes[s++];
  if (e->shape->residual) e->residual = e->params.buffers[n], e->residual_stride = e->params.sizes[s];
}

ir_func *lower_emit_sparse(ir_module *m, const sparse_packing *p, bool gpu, const matmul_shape *shape,
                           const char *name) {
  sparse e = {.p = p, .shape = shape, .lanes = lanes_of(p)};
  begin(&e, m, name);
  ir_builder *b = &e.b;
  ir_value *first = e.params.begin, *step = lo_index(b, 1);
  if (gpu) { // a row a thread
    ir_type index = ir_index();
    first = lo_index_add(b, first, ir_emit(b, IR_THREAD, &index, 0, NULL, 0, NULL));
    step = ir_emit(b, IR_THREADS, &index, 0, NULL, 0, NULL);
  }
  ir_loop rows = lo_begin_loop(b, first, e.params.end, step);
  emit_row(&e, rows.index);
  lo_end_loop(b, rows);
  lo_end_kernel(b);
  return b->func;
}
