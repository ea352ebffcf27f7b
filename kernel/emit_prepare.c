// The kernel that brings activations into the form which a matmul kernel reads (prepared_layout, format/recipe.h).
//
// A token's row is handled in phases over a range of kernel positions: numbers (with their scales), integer sums, float
// sums. A CPU takes a whole row as one range; on a GPU every thread takes ranges that no scale and no sum crosses.
//
// What is computed, exactly (f32, every operation rounded on its own; q rounds half to even):
//   plain   the number rounded to its type.
//   symmetric, per scale group: amax = max |x|; limit the type's largest number; scale = amax / limit;
//           q = round(x * min(limit / amax, FLT_MAX)). No clamp is needed: |x| * (limit / amax) with two roundings stays
//           below limit + 1/2, and below the middle between limit and what a float type would have next.
//   asymmetric, per scale group: above = max(x, 0), under = max(-x, 0), limit the largest q; scale = above / limit +
//           under / limit; inverse = min(1 / scale, FLT_MAX); zero = round(min(under * inverse, limit));
//           q - zero = round(clamp(x * inverse, -zero, limit - zero)).
//   sign    scale = sum of |x| in 16 lanes, added by halves, / number of weights; q = x < 0 ? -1 : 1. A lane is the
//           weight within the group % 16; where bytes have gaps between them, the position within each piece that no gap
//           and no scale cuts.
//   A dynamic group that holds an infinity or NaN (or a sum that overflows) gets scale = infinity (sign: NaN) and
//           q - zero = 0, so that whatever is computed from it is NaN.
//   static  q - zero = round(clamp(x * inverse, least q - zero, largest q - zero)), inverse the f32 nearest to
//           1 / scale. NaN becomes the least q.
//   bytes   q - zero, or with 8 bits q (less 128, if it is unsigned): format/act.h. What is not a weight's position is 0, the
//           zero point where groups have their own.
//   as_pairs  the bf16 numbers; of each quad in the order 0 2 1 3.
//   as_f32  instead of bytes: f32(q - zero) * scale. What is not a weight's position is 0.
//   isums   sums of the bytes, less groups' zero points, times isum_factor; only when bytes are stored. With isum_signs that
//           many for each byte that is 1 besides.
//   fsums   bytes stored: f32(isum) * scale for each part of the span within one scale group, added in order from 0.
//           Otherwise the stored floats in 16 lanes (lane = place within the span % 16), lanes added by halves.
// Bytes between sections are not written.
#include "kernel/prepare.h"
#include "support/num.h"

#define SECTION_ALIGN 64
#define GPU_RANGE 64       // positions of a thread's range where no span asks for more
#define GPU_RANGE_MAX 4096 // a larger common multiple of the spans: a thread takes the row

// Up to 16 neighbouring positions and the weights there. The counts are NULL when all 16 are there.
typedef struct part {
  ir_value *column;       // of the first weight
  ir_value *position;     // of the first lane
  ir_value *weights;      // lanes that are weights of the row
  ir_value *in_positions; // lanes that are positions
} part;

// Does one part; takes and returns the carried vector (NULL where a pass has none).
typedef ir_value *(*part_step)(preparer *p, part at, ir_value *carried);

// ---- small things

static ir_value *index_of(preparer *p, uint64_t value) { return lo_index(&p->b, value); }

static ir_value *lanes16(preparer *p) { return index_of(p, LO_LANES); }

static uint64_t number_bytes(const preparer *p) { return prepared_number_bytes(p->l); }

static ir_value *zero_ints(preparer *p) { return ir_vector_int(&p->b, lo_i32(LO_LANES), 0); }

static ir_value *zero_floats(preparer *p) { return ir_vector_real(&p->b, lo_f32(LO_LANES), 0); }

// Bytes of element `index` of a section (4-byte elements).
static ir_value *section_at(preparer *p, ir_value *section, ir_value *index) {
  ir_value *start = lo_index_add(&p->b, p->out_row, section);
  return lo_index_add(&p->b, start, lo_index_scale(&p->b, index, 4));
}

ir_value *prepare_number_at(preparer *p, ir_value *position) {
  ir_value *row = lo_index_add(&p->b, p->out_row, p->numbers);
  return lo_index_add(&p->b, row, lo_index_scale(&p->b, position, number_bytes(p)));
}

static ir_loop begin_carrying(preparer *p, ir_value *lo, ir_value *hi, uint64_t step, ir_value **carried) {
  return ir_begin_for(&p->b, lo, hi, index_of(p, step), *carried == NULL ? 0 : 1, carried, carried);
}

static void end_carrying(preparer *p, ir_loop loop, ir_value **carried) {
  ir_end_for(&p->b, loop, *carried == NULL ? 0 : 1, carried, carried);
}

// ---- walks over weights

static ir_value *load_weights(preparer *p, part at) {
  ir_value *offset = lo_index_add(&p->b, p->x_row, lo_index_scale(&p->b, at.column, sizeof(float)));
  return lo_load(&p->b, lo_f32(LO_LANES), p->x, offset, at.weights);
}

// Whole vectors of weights whose positions are their columns: lo .. hi, a multiple of 16 apart.
static ir_value *walk_whole(preparer *p, ir_value *lo, ir_value *hi, part_step step, ir_value *carried) {
  ir_loop loop = begin_carrying(p, lo, hi, LO_LANES, &carried);
  carried = step(p, (part){.column = loop.index, .position = loop.index}, carried);
  end_carrying(p, loop, &carried);
  return carried;
}

// The part at `position`, cut at `hi` and where the row's weights end.
static part cut_part(preparer *p, ir_value *position, ir_value *column, ir_value *hi) {
  ir_builder *b = &p->b;
  ir_value *there = lo_index_min(b, lanes16(p), lo_index_sub(b, hi, position));
  ir_value *weights = lo_index_min(b, there, lo_index_minus(b, p->columns, column));
  return (part){.column = column, .position = position, .weights = weights, .in_positions = there};
}

static ir_value *walk_cut_plain(preparer *p, ir_value *lo, ir_value *hi, part_step step, ir_value *carried) {
  ir_loop loop = begin_carrying(p, lo, hi, LO_LANES, &carried);
  carried = step(p, cut_part(p, loop.index, loop.index, hi), carried);
  end_carrying(p, loop, &carried);
  return carried;
}

// Positions with gaps, in pieces that do not cross the end of a K group.
static ir_value *walk_cut_gaps(preparer *p, ir_value *lo, ir_value *hi, part_step step, ir_value *carried) {
  ir_builder *b = &p->b;
  bool row = p->scale_span == PREPARED_ROW || p->scale_span == 0;
  uint64_t piece = row ? p->l->k_padded : num_gcd(p->scale_span, p->l->k_padded);
  ir_loop pieces = begin_carrying(p, lo, hi, piece, &carried);
  ir_value *padded = index_of(p, p->l->k_padded);
  ir_value *inside = lo_index_rem(b, pieces.index, padded);
  ir_value *group = lo_index_scale(b, lo_index_div(b, pieces.index, padded), p->l->k_group);
  ir_value *piece_hi = lo_index_min(b, hi, lo_index_offset(b, pieces.index, piece));
  ir_loop loop = begin_carrying(p, pieces.index, piece_hi, LO_LANES, &carried);
  ir_value *in_group = lo_index_add(b, inside, lo_index_sub(b, loop.index, pieces.index));
  part at = cut_part(p, loop.index, lo_index_add(b, group, in_group), piece_hi);
  at.weights = lo_index_min(b, at.weights, lo_index_minus(b, index_of(p, p->l->k_group), in_group));
  carried = step(p, at, carried);
  end_carrying(p, loop, &carried);
  end_carrying(p, pieces, &carried);
  return carried;
}

static ir_value *walk_cut(preparer *p, ir_value *lo, ir_value *hi, part_step step, ir_value *carried) {
  return (p->gaps ? walk_cut_gaps : walk_cut_plain)(p, lo, hi, step, carried);
}

// All positions lo .. hi; lo must be a multiple of 16 when there are no gaps.
static ir_value *walk(preparer *p, ir_value *lo, ir_value *hi, part_step step, ir_value *carried) {
  if (p->gaps) return walk_cut(p, lo, hi, step, carried);
  ir_value *whole = lo_index_floor(&p->b, lo_index_min(&p->b, p->columns, hi), LO_LANES);
  whole = lo_index_max(&p->b, whole, lo);
  carried = walk_whole(p, lo, whole, step, carried);
  return walk_cut(p, whole, hi, step, carried);
}

// ---- numbers

// A lane without a weight is quantized to the zero point, or to NaN: zeros are stored first, then the weights' lanes.
static ir_value *number_step(preparer *p, part at, ir_value *carried) {
  ir_value *offset = prepare_number_at(p, at.position);
  if (p->l->as_pairs) { // what is not loaded is zero, and quads are whole
    lo_store(&p->b, p->out, offset, prepare_stored(p, load_weights(p, at)), at.in_positions);
    return carried;
  }
  if (at.in_positions != NULL) lo_store(&p->b, p->out, offset, prepare_nothing(p), at.in_positions);
  lo_store(&p->b, p->out, offset, prepare_stored(p, load_weights(p, at)), at.weights);
  return carried;
}

// ---- scales of dynamic activations

static ir_value *magnitude_step(preparer *p, part at, ir_value *most) {
  return prepare_extend(p, EXTENT_MAGNITUDE, most, load_weights(p, at));
}

static ir_value *above_step(preparer *p, part at, ir_value *most) {
  return prepare_extend(p, EXTENT_ABOVE, most, load_weights(p, at));
}

static ir_value *below_step(preparer *p, part at, ir_value *most) {
  return prepare_extend(p, EXTENT_BELOW, most, load_weights(p, at));
}

static ir_value *sum_step(preparer *p, part at, ir_value *sum) {
  return prepare_extend(p, EXTENT_SUM, sum, load_weights(p, at));
}

typedef ir_value *(*walker)(preparer *p, ir_value *lo, ir_value *hi, part_step step, ir_value *carried);

// Weights before a position.
static ir_value *weights_before(preparer *p, ir_value *position) {
  ir_builder *b = &p->b;
  if (!p->gaps) return lo_index_min(b, position, p->columns);
  ir_value *padded = index_of(p, p->l->k_padded);
  ir_value *inside = lo_index_min(b, lo_index_rem(b, position, padded), index_of(p, p->l->k_group));
  ir_value *groups = lo_index_scale(b, lo_index_div(b, position, padded), p->l->k_group);
  return lo_index_min(b, lo_index_add(b, groups, inside), p->columns);
}

// Weights at lo .. hi as one f32 lane, 1 when there is none.
static ir_value *weight_count(preparer *p, ir_value *lo, ir_value *hi) {
  ir_builder *b = &p->b;
  ir_value *count = lo_index_sub(b, hi, lo);
  if (!p->by_columns) count = lo_index_sub(b, weights_before(p, hi), weights_before(p, lo));
  count = ir_emit1(b, IR_FROM_INDEX, lo_i32(1), lo_index_max(b, count, index_of(p, 1)));
  return ir_emit1(b, IR_ITOF, lo_f32(1), count);
}

static prepare_scale find_scale(preparer *p, ir_value *lo, ir_value *hi, walker over) {
  switch (p->l->act.kind) {
  case ACT_SIGN: {
    ir_value *sum = over(p, lo, hi, sum_step, prepare_extent_zero(p, EXTENT_SUM));
    return prepare_set_scale(p, sum, NULL, weight_count(p, lo, hi));
  }
  case ACT_ASYMMETRIC: {
    ir_value *above = over(p, lo, hi, above_step, prepare_extent_zero(p, EXTENT_ABOVE));
    ir_value *below = over(p, lo, hi, below_step, prepare_extent_zero(p, EXTENT_BELOW));
    return prepare_set_scale(p, above, below, NULL);
  }
  default: {
    ir_value *most = over(p, lo, hi, magnitude_step, prepare_extent_zero(p, EXTENT_MAGNITUDE));
    return prepare_set_scale(p, most, NULL, NULL);
  }
  }
}

static ir_value *scale_at(preparer *p, ir_value *group) {
  ir_value *start = lo_index_add(&p->b, p->out_row, p->scales);
  return lo_index_add(&p->b, start, lo_index_scale(&p->b, group, prepared_scale_bytes(p->l)));
}

static ir_value *zero_at(preparer *p, ir_value *group) { return lo_index_offset(&p->b, scale_at(p, group), 4); }

static void scale_group(preparer *p, ir_value *group, ir_value *lo, ir_value *hi, walker over) {
  prepare_scale s = find_scale(p, lo, hi, over);
  if (p->l->scale_span != 0) lo_store(&p->b, p->out, scale_at(p, group), s.scale, NULL);
  if (p->l->scale_span != 0 && s.zero != NULL) lo_store(&p->b, p->out, zero_at(p, group), s.zero, NULL);
  over(p, lo, hi, number_step, NULL);
}

static void scale_groups(preparer *p, ir_value *first, ir_value *last, walker over, bool cut) {
  ir_builder *b = &p->b;
  ir_loop loop = lo_begin_loop(b, first, last, index_of(p, 1));
  ir_value *lo = lo_index_scale(b, loop.index, p->scale_span);
  ir_value *hi = lo_index_offset(b, lo, p->scale_span);
  if (cut) hi = lo_index_min(b, hi, p->hi);
  scale_group(p, loop.index, lo, hi, over);
  lo_end_loop(b, loop);
}

// ---- floats with gaps: groups of weights share scales, wherever the positions of these weights are

// Zeros for the whole range; the weights follow.
static void clear_numbers(preparer *p) {
  ir_builder *b = &p->b;
  ir_loop loop = lo_begin_loop(b, p->lo, p->hi, lanes16(p));
  ir_value *count = lo_index_min(b, lanes16(p), lo_index_sub(b, p->hi, loop.index));
  lo_store(b, p->out, prepare_number_at(p, loop.index), prepare_nothing(p), count);
  lo_end_loop(b, loop);
}

// The numbers of the columns lo .. hi of one K group.
static void store_piece(preparer *p, ir_value *group, ir_value *lo, ir_value *hi) {
  ir_builder *b = &p->b;
  ir_value *first = lo_index_scale(b, group, p->l->k_group), *position = lo_index_scale(b, group, p->l->k_padded);
  ir_loop loop = lo_begin_loop(b, lo, hi, lanes16(p));
  part at = {.column = loop.index, .weights = lo_index_min(b, lanes16(p), lo_index_sub(b, hi, loop.index))};
  at.position = lo_index_add(b, position, lo_index_sub(b, loop.index, first));
  number_step(p, at, NULL);
  lo_end_loop(b, loop);
}

// The numbers of the columns lo .. hi, K group after K group.
static void store_columns(preparer *p, ir_value *lo, ir_value *hi) {
  ir_builder *b = &p->b;
  uint64_t size = p->l->k_group;
  ir_loop loop =
      lo_begin_loop(b, lo_index_div(b, lo, index_of(p, size)), lo_index_ceil_div(b, hi, size), index_of(p, 1));
  ir_value *first = lo_index_scale(b, loop.index, size);
  store_piece(p, loop.index, lo_index_max(b, lo, first), lo_index_min(b, hi, lo_index_offset(b, first, size)));
  lo_end_loop(b, loop);
}

static void numbers_by_columns(preparer *p) {
  ir_builder *b = &p->b;
  uint64_t size = p->l->act.group;
  ir_value *padded = index_of(p, p->l->k_padded);
  ir_value *begin = lo_index_scale(b, lo_index_div(b, p->lo, padded), p->l->k_group);
  ir_value *end = lo_index_scale(b, lo_index_ceil_div(b, p->hi, p->l->k_padded), p->l->k_group);
  end = lo_index_min(b, end, p->columns);
  clear_numbers(p);
  ir_loop loop =
      lo_begin_loop(b, lo_index_div(b, begin, index_of(p, size)), lo_index_ceil_div(b, end, size), index_of(p, 1));
  ir_value *lo = lo_index_scale(b, loop.index, size);
  ir_value *hi = lo_index_min(b, end, lo_index_offset(b, lo, size));
  find_scale(p, lo, hi, walk_cut_plain);
  store_columns(p, lo, hi);
  lo_end_loop(b, loop);
}

// Groups that lie in the row whole are done by whole vectors, the others by cut ones.
static void dynamic_numbers(preparer *p) {
  ir_builder *b = &p->b;
  if (p->by_columns) {
    numbers_by_columns(p);
    return;
  }
  if (p->scale_span == PREPARED_ROW) {
    scale_group(p, index_of(p, 0), p->lo, p->hi, walk);
    return;
  }
  ir_value *first = lo_index_div(b, p->lo, index_of(p, p->scale_span));
  ir_value *end = lo_index_ceil_div(b, p->hi, p->scale_span);
  ir_value *whole = first;
  if (!p->gaps && p->scale_span % LO_LANES == 0) {
    whole = lo_index_div(b, lo_index_min(b, p->columns, p->hi), index_of(p, p->scale_span));
    whole = lo_index_max(b, whole, first);
    scale_groups(p, first, whole, walk_whole, false);
  }
  scale_groups(p, whole, end, walk_cut, true);
}

// ---- sections

// The elements of a section with this span that belong to the range.
static void section_range(preparer *p, uint64_t span, ir_value **first, ir_value **end) {
  *first = span == PREPARED_ROW ? index_of(p, 0) : lo_index_div(&p->b, p->lo, index_of(p, span));
  *end = span == PREPARED_ROW ? index_of(p, 1) : lo_index_ceil_div(&p->b, p->hi, span);
}

// An element for the whole row belongs to the range that starts the row.
static void static_scales(preparer *p) {
  ir_builder *b = &p->b;
  ir_value *first;
  ir_value *end;
  section_range(p, p->l->scale_span, &first, &end);
  if (p->l->scale_span == PREPARED_ROW) first = p->lo;
  ir_loop loop = lo_begin_loop(b, first, end, index_of(p, 1));
  ir_value *scale = ir_vector_real(b, lo_f32(1), p->l->act.scale);
  lo_store(b, p->out, scale_at(p, loop.index), scale, NULL);
  lo_end_loop(b, loop);
}

// Loads 16 stored numbers; zeros beyond hi.
static ir_value *load_numbers(preparer *p, ir_value *position, ir_value *hi, bool whole) {
  elem_type stored = p->store_bytes ? ELEM_I8 : p->l->as_pairs ? ELEM_BF16 : ELEM_F32;
  ir_value *count = NULL;
  if (!whole) count = lo_index_min(&p->b, lanes16(p), lo_index_sub(&p->b, hi, position));
  ir_value *x = lo_load(&p->b, ir_vector(stored, LO_LANES), p->out, prepare_number_at(p, position), count);
  return stored == ELEM_BF16 ? ir_emit1(&p->b, IR_EXTF, lo_f32(LO_LANES), x) : x;
}

// What of the stored numbers is summed.
typedef enum summed { ALL_NUMBERS, POSITIVE_NUMBERS } summed;

static ir_value *add_numbers(preparer *p, ir_value *sum, ir_value *numbers, summed which) {
  if (!p->store_bytes) return lo_fadd(&p->b, sum, numbers);
  numbers = ir_emit1(&p->b, IR_SEXT, sum->type, numbers);
  if (which == POSITIVE_NUMBERS) numbers = ir_emit2(&p->b, IR_SMAX, sum->type, numbers, zero_ints(p));
  return ir_emit2(&p->b, IR_ADD, sum->type, sum, numbers);
}

// Whether every span of this length starts at a multiple of 16 positions and has whole vectors.
static bool is_aligned(const preparer *p, uint64_t span) {
  return p->l->block % LO_LANES == 0 && (span == PREPARED_ROW || span % LO_LANES == 0);
}

// The sum, one lane, of the stored numbers at positions lo .. hi.
static ir_value *sum_of(preparer *p, ir_value *lo, ir_value *hi, bool whole, summed which) {
  ir_value *sum = p->store_bytes ? zero_ints(p) : zero_floats(p);
  ir_loop loop = begin_carrying(p, lo, hi, LO_LANES, &sum);
  sum = add_numbers(p, sum, load_numbers(p, loop.index, hi, whole), which);
  end_carrying(p, loop, &sum);
  ir_type one = ir_vector(sum->type.elem, 1);
  return ir_emit1(&p->b, p->store_bytes ? IR_REDUCE_ADD : IR_REDUCE_FADD, one, sum);
}

static ir_value *sum_numbers(preparer *p, ir_value *lo, ir_value *hi, bool whole) {
  return sum_of(p, lo, hi, whole, ALL_NUMBERS);
}

static ir_value *group_at(preparer *p, ir_value *position) {
  if (p->scale_span == PREPARED_ROW) return index_of(p, 0);
  return lo_index_div(&p->b, position, index_of(p, p->scale_span));
}

// Scale of the group at a position, one lane.
static ir_value *scale_of(preparer *p, ir_value *position) {
  if (p->l->act.kind == ACT_STATIC) return ir_vector_real(&p->b, lo_f32(1), p->l->act.scale);
  return lo_load(&p->b, lo_f32(1), p->out, scale_at(p, group_at(p, position)), NULL);
}

// The sum of the bytes lo .. hi, which lie in one scale group, less its zero point.
static ir_value *less_zeros(preparer *p, ir_value *isum, ir_value *lo, ir_value *hi) {
  ir_builder *b = &p->b;
  if (!p->store_bytes || !act_has_zeros(&p->l->act)) return isum;
  ir_value *zero = lo_load(b, lo_i32(1), p->out, zero_at(p, group_at(p, lo)), NULL);
  ir_value *count = ir_emit1(b, IR_FROM_INDEX, lo_i32(1), lo_index_sub(b, hi, lo));
  return ir_emit2(b, IR_SUB, isum->type, isum, ir_emit2(b, IR_MUL, zero->type, zero, count));
}

static ir_value *scaled_sum(preparer *p, ir_value *isum, ir_value *position) {
  ir_value *sum = ir_emit1(&p->b, IR_ITOF, lo_f32(1), isum);
  return lo_fmul(&p->b, sum, scale_of(p, position));
}

// Whether spans of this length may lie in several scale groups.
static bool crosses_scales(const preparer *p, uint64_t span) {
  if (!p->store_bytes || p->l->act.kind == ACT_STATIC || p->scale_span == PREPARED_ROW) return false;
  return span == PREPARED_ROW || p->scale_span % span != 0;
}

// The scaled sums of the span's parts in each scale group, added in order.
static ir_value *crossing_sum(preparer *p, ir_value *lo, ir_value *hi, bool whole) {
  ir_builder *b = &p->b;
  ir_value *sum = ir_vector_real(b, lo_f32(1), 0);
  ir_value *first = lo_index_div(b, lo, index_of(p, p->scale_span));
  ir_loop loop = begin_carrying(p, first, lo_index_ceil_div(b, hi, p->scale_span), 1, &sum);
  ir_value *group = lo_index_scale(b, loop.index, p->scale_span);
  ir_value *part_lo = lo_index_max(b, lo, group);
  ir_value *part_hi = lo_index_min(b, hi, lo_index_offset(b, group, p->scale_span));
  ir_value *isum = sum_numbers(p, part_lo, part_hi, whole && is_aligned(p, p->scale_span));
  isum = less_zeros(p, isum, part_lo, part_hi);
  sum = lo_fadd(b, sum, scaled_sum(p, isum, part_lo));
  end_carrying(p, loop, &sum);
  return sum;
}

static ir_value *times(preparer *p, ir_value *isum, int64_t factor) {
  return ir_emit2(&p->b, IR_MUL, isum->type, isum, ir_vector_int(&p->b, isum->type, factor));
}

// What is stored for the sum of the bytes lo .. hi.
static ir_value *stored_sum(preparer *p, ir_value *isum, ir_value *lo, ir_value *hi, bool whole) {
  const prepared_layout *l = p->l;
  if (l->isum_signs == 0) return l->isum_factor == 0 ? isum : times(p, isum, l->isum_factor);
  ir_value *signs = times(p, sum_of(p, lo, hi, whole, POSITIVE_NUMBERS), l->isum_signs);
  return ir_emit2(&p->b, IR_ADD, signs->type, signs, times(p, isum, l->isum_factor));
}

// One element of the sections with this span.
static void section_element(preparer *p, uint64_t span, ir_value *element, ir_value *lo, ir_value *hi) {
  bool isum = p->store_bytes && p->l->isum_span == span;
  bool fsum = p->l->fsum_span == span;
  bool crossing = fsum && crosses_scales(p, span);
  bool whole = is_aligned(p, span);
  ir_value *sum = isum || !crossing ? less_zeros(p, sum_numbers(p, lo, hi, whole), lo, hi) : NULL;
  if (isum) lo_store(&p->b, p->out, section_at(p, p->isums, element), stored_sum(p, sum, lo, hi, whole), NULL);
  if (!fsum) return;
  if (crossing)
    sum = crossing_sum(p, lo, hi, whole);
  else if (p->store_bytes)
    sum = scaled_sum(p, sum, lo);
  lo_store(&p->b, p->out, section_at(p, p->fsums, element), sum, NULL);
}

static void sum_sections(preparer *p, uint64_t span) {
  ir_builder *b = &p->b;
  ir_value *first;
  ir_value *end;
  section_range(p, span, &first, &end);
  ir_loop loop = lo_begin_loop(b, first, end, index_of(p, 1));
  ir_value *lo = p->lo;
  ir_value *hi = p->hi;
  if (span != PREPARED_ROW) {
    lo = lo_index_scale(b, loop.index, span);
    hi = lo_index_min(b, lo_index_offset(b, lo, span), p->hi);
  }
  section_element(p, span, loop.index, lo, hi);
  lo_end_loop(b, loop);
}

// ---- a token's range, and the kernel

static void emit_range(preparer *p) {
  const prepared_layout *l = p->l;
  bool isums = p->store_bytes && l->isum_span != 0;
  if (act_is_dynamic(&l->act))
    dynamic_numbers(p);
  else
    walk(p, p->lo, p->hi, number_step, NULL);
  if (l->act.kind == ACT_STATIC && l->scale_span != 0) static_scales(p);
  if (l->bit_planes > 0) prepare_bit_planes(p);
  if (isums) sum_sections(p, l->isum_span);
  if (l->fsum_span != 0 && !(isums && l->fsum_span == l->isum_span)) sum_sections(p, l->fsum_span);
}

static void set_token(preparer *p, ir_value *token) {
  ir_builder *b = &p->b;
  p->x_row = lo_index_scale(b, lo_index_mul(b, token, p->x_stride), sizeof(float));
  p->out_row = lo_index_mul(b, token, p->row_bytes);
}

static void emit_tokens(preparer *p, ir_value *begin, ir_value *end) {
  ir_loop loop = lo_begin_loop(&p->b, begin, end, index_of(p, 1));
  set_token(p, loop.index);
  p->lo = index_of(p, 0);
  p->hi = p->positions;
  emit_range(p);
  lo_end_loop(&p->b, loop);
}

// The least common multiple of the spans, 16 lanes and K groups; PREPARED_ROW when it would be large.
static uint64_t common_range(const preparer *p) {
  const uint64_t spans[] = {p->scale_span, p->store_bytes ? p->l->isum_span : 0, p->l->fsum_span, p->l->k_padded};
  uint64_t range = GPU_RANGE;
  for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
    if (spans[i] == 0) continue;
    if (spans[i] > GPU_RANGE_MAX) return PREPARED_ROW;
    range = range / num_gcd(range, spans[i]) * spans[i];
    if (range > GPU_RANGE_MAX) return PREPARED_ROW;
  }
  return range;
}

// Ranges of all tokens are numbered through and dealt out to the threads of the launch.
static void emit_ranges_gpu(preparer *p, ir_value *begin, ir_value *end) {
  ir_builder *b = &p->b;
  ir_type index = ir_index();
  uint64_t range = common_range(p);
  ir_value *count = range == PREPARED_ROW ? index_of(p, 1) : lo_index_ceil_div(b, p->positions, range);
  ir_value *first = lo_index_mul(b, begin, count);
  first = lo_index_add(b, first, ir_emit(b, IR_THREAD, &index, 0, NULL, 0, NULL));
  ir_value *threads = ir_emit(b, IR_THREADS, &index, 0, NULL, 0, NULL);
  ir_loop loop = lo_begin_loop(b, first, lo_index_mul(b, end, count), threads);
  set_token(p, lo_index_div(b, loop.index, count));
  p->lo = index_of(p, 0);
  p->hi = p->positions;
  if (range != PREPARED_ROW) {
    p->lo = lo_index_scale(b, lo_index_rem(b, loop.index, count), range);
    p->hi = lo_index_min(b, p->positions, lo_index_offset(b, p->lo, range));
  }
  emit_range(p);
  lo_end_loop(b, loop);
}

// Positions that hold whole scale groups: one where these are made of whole K groups, as those of bytes are
// (ir/verify_recipe.c).
static uint64_t group_span(const prepared_layout *l, bool gaps) {
  if (!act_is_dynamic(&l->act)) return 0;
  if (l->act.group == 0) return PREPARED_ROW;
  return gaps ? l->act.group / num_gcd(l->act.group, l->k_group) * l->k_padded : l->act.group;
}

static const char *const prepare_buffers[] = {"x", "prepared", NULL};
static const char *const prepare_sizes[] = {"columns", "x_stride", "row_bytes", "scales",
                                            "isums",   "fsums",    "positions", NULL};

ir_func *lower_emit_prepare(ir_module *m, const prepared_layout *l, const target_tier *tier, bool gpu,
                            const char *name) {
  (void)tier;
  lo_params params;
  preparer p = {.l = l, .gaps = l->k_group != l->k_padded};
  p.store_bytes = prepared_has_bytes(l);
  p.scale_span = group_span(l, p.gaps);
  p.by_columns = p.gaps && !p.store_bytes && act_is_dynamic(&l->act) && l->act.group > 0;
  lo_begin_kernel(m, &p.b, name, prepare_buffers, prepare_sizes, &params);
  p.x = params.buffers[0];
  p.out = params.buffers[1];
  p.columns = params.sizes[0];
  p.x_stride = params.sizes[1];
  p.row_bytes = params.sizes[2];
  p.scales = params.sizes[3];
  p.isums = params.sizes[4];
  p.fsums = params.sizes[5];
  p.positions = params.sizes[6];
  ir_value *planes = lo_index_div(&p.b, lo_index_scale(&p.b, p.positions, l->bit_planes), lo_index(&p.b, 8));
  p.numbers = lo_index_scale(&p.b, lo_index_ceil_div(&p.b, planes, SECTION_ALIGN), SECTION_ALIGN);
  (gpu ? emit_ranges_gpu : emit_tokens)(&p, params.begin, params.end);
  lo_end_kernel(&p.b);
  return p.b.func;
}
