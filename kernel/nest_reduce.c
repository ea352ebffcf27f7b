// Sums and their kin. Lanes of a statement each go over the indices in order. What lanes share is computed once, itself in
// lanes along an index that memory is contiguous in: lane i takes the numbers i, i + 16, .., and the lanes are combined by
// halves. So every sum has one order, which nothing but the text and the shapes decides.
#include <math.h>

#include "kernel/nest_inside.h"

#define NO_CODE IR_OPCODE_COUNT

typedef struct reduce_row {
  double start; // of reals; of integers, where finite
  ir_opcode real, integer, truth;
  ir_opcode fold_real, fold_integer, fold_truth;
} reduce_row;

static const reduce_row rows[ST_OP_COUNT] = {
    [ST_SUM] = {0, IR_FADD, IR_ADD, NO_CODE, IR_REDUCE_FADD, IR_REDUCE_ADD, NO_CODE},
    [ST_PROD] = {1, IR_FMUL, IR_MUL, NO_CODE, IR_REDUCE_FMUL, IR_REDUCE_MUL, NO_CODE},
    [ST_GREATEST] = {-INFINITY, IR_FMAXIMUM, IR_SMAX, IR_OR, IR_REDUCE_FMAXIMUM, IR_REDUCE_SMAX, IR_REDUCE_OR},
    [ST_LEAST] = {INFINITY, IR_FMINIMUM, IR_SMIN, IR_AND, IR_REDUCE_FMINIMUM, IR_REDUCE_SMIN, IR_REDUCE_AND},
    [ST_ANY] = {0, NO_CODE, NO_CODE, IR_OR, NO_CODE, NO_CODE, IR_REDUCE_OR},
    [ST_ALL] = {1, NO_CODE, NO_CODE, IR_AND, NO_CODE, NO_CODE, IR_REDUCE_AND},
    [ST_ARGMAX] = {-INFINITY, NO_CODE, NO_CODE, NO_CODE, NO_CODE, NO_CODE, NO_CODE},
    [ST_ARGMIN] = {INFINITY, NO_CODE, NO_CODE, NO_CODE, NO_CODE, NO_CODE, NO_CODE},
};

#define MOST_CARRIED 2

typedef struct reduction {
  const st_expr *e;
  const st_expr *body;
  st_class kind; // of what is combined
  bool finds;    // argmax, argmin: the second carried value is the position
  size_t carried_count;
  ir_value *carried[MOST_CARRIED];
  const st_index *last; // the innermost loop's
} reduction;

static ir_opcode code_of(const reduction *r, bool fold) {
  const reduce_row *row = &rows[r->e->op];
  if (r->kind == ST_CLASS_REAL) return fold ? row->fold_real : row->real;
  if (r->kind == ST_CLASS_INT) return fold ? row->fold_integer : row->integer;
  return fold ? row->fold_truth : row->truth;
}

// ---- the beginning

static ir_value *start_value(nest *n, const reduction *r, uint32_t lanes) {
  double start = rows[r->e->op].start;
  if (r->kind == ST_CLASS_INT && !isfinite(start)) {
    int64_t edge = start < 0 ? elem_min(n->integer) : elem_max(n->integer);
    return ir_vector_int(&n->b, nest_type(n, r->kind, lanes), edge);
  }
  if (r->kind == ST_CLASS_BOOL && !isfinite(start)) start = start < 0 ? 0 : 1;
  return nest_constant(n, r->kind, lanes, start);
}

static reduction begin(nest *n, const st_expr *e, uint32_t lanes) {
  reduction r = {.e = e, .body = e->args[0], .kind = e->args[0]->kind, .carried_count = 1};
  r.finds = e->op == ST_ARGMAX || e->op == ST_ARGMIN;
  if (r.kind == ST_CLASS_BOOL && (e->op == ST_SUM || e->op == ST_PROD || r.finds)) r.kind = ST_CLASS_INT;
  if (e->op == ST_ANY || e->op == ST_ALL) r.kind = ST_CLASS_BOOL;
  r.carried[0] = start_value(n, &r, lanes);
  if (r.finds) r.carried[r.carried_count++] = nest_constant(n, ST_CLASS_INT, lanes, 0);
  return r;
}

// ---- one more number

static ir_value *position(nest *n, const reduction *r) {
  ir_value *at = lo_index(&n->b, 0);
  for (size_t i = 0; i < r->e->index_count; i++) {
    const st_index *index = r->e->indices[i];
    at = lo_index_add(&n->b, lo_index_mul(&n->b, at, nest_size(n, index->count)), n->places[index->number].at);
  }
  return ir_emit1(&n->b, IR_FROM_INDEX, nest_type(n, ST_CLASS_INT, 1), at);
}

// The first one wins, and so does the first that is no number.
static void take_if_better(nest *n, reduction *r, ir_value *v) {
  bool real = r->kind == ST_CLASS_REAL;
  ir_value *best = r->carried[0];
  ir_type mask = ir_vector(ELEM_U1, v->type.lanes);
  bool most = r->e->op == ST_ARGMAX;
  ir_value *not = ir_emit2(&n->b, real ? IR_FLE : IR_LE, mask, most ? v : best, most ? best : v);
  ir_value *better = ir_emit2(&n->b, IR_XOR, mask, not, ir_vector_int(&n->b, mask, 1));
  if (real) better = ir_emit2(&n->b, IR_AND, mask, better, ir_emit2(&n->b, IR_FEQ, mask, best, best));
  ir_value *at = nest_widen(n, position(n, r), v->type.lanes);
  r->carried[0] = ir_emit3(&n->b, IR_SELECT, v->type, better, v, best);
  r->carried[1] = ir_emit3(&n->b, IR_SELECT, at->type, better, at, r->carried[1]);
}

// Lanes that are not there take part with what changes nothing.
static ir_value *only_present(nest *n, const reduction *r, ir_value *v) {
  if (n->lane != r->last || n->count == NULL) return v;
  ir_type type = ir_vector(n->integer, v->type.lanes);
  ir_value *iota = ir_emit(&n->b, IR_IOTA, &type, 0, NULL, 0, NULL);
  ir_value *count = ir_emit1(&n->b, IR_FROM_INDEX, ir_vector(n->integer, 1), n->count);
  ir_value *there = ir_emit2(&n->b, IR_LT, ir_vector(ELEM_U1, type.lanes), iota, lo_splat(&n->b, count, type.lanes));
  return ir_emit3(&n->b, IR_SELECT, v->type, there, v, start_value(n, r, type.lanes));
}

static void take_one(nest *n, reduction *r) {
  uint32_t lanes = r->carried[0]->type.lanes;
  ir_value *v = nest_convert(n, nest_value_of(n, r->body), r->body->kind, r->kind);
  v = nest_widen(n, v, lanes);
  if (r->finds) {
    take_if_better(n, r, v);
    return;
  }
  v = only_present(n, r, v);
  r->carried[0] = ir_emit2(&n->b, code_of(r, false), v->type, r->carried[0], v);
}

// ---- loops

typedef struct open_loop {
  ir_loop loop;
  size_t mark;
  const st_index *index;
} open_loop;

static open_loop open_index(nest *n, reduction *r, const st_index *index, ir_value *lo, ir_value *hi, uint64_t step) {
  nest_hoist(n, r->body);
  open_loop o = {.mark = nest_mark(n), .index = index};
  o.loop = ir_begin_for(&n->b, lo, hi, lo_index(&n->b, step), r->carried_count, r->carried, r->carried);
  n->places[index->number] = (nest_place){.open = true, .at = o.loop.index};
  return o;
}

static void close_index(nest *n, reduction *r, open_loop o) {
  n->places[o.index->number].open = false;
  nest_forget(n, o.mark);
  ir_end_for(&n->b, o.loop, r->carried_count, r->carried, r->carried);
}

static void in_lanes(nest *n, reduction *r) {
  ir_value *size = nest_size(n, r->last->count);
  ir_value *whole = lo_index_floor(&n->b, size, NEST_LANES);
  open_loop o = open_index(n, r, r->last, lo_index(&n->b, 0), whole, NEST_LANES);
  n->lane = r->last;
  take_one(n, r);
  n->lane = NULL;
  close_index(n, r, o);
  o = open_index(n, r, r->last, whole, size, NEST_LANES);
  n->lane = r->last;
  n->count = lo_index_sub(&n->b, size, o.loop.index);
  take_one(n, r);
  n->lane = NULL, n->count = NULL;
  close_index(n, r, o);
}

static void go_over(nest *n, reduction *r, size_t i, bool lanes) {
  while (i < r->e->index_count && lanes && r->e->indices[i] == r->last) i++;
  if (i < r->e->index_count) {
    const st_index *index = r->e->indices[i];
    open_loop o = open_index(n, r, index, lo_index(&n->b, 0), nest_size(n, index->count), 1);
    go_over(n, r, i + 1, lanes);
    close_index(n, r, o);
  } else if (lanes) {
    in_lanes(n, r);
  } else {
    take_one(n, r);
  }
}

// The index that lanes run along: that of most contiguous reads, the last of several; NULL when no read is contiguous.
static const st_index *lane_index(nest *n, const st_expr *e) {
  const st_index *best = NULL;
  unsigned most = 0;
  for (size_t i = 0; i < e->index_count; i++) {
    unsigned reads;
    unsigned contiguous;
    nest_count_reads(n, e->args[0], e->indices[i], &reads, &contiguous);
    if (contiguous == 0 || contiguous < most) continue;
    most = contiguous;
    best = e->indices[i];
  }
  return best;
}

ir_value *nest_reduce(nest *n, const st_expr *e) {
  uint32_t own = nest_lanes(n, e);
  bool finds = e->op == ST_ARGMAX || e->op == ST_ARGMIN;
  const st_index *along = n->lane == NULL && !finds ? lane_index(n, e) : NULL;
  reduction r = begin(n, e, along != NULL ? NEST_LANES : own);
  r.last = along;
  bool careful = n->careful;
  if (along != NULL) n->careful = true;
  go_over(n, &r, 0, along != NULL);
  n->careful = careful;
  ir_value *result = r.finds ? r.carried[1] : r.carried[0];
  st_class kind = r.finds ? ST_CLASS_INT : r.kind;
  if (along != NULL) {
    ir_type one = ir_vector(result->type.elem, 1);
    result = ir_emit1(&n->b, code_of(&r, true), one, result);
  }
  return nest_convert(n, result, kind, e->kind);
}
