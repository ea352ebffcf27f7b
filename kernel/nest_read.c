// Reads of tensors. Where lanes are neighbours in memory a vector is loaded, else each lane gathers. A subscript that is
// not proved to lie inside is cut to its dimension, so that no read leaves its tensor, whatever a condition around it says.
#include <math.h>

#include "kernel/emit_code.h"
#include "kernel/emit_values.h"
#include "kernel/nest_inside.h"

// ---- storage

uint64_t nest_storage_bytes(elem_type storage) { return (elem_get(storage)->bits + 7) / 8; }

static ir_value *change(nest *n, ir_opcode code, elem_type elem, ir_value *v) {
  return ir_emit1(&n->b, code, ir_vector(elem, v->type.lanes), v);
}

ir_value *nest_load_as(nest *n, elem_type storage, ir_value *loaded, st_class kind) {
  elem_type lanes = nest_type(n, kind, 1).elem;
  bool cut = kind == ST_CLASS_INT && elem_get(storage)->bits > elem_get(lanes)->bits; // what is proved to fit
  if (cut) return lo_convert(&n->b, lo_from_stored(&n->b, storage, loaded, ELEM_I64), lanes);
  return lo_from_stored(&n->b, storage, loaded, lanes);
}

// What is too large for a type without infinities becomes NaN where the type has one, as a tensor stores it.
static ir_value *without_overflow(nest *n, elem_type storage, ir_value *v) {
  elem_special special = elem_get(storage)->special;
  if (special != ELEM_TOP && special != ELEM_UZ) return v;
  double most = elem_max_finite(storage);
  double step = ldexp(1, ilogb(most) - (int)elem_get(storage)->man_bits);
  ir_value *limit = lo_constant(&n->b, v->type, most + step / 2);
  ir_value *size = lo_abs(&n->b, v);
  bool even = fmod(most / step, 2) == 0; // then the middle is nearest to the greatest number
  ir_value *beyond = even ? lo_lt(&n->b, limit, size) : lo_le(&n->b, limit, size);
  return lo_select(&n->b, beyond, lo_constant(&n->b, v->type, NAN), v);
}

ir_value *nest_store_as(nest *n, elem_type storage, ir_value *v) {
  if (lo_is_float(v)) v = without_overflow(n, storage, v);
  return lo_to_stored(&n->b, storage, v);
}

// ---- integers as indices

static ir_value *by_lanes(nest *n, const st_expr *e) {
  ir_value *v = nest_value_of(n, e);
  if (v->type.lanes != 1) {
    nest_fail(n, e->loc, "a subscript of this form");
    return lo_index(&n->b, 0);
  }
  if (v->type.elem == ELEM_I32) v = change(n, IR_SEXT, ELEM_I64, v);
  return ir_emit1(&n->b, IR_TO_INDEX, ir_index(), v);
}

static ir_value *index_pair(nest *n, const st_expr *e, ir_value *(*make)(ir_builder *, ir_value *, ir_value *)) {
  ir_value *x = nest_index_value(n, e->args[0]);
  return make(&n->b, x, nest_index_value(n, e->args[1]));
}

// Negative numbers wrap around, which sums and products do not mind; all other operations go by signed lanes.
ir_value *nest_index_value(nest *n, const st_expr *e) {
  switch (e->op) {
  case ST_INT: return lo_index(&n->b, (uint64_t)e->i);
  case ST_SIZE: return nest_size(n, e->size);
  case ST_INDEX: return n->places[e->index->number].at;
  case ST_ADD: return index_pair(n, e, lo_index_add);
  case ST_SUB: return index_pair(n, e, lo_index_sub);
  case ST_MUL: return index_pair(n, e, lo_index_mul);
  case ST_NEG: return lo_index_sub(&n->b, lo_index(&n->b, 0), nest_index_value(n, e->args[0]));
  case ST_DIV:
    if (e->args[0]->low >= 0 && e->args[1]->low > 0) return index_pair(n, e, lo_index_div);
    return by_lanes(n, e);
  case ST_MOD:
    if (e->args[0]->low >= 0 && e->args[1]->low > 0) return index_pair(n, e, lo_index_rem);
    return by_lanes(n, e);
  default: return by_lanes(n, e);
  }
}

// ---- where a read is

// Cut to 0 .. size - 1; an index below 0 is a huge number and becomes the last.
static ir_value *cut_index(nest *n, ir_value *at, const extent *size) {
  return lo_index_min(&n->b, at, lo_index_minus(&n->b, nest_size(n, size), lo_index(&n->b, 1)));
}

static ir_value *scalar_subscript(nest *n, const st_expr *read, size_t dim) {
  ir_value *at = nest_index_value(n, read->args[dim]);
  return nest_is_inside(n, read, dim) ? at : cut_index(n, at, read->tensor->dims[dim]);
}

static bool runs_along_lanes(const nest *n, const st_expr *e) { return n->lane != NULL && nest_depends(n, e, n->lane); }

// The elements before that of the read, those of subscripts that lanes share; *lanes is set when others are left.
static ir_value *shared_place(nest *n, const st_expr *read, bool *lanes) {
  ir_value *place = NULL;
  *lanes = false;
  for (size_t i = 0; i < read->arg_count; i++) {
    if (place != NULL) place = lo_index_mul(&n->b, place, nest_size(n, read->tensor->dims[i]));
    if (runs_along_lanes(n, read->args[i])) {
      *lanes = true;
      continue;
    }
    ir_value *at = scalar_subscript(n, read, i);
    place = place == NULL ? at : lo_index_add(&n->b, place, at);
  }
  return place == NULL ? lo_index(&n->b, 0) : place;
}

static ir_value *all_lanes(nest *n, ir_value *one) { return lo_splat(&n->b, one, NEST_LANES); }

// An index in all lanes, as the integers that the kernel computes with.
static ir_value *index_lanes(nest *n, ir_value *index) {
  return all_lanes(n, ir_emit1(&n->b, IR_FROM_INDEX, ir_vector(n->integer, 1), index));
}

static ir_value *integers2(nest *n, ir_opcode code, ir_value *x, ir_value *y) {
  return ir_emit2(&n->b, code, x->type, x, y);
}

static ir_value *cut_lanes(nest *n, ir_value *at, const extent *size) {
  ir_value *zero = ir_vector_int(&n->b, at->type, 0);
  ir_value *last = index_lanes(n, lo_index_minus(&n->b, nest_size(n, size), lo_index(&n->b, 1)));
  return integers2(n, IR_SMAX, integers2(n, IR_SMIN, at, last), zero);
}

// Offsets of the lanes, in bytes, from the place that they share.
static ir_value *lane_offsets(nest *n, const st_expr *read, uint64_t bytes) {
  ir_value *sum = NULL;
  for (size_t i = 0; i < read->arg_count; i++) {
    if (!runs_along_lanes(n, read->args[i])) continue;
    ir_value *at = nest_lanes_of(n, read->args[i]);
    if (!nest_is_inside(n, read, i)) at = cut_lanes(n, at, read->tensor->dims[i]);
    const extent *stride =
        extent_mul(n->c->sizes, nest_stride(n, read->tensor, i), extent_constant(n->c->sizes, (int64_t)bytes));
    if (!nest_is_one(stride)) at = integers2(n, IR_MUL, at, index_lanes(n, nest_size(n, stride)));
    sum = sum == NULL ? at : integers2(n, IR_ADD, sum, at);
  }
  if (sum == NULL) return ir_vector_int(&n->b, lo_i32(NEST_LANES), 0);
  return sum->type.elem == ELEM_I32 ? sum : change(n, IR_TRUNC, ELEM_I32, sum);
}

// ---- the read itself

static ir_value *load_neighbours(nest *n, const st_expr *read, ir_type type, ir_value *buffer, uint64_t bytes) {
  size_t last = read->arg_count - 1;
  ir_value *place = NULL;
  for (size_t i = 0; i <= last; i++) {
    ir_value *at = i == last ? nest_index_value(n, read->args[i]) : scalar_subscript(n, read, i);
    if (place != NULL) place = lo_index_mul(&n->b, place, nest_size(n, read->tensor->dims[i]));
    place = place == NULL ? at : lo_index_add(&n->b, place, at);
  }
  return lo_load(&n->b, type, buffer, lo_index_scale(&n->b, place, bytes), n->count);
}

// A read whose address is linear in the indices, which may have been joined (nest.c).
ir_value *nest_linear_place(nest *n, const nest_linear *l) {
  ir_value *place = nest_size(n, l->rest);
  for (size_t i = 0; i < l->count; i++) {
    const nest_place *p = &n->places[l->factors[i].index->number];
    if (p->at == NULL) continue; // joined with a later one
    ir_value *part = lo_index_mul(&n->b, p->at, nest_size(n, l->factors[i].coefficient));
    place = lo_index_add(&n->b, place, part);
  }
  return place;
}

// Byte offsets of lanes that are `step` elements apart, none below the base: that is the last lane where the step is negative.
static ir_value *strided_offsets(nest *n, const extent *step, uint64_t bytes, ir_value **base) {
  ir_value *iota = nest_iota(n, ELEM_I32);
  ir_value *stride = lo_index_scale(&n->b, nest_size(n, step), bytes);
  if (step->greatest < 0) {
    ir_value *last = n->count == NULL ? lo_index(&n->b, NEST_LANES) : n->count;
    last = lo_index_minus(&n->b, last, lo_index(&n->b, 1));
    *base = lo_index_add(&n->b, *base, lo_index_mul(&n->b, last, stride));
    ir_value *lanes = lo_splat(&n->b, ir_emit1(&n->b, IR_FROM_INDEX, lo_i32(1), last), NEST_LANES);
    iota = integers2(n, IR_SUB, lanes, iota);
    stride = lo_index_sub(&n->b, lo_index(&n->b, 0), stride);
  }
  stride = ir_emit1(&n->b, IR_FROM_INDEX, lo_i32(1), stride);
  return integers2(n, IR_MUL, iota, lo_splat(&n->b, stride, NEST_LANES));
}

static ir_value *read_dense(nest *n, const st_expr *read, ir_type type, ir_value *buffer, uint64_t bytes) {
  const nest_linear *l = &n->notes[read->id].address;
  ir_value *offset = lo_index_scale(&n->b, nest_linear_place(n, l), bytes);
  const extent *step = n->lane == NULL ? NULL : nest_coefficient(l, n->lane);
  if (step == NULL || nest_is_one(step)) {
    if (step != NULL) return lo_load(&n->b, type, buffer, offset, n->count);
    return lo_load(&n->b, ir_vector(type.elem, 1), buffer, offset, NULL);
  }
  ir_value *lanes = strided_offsets(n, step, bytes, &offset);
  return ir_emit3(&n->b, IR_GATHER, type, buffer, lanes, offset);
}

// Whether it is known if a dense read goes upwards or downwards along the lanes.
static bool has_sign(const nest *n, const st_expr *read) {
  const extent *step = n->lane == NULL ? NULL : nest_coefficient(&n->notes[read->id].address, n->lane);
  return step == NULL || step->least >= 0 || step->greatest < 0;
}

static ir_value *load(nest *n, const st_expr *read, elem_type storage) {
  ir_value *buffer = nest_buffer(n, read->tensor);
  uint64_t bytes = nest_storage_bytes(storage);
  ir_type type = ir_vector(lo_lane_of(storage), NEST_LANES);
  if (n->notes[read->id].is_dense && has_sign(n, read)) return read_dense(n, read, type, buffer, bytes);
  bool lanes;
  if (runs_along_lanes(n, read) && nest_is_contiguous(n, read, n->lane) &&
      (!n->careful || nest_is_inside(n, read, read->arg_count - 1))) {
    return load_neighbours(n, read, type, buffer, bytes);
  }
  ir_value *place = lo_index_scale(&n->b, shared_place(n, read, &lanes), bytes);
  if (!lanes) return lo_load(&n->b, ir_vector(type.elem, 1), buffer, place, NULL);
  return ir_emit3(&n->b, IR_GATHER, type, buffer, lane_offsets(n, read, bytes), place);
}

ir_value *nest_read(nest *n, const st_expr *read) {
  elem_type storage = nest_storage(n->c, read->tensor);
  ir_value *loaded = load(n, read, storage);
  return nest_load_as(n, storage, loaded, read->kind);
}

// ---- whether reads are inside

static ir_value *both(nest *n, ir_value *x, ir_value *y) {
  if (x == NULL || y == NULL) return x == NULL ? y : x;
  uint32_t lanes = x->type.lanes > y->type.lanes ? x->type.lanes : y->type.lanes;
  x = nest_widen(n, x, lanes);
  return ir_emit2(&n->b, IR_AND, x->type, x, nest_widen(n, y, lanes));
}

static ir_value *subscript_inside(nest *n, const st_expr *read, size_t dim) {
  const st_expr *at = read->args[dim];
  ir_value *v = nest_value_of(n, at);
  ir_value *zero = ir_vector_int(&n->b, v->type, 0);
  ir_value *size = ir_emit1(&n->b, IR_FROM_INDEX, ir_vector(n->integer, 1), nest_size(n, read->tensor->dims[dim]));
  ir_type mask = ir_vector(ELEM_U1, v->type.lanes);
  ir_value *below = ir_emit2(&n->b, IR_LT, mask, v, nest_widen(n, size, v->type.lanes));
  return both(n, ir_emit2(&n->b, IR_LE, mask, zero, v), below);
}

static ir_value *read_inside(nest *n, const st_expr *read) {
  ir_value *all = NULL;
  size_t last = read->arg_count - 1;
  for (size_t i = 0; i <= last && read->arg_count > 0; i++) {
    if (nest_is_inside(n, read, i)) continue;
    bool kept = i == last && !n->careful && n->lane != NULL && nest_is_contiguous(n, read, n->lane);
    if (!kept) all = both(n, all, subscript_inside(n, read, i));
  }
  return all;
}

// The reads that an `else` around `e` decides on, in the order of the text; none twice.
typedef VEC(const st_expr *) expr_list;

static void list_edges(nest *n, const st_expr *e, expr_list *out) {
  nest_note *note = &n->notes[e->id];
  if (note->seen == n->walk || e->op == ST_ELSE) return;
  note->seen = n->walk;
  if (e->op == ST_READ && note->has_edge) vec_push(n->mem, out, e);
  for (size_t i = 0; i < e->arg_count; i++) list_edges(n, e->args[i], out);
}

ir_value *nest_inside(nest *n, const st_expr *e) {
  expr_list edges = {0};
  n->walk++;
  list_edges(n, e, &edges);
  ir_value *all = NULL;
  for (size_t i = 0; i < edges.len; i++) {
    if (nest_is_ready(n, edges.data[i])) {
      all = both(n, all, read_inside(n, edges.data[i]));
    } else {
      nest_fail(n, edges.data[i]->loc, "a sum whose terms may lie outside, with one 'else' for all of it");
    }
  }
  return all;
}
