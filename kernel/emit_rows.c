// One emitter a kind of kernel; a table says which operation is which. Elementwise kernels walk their range of elements
// as one; the others walk row by row, each in passes over the row's vectors.
#include "kernel/emit_rows.h"

#include <math.h>

#include "kernel/emit_base.h"
#include "kernel/emit_hadamard.h"
#include "kernel/emit_math.h"
#include "support/fp.h"

#define MAX_BUFFERS 4
#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct rows_emitter {
  ir_builder b;
  const rows_kernel *k;
  bool gpu;
  ir_value *x;
  ir_value *y;
  ir_value *second;
  ir_value *gain;
  ir_value *bias;
  ir_value *columns;
  ir_value *second_rows;
  ir_value *begin;
  ir_value *end;
  ir_value *row_offset;    // bytes of the row that is being emitted, in x and y
  ir_value *second_offset; // and in second
  ir_value *shift;         // of the row: what is subtracted, in all lanes
  ir_value *factor;        // of the row: what is multiplied, in all lanes
} rows_emitter;

// A vector's place in a row: byte offset from the row's start, and how many lanes are there (NULL: all).
typedef struct row_part {
  ir_value *offset;
  ir_value *count;
} row_part;

// Does one vector of a row; takes and returns the carried sum (NULL where a pass has none).
typedef ir_value *(*row_step)(rows_emitter *e, row_part part, ir_value *sum);

// ---- walks

static ir_value *bytes(rows_emitter *e, ir_value *index) { return lo_index_scale(&e->b, index, sizeof(float)); }

static ir_loop begin_walk(rows_emitter *e, ir_value *lo, ir_value *hi, uint64_t step, ir_value **sum) {
  ir_value *turn = lo_index(&e->b, step);
  return ir_begin_for(&e->b, lo, hi, turn, *sum == NULL ? 0 : 1, sum, sum);
}

static void end_walk(rows_emitter *e, ir_loop loop, ir_value **sum) {
  ir_end_for(&e->b, loop, *sum == NULL ? 0 : 1, sum, sum);
}

// Every vector of a row in order: the whole ones, then the cut one.
static ir_value *walk_row(rows_emitter *e, row_step step, ir_value *sum) {
  ir_builder *b = &e->b;
  ir_value *whole = lo_index_floor(b, e->columns, LO_LANES);
  ir_loop loop = begin_walk(e, lo_index(b, 0), whole, LO_LANES, &sum);
  sum = step(e, (row_part){.offset = bytes(e, loop.index)}, sum);
  end_walk(e, loop, &sum);
  loop = begin_walk(e, whole, e->columns, LO_LANES, &sum);
  ir_value *count = lo_index_sub(b, e->columns, loop.index);
  sum = step(e, (row_part){.offset = bytes(e, loop.index), .count = count}, sum);
  end_walk(e, loop, &sum);
  return sum;
}

static ir_value *read_row(rows_emitter *e, ir_value *buffer, row_part part) {
  ir_value *offset = lo_index_add(&e->b, e->row_offset, part.offset);
  return lo_load(&e->b, lo_f32(LO_LANES), buffer, offset, part.count);
}

static void write_row(rows_emitter *e, row_part part, ir_value *v) {
  lo_store(&e->b, e->y, lo_index_add(&e->b, e->row_offset, part.offset), v, part.count);
}

// Writes a vector and gives it back with zeros in the lanes that are not there, for sums.
static ir_value *write_row_cut(rows_emitter *e, row_part part, ir_value *v) {
  write_row(e, part, v);
  return part.count == NULL ? v : read_row(e, e->y, part);
}

// Opens the loop over rows; sets row_offset.
static ir_loop begin_rows(rows_emitter *e) {
  ir_builder *b = &e->b;
  ir_value *first = e->begin;
  ir_value *step = lo_index(b, 1);
  if (e->gpu) {
    ir_type index = ir_index();
    first = lo_index_add(b, first, ir_emit(b, IR_THREAD, &index, 0, NULL, 0, NULL));
    step = ir_emit(b, IR_THREADS, &index, 0, NULL, 0, NULL);
  }
  ir_loop loop = lo_begin_loop(b, first, e->end, step);
  e->row_offset = bytes(e, lo_index_mul(b, loop.index, e->columns));
  return loop;
}

static ir_value *zero_lanes(rows_emitter *e) { return ir_vector_real(&e->b, lo_f32(LO_LANES), 0); }

static ir_value *all_lanes(rows_emitter *e, ir_value *one) { return lo_splat(&e->b, one, LO_LANES); }

static ir_value *add_lanes(rows_emitter *e, ir_value *sum) { return ir_emit1(&e->b, IR_REDUCE_FADD, lo_f32(1), sum); }

// ---- elementwise: x -> y

static ir_value *one_element(rows_emitter *e, ir_value *x) {
  ir_builder *b = &e->b;
  if (e->k->op == IR_RESHAPE) return x;
  if (e->k->op != IR_TSCALE) return lower_emit_unary(b, e->k->op, x);
  if (e->k->mul != 1) x = lo_fmul(b, x, lo_real(b, x, e->k->mul));
  bool nothing = e->k->add == 0 && signbit(e->k->add); // x + -0 is x, also where x is -0
  return nothing ? x : lo_fadd(b, x, lo_real(b, x, e->k->add));
}

static void element_step(rows_emitter *e, ir_value *index, uint32_t lanes, ir_value *count) {
  ir_value *offset = bytes(e, index);
  ir_value *x = lo_load(&e->b, lo_f32(lanes), e->x, offset, count);
  lo_store(&e->b, e->y, offset, one_element(e, x), count);
}

// One element a thread: neighbouring threads touch neighbouring bytes. Lanes do not mix, so the bits are the same.
static void emit_elements_gpu(rows_emitter *e, ir_value *lo, ir_value *hi) {
  ir_builder *b = &e->b;
  ir_type index = ir_index();
  ir_value *first = lo_index_add(b, lo, ir_emit(b, IR_THREAD, &index, 0, NULL, 0, NULL));
  ir_loop loop = lo_begin_loop(b, first, hi, ir_emit(b, IR_THREADS, &index, 0, NULL, 0, NULL));
  element_step(e, loop.index, 1, NULL);
  lo_end_loop(b, loop);
}

static void emit_elements(rows_emitter *e) {
  ir_builder *b = &e->b;
  ir_value *lo = lo_index_mul(b, e->begin, e->columns);
  ir_value *hi = lo_index_mul(b, e->end, e->columns);
  if (e->gpu) {
    emit_elements_gpu(e, lo, hi);
    return;
  }
  ir_value *step = lo_index(b, LO_LANES);
  ir_value *whole = lo_index_add(b, lo, lo_index_floor(b, lo_index_sub(b, hi, lo), LO_LANES));
  ir_loop loop = lo_begin_loop(b, lo, whole, step);
  element_step(e, loop.index, LO_LANES, NULL);
  lo_end_loop(b, loop);
  loop = lo_begin_loop(b, whole, hi, step);
  element_step(e, loop.index, LO_LANES, lo_index_sub(b, hi, loop.index));
  lo_end_loop(b, loop);
}

// ---- elementwise: x, second -> y

typedef struct binary_row {
  ir_opcode op;
  ir_opcode lanes;
} binary_row;

static const binary_row binary_rows[] = {
    {IR_TADD, IR_FADD}, {IR_TSUB, IR_FSUB}, {IR_TMUL, IR_FMUL}, {IR_TDIV, IR_FDIV}};

static ir_opcode binary_lanes(ir_opcode op) {
  size_t i = 0;
  while (binary_rows[i].op != op) i++;
  return binary_rows[i].lanes;
}

static ir_value *binary_step(rows_emitter *e, row_part part, ir_value *sum) {
  ir_value *x = read_row(e, e->x, part);
  ir_value *offset = lo_index_add(&e->b, e->second_offset, part.offset);
  ir_value *second = lo_load(&e->b, x->type, e->second, offset, part.count);
  write_row(e, part, ir_emit2(&e->b, binary_lanes(e->k->op), x->type, x, second));
  return sum;
}

// Row r of x starts r * columns elements in, so element i of x meets element i % (second_rows * columns).
static void emit_binary_gpu(rows_emitter *e) {
  ir_builder *b = &e->b;
  ir_type index = ir_index();
  ir_value *period = lo_index_mul(b, e->second_rows, e->columns);
  ir_value *lo = lo_index_mul(b, e->begin, e->columns);
  lo = lo_index_add(b, lo, ir_emit(b, IR_THREAD, &index, 0, NULL, 0, NULL));
  ir_value *hi = lo_index_mul(b, e->end, e->columns);
  ir_loop loop = lo_begin_loop(b, lo, hi, ir_emit(b, IR_THREADS, &index, 0, NULL, 0, NULL));
  ir_value *offset = bytes(e, loop.index);
  ir_value *x = lo_load(b, lo_f32(1), e->x, offset, NULL);
  ir_value *second = lo_load(b, x->type, e->second, bytes(e, lo_index_rem(b, loop.index, period)), NULL);
  lo_store(b, e->y, offset, ir_emit2(b, binary_lanes(e->k->op), x->type, x, second), NULL);
  lo_end_loop(b, loop);
}

static void emit_binary(rows_emitter *e) {
  if (e->gpu) {
    emit_binary_gpu(e);
    return;
  }
  ir_builder *b = &e->b;
  ir_loop rows = begin_rows(e);
  ir_value *row = lo_index_rem(b, rows.index, e->second_rows);
  e->second_offset = bytes(e, lo_index_mul(b, row, e->columns));
  walk_row(e, binary_step, NULL);
  lo_end_loop(b, rows);
}

// ---- softmax: e^(x - max) / sum

// The lanes start as the first number, so the cut vector's numbers can be taken one by one, without a neutral element.
static ir_value *row_max(rows_emitter *e) {
  ir_builder *b = &e->b;
  ir_value *whole = lo_index_floor(b, e->columns, LO_LANES);
  ir_value *max = lo_load_splat(b, lo_f32(LO_LANES), e->x, e->row_offset);
  ir_loop loop = begin_walk(e, lo_index(b, 0), whole, LO_LANES, &max);
  max = ir_emit2(b, IR_FMAX, max->type, read_row(e, e->x, (row_part){.offset = bytes(e, loop.index)}), max);
  end_walk(e, loop, &max);
  loop = begin_walk(e, whole, e->columns, 1, &max);
  ir_value *offset = lo_index_add(b, e->row_offset, bytes(e, loop.index));
  max = ir_emit2(b, IR_FMAX, max->type, lo_load_splat(b, max->type, e->x, offset), max);
  end_walk(e, loop, &max);
  return ir_emit1(b, IR_REDUCE_FMAX, lo_f32(1), max);
}

static ir_value *exp_step(rows_emitter *e, row_part part, ir_value *sum) {
  ir_value *power = lower_emit_exp(&e->b, lo_fsub(&e->b, read_row(e, e->x, part), e->shift));
  return lo_fadd(&e->b, sum, write_row_cut(e, part, power));
}

static ir_value *factor_step(rows_emitter *e, row_part part, ir_value *sum) {
  write_row(e, part, lo_fmul(&e->b, read_row(e, e->y, part), e->factor));
  return sum;
}

static ir_value *reciprocal(rows_emitter *e, ir_value *x) { return lo_fdiv(&e->b, lo_real(&e->b, x, 1), x); }

static void emit_softmax(rows_emitter *e) {
  ir_loop rows = begin_rows(e);
  e->shift = all_lanes(e, row_max(e));
  ir_value *sum = walk_row(e, exp_step, zero_lanes(e));
  e->factor = all_lanes(e, reciprocal(e, add_lanes(e, sum)));
  walk_row(e, factor_step, NULL);
  lo_end_loop(&e->b, rows);
}

// ---- norms

static ir_value *columns_as_float(rows_emitter *e) {
  ir_value *n = ir_emit1(&e->b, IR_FROM_INDEX, lo_i32(1), e->columns);
  return ir_emit1(&e->b, IR_ITOF, lo_f32(1), n);
}

static ir_value *mean(rows_emitter *e, ir_value *sum) { return lo_fdiv(&e->b, add_lanes(e, sum), columns_as_float(e)); }

// 1 / sqrt(mean square + eps)
static ir_value *norm_factor(rows_emitter *e, ir_value *squares) {
  ir_value *m = mean(e, squares);
  ir_value *sum = lo_fadd(&e->b, m, lo_real(&e->b, m, e->k->eps));
  return all_lanes(e, reciprocal(e, ir_emit1(&e->b, IR_FSQRT, sum->type, sum)));
}

static ir_value *sum_step(rows_emitter *e, row_part part, ir_value *sum) {
  return lo_fadd(&e->b, sum, read_row(e, e->x, part));
}

static ir_value *square_step(rows_emitter *e, row_part part, ir_value *sum) {
  ir_value *x = read_row(e, e->x, part);
  return lo_fadd(&e->b, sum, lo_fmul(&e->b, x, x));
}

static ir_value *center_step(rows_emitter *e, row_part part, ir_value *sum) {
  ir_value *centered = lo_fsub(&e->b, read_row(e, e->x, part), e->shift);
  centered = write_row_cut(e, part, centered);
  return lo_fadd(&e->b, sum, lo_fmul(&e->b, centered, centered));
}

static ir_value *gain_and_bias(rows_emitter *e, row_part part, ir_value *v) {
  if (e->gain != NULL) v = lo_fmul(&e->b, v, lo_load(&e->b, v->type, e->gain, part.offset, part.count));
  if (e->bias != NULL) v = lo_fadd(&e->b, v, lo_load(&e->b, v->type, e->bias, part.offset, part.count));
  return v;
}

static void norm_from(rows_emitter *e, ir_value *buffer, row_part part) {
  ir_value *v = lo_fmul(&e->b, read_row(e, buffer, part), e->factor);
  write_row(e, part, gain_and_bias(e, part, v));
}

static ir_value *norm_x_step(rows_emitter *e, row_part part, ir_value *sum) {
  norm_from(e, e->x, part);
  return sum;
}

static ir_value *norm_y_step(rows_emitter *e, row_part part, ir_value *sum) {
  norm_from(e, e->y, part);
  return sum;
}

static void emit_layernorm(rows_emitter *e) {
  ir_loop rows = begin_rows(e);
  e->shift = all_lanes(e, mean(e, walk_row(e, sum_step, zero_lanes(e))));
  e->factor = norm_factor(e, walk_row(e, center_step, zero_lanes(e)));
  walk_row(e, norm_y_step, NULL);
  lo_end_loop(&e->b, rows);
}

static void emit_rmsnorm(rows_emitter *e) {
  ir_loop rows = begin_rows(e);
  e->factor = norm_factor(e, walk_row(e, square_step, zero_lanes(e)));
  walk_row(e, norm_x_step, NULL);
  lo_end_loop(&e->b, rows);
}

// ---- gathers and Hadamard transforms

static ir_value *take_step(rows_emitter *e, row_part part, ir_value *sum) {
  ir_builder *b = &e->b;
  ir_value *index = lo_load(b, lo_i32(LO_LANES), e->second, part.offset, part.count);
  ir_value *offsets = ir_emit_attr(b, IR_SHL, index->type, index, ir_int(IR_ATTR_SHIFT, 2));
  write_row(e, part, ir_emit3(b, IR_GATHER, lo_f32(LO_LANES), e->x, offsets, e->row_offset));
  return sum;
}

// The loop of a GPU's threads over items of the work range, `each` elements long.
static ir_loop begin_items_gpu(rows_emitter *e, uint64_t each) {
  ir_builder *b = &e->b;
  ir_type index = ir_index();
  ir_value *size = lo_index(b, each);
  ir_value *lo = lo_index_div(b, lo_index_mul(b, e->begin, e->columns), size);
  ir_value *hi = lo_index_div(b, lo_index_mul(b, e->end, e->columns), size);
  lo = lo_index_add(b, lo, ir_emit(b, IR_THREAD, &index, 0, NULL, 0, NULL));
  return lo_begin_loop(b, lo, hi, ir_emit(b, IR_THREADS, &index, 0, NULL, 0, NULL));
}

// An element a thread.
static void emit_take_gpu(rows_emitter *e) {
  ir_builder *b = &e->b;
  ir_loop loop = begin_items_gpu(e, 1);
  ir_value *column = lo_index_rem(b, loop.index, e->columns);
  ir_value *index = lo_load(b, lo_i32(1), e->second, bytes(e, column), NULL);
  ir_value *offset = ir_emit_attr(b, IR_SHL, index->type, index, ir_int(IR_ATTR_SHIFT, 2));
  ir_value *row = bytes(e, lo_index_sub(b, loop.index, column));
  lo_store(b, e->y, bytes(e, loop.index), ir_emit3(b, IR_GATHER, lo_f32(1), e->x, offset, row), NULL);
  lo_end_loop(b, loop);
}

static void emit_take(rows_emitter *e) {
  if (e->gpu) {
    emit_take_gpu(e);
    return;
  }
  ir_loop rows = begin_rows(e);
  walk_row(e, take_step, NULL);
  lo_end_loop(&e->b, rows);
}

// A block a thread: rows are whole blocks, one after the other.
static void emit_hadamard_gpu(rows_emitter *e) {
  ir_builder *b = &e->b;
  uint64_t block = e->k->block;
  ir_loop loop = begin_items_gpu(e, block);
  ir_value *offset = lo_index_scale(b, loop.index, block * sizeof(float));
  lower_emit_hadamard(b, &(hadamard_row){e->x, e->y, offset, lo_index(b, block), block});
  lo_end_loop(b, loop);
}

static void emit_hadamard(rows_emitter *e) {
  if (e->gpu) {
    emit_hadamard_gpu(e);
    return;
  }
  ir_loop rows = begin_rows(e);
  lower_emit_hadamard(&e->b, &(hadamard_row){e->x, e->y, e->row_offset, e->columns, e->k->block});
  lo_end_loop(&e->b, rows);
}

// ---- which is which

enum rows_uses {
  USES_INDEX = 32,
  USES_BLOCK = 64,
  USES_SECOND = 1,
  USES_EPS = 2,
  USES_GAIN = 4,
  USES_BIAS = 8,
  USES_MUL_ADD = 16
};

typedef struct rows_row {
  ir_opcode op;
  void (*emit)(rows_emitter *e);
  unsigned uses;
} rows_row;

static const rows_row rows_table[] = {
    {IR_RELU, emit_elements, 0},
    {IR_GELU, emit_elements, 0},
    {IR_SILU, emit_elements, 0},
    {IR_TANH, emit_elements, 0},
    {IR_SIGMOID, emit_elements, 0},
    {IR_TNEG, emit_elements, 0},
    {IR_RESHAPE, emit_elements, 0},
    {IR_TSCALE, emit_elements, USES_MUL_ADD},
    {IR_TADD, emit_binary, USES_SECOND},
    {IR_TSUB, emit_binary, USES_SECOND},
    {IR_TMUL, emit_binary, USES_SECOND},
    {IR_TDIV, emit_binary, USES_SECOND},
    {IR_SOFTMAX, emit_softmax, 0},
    {IR_LAYERNORM, emit_layernorm, USES_EPS | USES_GAIN | USES_BIAS},
    {IR_RMSNORM, emit_rmsnorm, USES_EPS | USES_GAIN},
    {IR_TAKE, emit_take, USES_INDEX},
    {IR_HADAMARD, emit_hadamard, USES_BLOCK},
};

static const rows_row *find_row(ir_opcode op) {
  for (size_t i = 0; i < COUNT(rows_table); i++) {
    if (rows_table[i].op == op) return &rows_table[i];
  }
  return NULL;
}

bool lower_is_rows(ir_opcode op) { return find_row(op) != NULL; }

static void append_constant(strbuf *text, double value) { strbuf_printf(text, "_%08x", fp_bits32((float)value)); }

const char *lower_rows_name(arena *a, const rows_kernel *k) {
  unsigned uses = find_row(k->op)->uses;
  strbuf text = {.mem = a};
  strbuf_printf(&text, "rows_%s", ir_op_get_info(k->op)->name);
  if ((uses & USES_GAIN) != 0 && k->gain) strbuf_printf(&text, "_gain");
  if ((uses & USES_BIAS) != 0 && k->bias) strbuf_printf(&text, "_bias");
  if ((uses & USES_EPS) != 0) append_constant(&text, k->eps);
  if ((uses & USES_MUL_ADD) != 0) append_constant(&text, k->mul);
  if ((uses & USES_MUL_ADD) != 0) append_constant(&text, k->add);
  if ((uses & USES_BLOCK) != 0) strbuf_printf(&text, "_%llu", (unsigned long long)k->block);
  return strbuf_text(&text);
}

// Gives every buffer that the kernel has its parameter, in slot order.
static void begin_kernel(rows_emitter *e, ir_module *m, const char *name, unsigned uses) {
  const char *buffers[MAX_BUFFERS + 1] = {"x", "y"};
  size_t n = 2;
  bool second = (uses & USES_SECOND) != 0;
  bool gain = (uses & USES_GAIN) != 0 && e->k->gain;
  bool bias = (uses & USES_BIAS) != 0 && e->k->bias;
  bool index = (uses & USES_INDEX) != 0;
  if (second) buffers[n++] = "second";
  if (index) buffers[n++] = "index";
  if (gain) buffers[n++] = "gain";
  if (bias) buffers[n++] = "bias";
  const char *const sizes[] = {"columns", second ? "second_rows" : NULL, NULL};
  lo_params p;
  lo_begin_kernel(m, &e->b, name, buffers, sizes, &p);
  e->x = p.buffers[0];
  e->y = p.buffers[1];
  e->second = second || index ? p.buffers[2] : NULL;
  e->gain = gain ? p.buffers[2] : NULL;
  e->bias = bias ? p.buffers[n - 1] : NULL;
  e->columns = p.sizes[0];
  e->second_rows = second ? p.sizes[1] : NULL;
  e->begin = p.begin;
  e->end = p.end;
}

ir_func *lower_emit_rows(ir_module *m, const rows_kernel *k, const target_tier *tier, bool gpu, const char *name) {
  (void)tier;
  const rows_row *row = find_row(k->op);
  rows_emitter e = {.k = k, .gpu = gpu};
  begin_kernel(&e, m, name, row->uses);
  row->emit(&e);
  lo_end_kernel(&e.b);
  return e.b.func;
}
