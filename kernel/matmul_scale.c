// The scales: what happens where a segment, a float span or a row ends.
//
// The order of f32 operations is fixed here and the same on every target: each term's sum is converted, multiplied by
// the activation scale, multiplied by the coefficient, added to the total; every operation is rounded on its own.
#include "kernel/matmul.h"

coarse_place matmul_place(matmul *e, unsigned v, ir_value *position) {
  return (coarse_place){.b = &e->b,
                        .recipe = e->r,
                        .tier = e->tier,
                        .lanes = e->lanes,
                        .weights = e->weights,
                        .tile = e->tile[v],
                        .block = e->block[v],
                        .fields = e->rest == NULL ? NULL : e->rest->fields,
                        .position = position,
                        .aligned = 1,
                        .row = e->row[v],
                        .row_numbers = e->row_numbers,
                        .tables = e->tables};
}

// ---- coefficients ----------------------------------------------------------------------------------------

enum which { ALL_COEFFICIENTS, REAL_COEFFICIENTS };

// Product of a term's coefficients and its core's step in f32; NULL: 1.
static ir_value *real_coefficient(matmul *e, const recipe_term *t, const coarse_place *place, enum which which) {
  ir_value *product = NULL;
  for (size_t i = 0; i < t->value.coefficient_count; i++) {
    const expr *c = t->value.coefficients[i];
    if (which == REAL_COEFFICIENTS && c->is_int) continue;
    ir_value *x = lo_expr_real(place, c);
    product = product == NULL ? x : lo_fmul(&e->b, product, x);
  }
  double step = t->core >= 0 && matmul_is_integer(e->r) ? e->r->cores[t->core].step : 1;
  if (step == 1) return product;
  ir_value *s = ir_vector_real(&e->b, matmul_f32s(e), step);
  return product == NULL ? s : lo_fmul(&e->b, product, s);
}

static ir_value *integer_coefficient(matmul *e, const recipe_term *t, const coarse_place *place) {
  ir_value *product = NULL;
  for (size_t i = 0; i < t->value.coefficient_count; i++) {
    if (!t->value.coefficients[i]->is_int) continue;
    ir_value *x = lo_expr_int(place, t->value.coefficients[i]);
    product = product == NULL ? x : ir_emit2(&e->b, IR_MUL, matmul_i32s(e), product, x);
  }
  return product;
}

static bool has_integer_coefficient(const recipe_term *t) {
  for (size_t i = 0; i < t->value.coefficient_count; i++)
    if (t->value.coefficients[i]->is_int) return true;
  return false;
}

static bool has_real_coefficient(const matmul *e, const recipe_term *t, enum which which) {
  for (size_t i = 0; i < t->value.coefficient_count; i++)
    if (which == ALL_COEFFICIENTS || !t->value.coefficients[i]->is_int) return true;
  return t->core >= 0 && matmul_is_integer(e->r) && e->r->cores[t->core].step != 1;
}

// The coefficient of a term for the span that begins at a position, from the panel where it keeps them; NULL: 1.
static ir_value *coefficient(matmul *e, size_t t, unsigned v, ir_value *position, bool integer) {
  const recipe_term *term = &e->r->terms[t];
  enum which which = matmul_is_nested(e->r) ? REAL_COEFFICIENTS : ALL_COEFFICIENTS;
  bool has = integer ? has_integer_coefficient(term) : e->factor != NULL || has_real_coefficient(e, term, which);
  if (!has) return NULL;
  bool kept = e->use != PANEL_NONE && matmul_panel_keeps(e, integer);
  if (kept && e->use == PANEL_READ) return matmul_panel_coefficient(e, position, integer, t, v);
  coarse_place place = matmul_place(e, v, position);
  ir_value *x = integer             ? integer_coefficient(e, term, &place)
                : e->factor != NULL ? lo_expr_real(&place, e->factor)
                                    : real_coefficient(e, term, &place, which);
  if (kept) matmul_panel_put_coefficient(e, position, integer, t, v, x);
  return x;
}

// ---- activations' scales and sums ------------------------------------------------------------------------

// An element of a section whose elements have `size` bytes and span `span` positions.
static ir_value *section_at(matmul *e, unsigned m, ir_value *section, uint64_t span, uint64_t size,
                            ir_value *position) {
  ir_value *at = section;
  if (span != PREPARED_ROW) {
    ir_value *k = lo_index_add(&e->b, e->block_position, position);
    ir_value *i = lo_index_div(&e->b, k, lo_index(&e->b, span));
    at = lo_index_add(&e->b, at, lo_index_scale(&e->b, i, size));
  }
  return lo_index_add(&e->b, at, e->x_row[m]); // what all tokens share comes first: see emit_address
}

static ir_value *span_element(matmul *e, unsigned m, ir_value *section, uint64_t span, ir_value *position,
                              elem_type type) {
  ir_value *at = section_at(e, m, section, span, 4, position);
  return lo_load_splat(&e->b, ir_vector(type, e->lanes), e->x, at);
}

static ir_value *scale_at(matmul *e, unsigned m, ir_value *position) {
  const prepared_layout *l = &e->r->prepared;
  return section_at(e, m, e->scales_at, l->scale_span, prepared_scale_bytes(l), position);
}

static ir_value *activation_scale(matmul *e, unsigned m, ir_value *position) {
  return lo_load_splat(&e->b, matmul_f32s(e), e->x, scale_at(e, m, position));
}

static ir_value *activation_zero(matmul *e, unsigned m, ir_value *position) {
  return lo_load_splat(&e->b, matmul_i32s(e), e->x, lo_index_offset(&e->b, scale_at(e, m, position), 4));
}

static ir_value *isum(matmul *e, unsigned m, ir_value *position) {
  return span_element(e, m, e->isums_at, e->r->prepared.isum_span, position, ELEM_I32);
}

static ir_value *fsum(matmul *e, unsigned m, ir_value *position) {
  return span_element(e, m, e->fsums_at, e->r->prepared.fsum_span, position, ELEM_F32);
}

// ---- segments --------------------------------------------------------------------------------------------

static void clear_dot(matmul *e, unsigned d, ir_value *first, unsigned m) {
  ir_type floats = matmul_is_along(e) ? lo_f32(e->run.length) : matmul_f32s(e);
  ir_value *zero = matmul_is_integer(e->r) ? ir_vector_int(&e->b, matmul_i32s(e), 0) : ir_vector_real(&e->b, floats, 0);
  for (unsigned c = 0; c < e->chains; c++)
    for (unsigned v = 0; v < e->vectors; v++) e->dots[d][c][m][v] = c == 0 && first != NULL ? first : zero;
}

static ir_value *offset_sum(matmul *e, const recipe_core *core, unsigned m, ir_value *position) {
  ir_value *sum = isum(e, m, position);
  // multiplied by the offset already
  if (e->r->prepared.isum_factor != 0 || e->r->prepared.isum_signs != 0) return sum;
  return ir_emit2(&e->b, IR_MUL, matmul_i32s(e), sum, ir_vector_int(&e->b, matmul_i32s(e), core->offset));
}

static void clear_ones(matmul *e) {
  for (unsigned d = 0; matmul_has_zeros(e->r) && d < e->dot_count; d++)
    for (unsigned v = 0; v < e->vectors; v++) e->ones[d][v] = ir_vector_int(&e->b, matmul_i32s(e), 0);
}

// Integer sums begin with offset * sum of the activations, so that products of u alone are left to add.
void matmul_begin_segment(matmul *e, ir_value *position) {
  clear_ones(e);
  for (unsigned m = 0; m < e->tokens; m++) {
    for (size_t i = 0; i < e->r->core_count; i++) {
      const recipe_core *core = &e->r->cores[i];
      unsigned planes = core->plane_count > 0 ? core->plane_count : 1;
      ir_value *first = NULL;
      bool offset = core->offset != 0 || e->r->prepared.isum_signs != 0;
      if (matmul_is_integer(e->r) && offset && e->form[i] == DOT_BYTES) first = offset_sum(e, core, m, position);
      for (unsigned p = 0; p < planes; p++) clear_dot(e, e->first_dot[i] + p, p + 1 == planes ? first : NULL, m);
    }
  }
}

static ir_value *chain_sum(matmul *e, unsigned d, unsigned m, unsigned v) {
  bool integer = matmul_is_integer(e->r);
  ir_value *s[MATMUL_MAX_CHAINS] = {e->dots[d][0][m][v]};
  for (unsigned c = 1; c < e->chains; c++) s[c] = e->dots[d][c][m][v];
  for (unsigned n = e->chains; n > 1; n /= 2)
    for (unsigned c = 0; c < n / 2; c++)
      s[c] = ir_emit2(&e->b, integer ? IR_ADD : IR_FADD, s[c]->type, s[c], s[c + n / 2]);
  return matmul_is_along(e) ? ir_emit1(&e->b, IR_REDUCE_FADD, matmul_f32s(e), s[0]) : s[0];
}

// The sum of products u * (x - zero): zero points of the activations are taken off. Sums that were made of shorter ones
// need the offset's share only now, which saves registers until then.
static ir_value *dot_sum(matmul *e, int number, unsigned d, unsigned m, unsigned v, ir_value *position) {
  const recipe_core *core = &e->r->cores[number];
  ir_value *sum = chain_sum(e, d, m, v);
  bool top = core->plane_count < 2 || d == e->first_dot[number] + core->plane_count - 1;
  if (e->form[number] == DOT_PAIRS && core->offset != 0 && top)
    sum = ir_emit2(&e->b, IR_ADD, matmul_i32s(e), sum, offset_sum(e, core, m, position));
  if (!matmul_has_zeros(e->r)) return sum;
  ir_value *share = ir_emit2(&e->b, IR_MUL, matmul_i32s(e), e->ones[d][v], activation_zero(e, m, position));
  return ir_emit2(&e->b, IR_SUB, matmul_i32s(e), sum, share);
}

static ir_value *itof(matmul *e, ir_value *x) { return ir_emit1(&e->b, IR_ITOF, matmul_f32s(e), x); }

// The sum of a core's byte planes as one f32, highest byte first.
static ir_value *core_sum(matmul *e, int core, unsigned m, unsigned v, ir_value *position) {
  const recipe_core *c = &e->r->cores[core];
  unsigned planes = c->plane_count > 0 ? c->plane_count : 1;
  unsigned d = e->first_dot[core] + planes - 1;
  if (e->form[core] == DOT_WORDS) planes = 1;
  if (!matmul_is_integer(e->r)) return chain_sum(e, d, m, v);
  ir_value *x = itof(e, dot_sum(e, core, d, m, v, position));
  for (unsigned p = 1; p < planes; p++) {
    x = lo_fmul(&e->b, x, lo_real(&e->b, x, 256));
    x = lo_fadd(&e->b, x, itof(e, dot_sum(e, core, d - p, m, v, position)));
  }
  return x;
}

static void add_total(matmul *e, unsigned m, unsigned v, ir_value *x, ir_value *coefficient) {
  if (coefficient != NULL) x = lo_fmul(&e->b, x, coefficient);
  e->total[m][v] = lo_fadd(&e->b, e->total[m][v], x);
}

static void end_plain_segment(matmul *e, ir_value *position) {
  for (size_t i = 0; i < e->r->term_count; i++) {
    const recipe_term *t = &e->r->terms[i];
    for (unsigned v = 0; v < e->vectors; v++) {
      ir_value *c = coefficient(e, i, v, position, false);
      for (unsigned m = 0; m < e->tokens; m++) {
        ir_value *x = t->core < 0 ? fsum(e, m, position) : core_sum(e, t->core, m, v, position);
        if (t->core >= 0 && matmul_is_integer(e->r)) x = lo_fmul(&e->b, x, activation_scale(e, m, position));
        add_total(e, m, v, x, c);
      }
    }
  }
}

static void end_nested_segment(matmul *e, ir_value *position) {
  for (size_t i = 0; i < e->r->term_count; i++) {
    const recipe_term *t = &e->r->terms[i];
    for (unsigned v = 0; v < e->vectors; v++) {
      ir_value *c = coefficient(e, i, v, position, true);
      for (unsigned m = 0; m < e->tokens; m++) {
        ir_value *x = t->core < 0 ? isum(e, m, position) : dot_sum(e, t->core, e->first_dot[t->core], m, v, position);
        if (c != NULL) x = ir_emit2(&e->b, IR_MUL, matmul_i32s(e), x, c);
        e->nested[i][m][v] = ir_emit2(&e->b, IR_ADD, matmul_i32s(e), e->nested[i][m][v], x);
      }
    }
  }
}

// Sums over the row are indexed by the stretch between flushes: their span is that stretch, and the block position the
// stretch's first.
void matmul_end_segment(matmul *e, ir_value *position) {
  if (matmul_is_nested(e->r)) {
    end_nested_segment(e, position);
  } else {
    end_plain_segment(e, position);
  }
}

// ---- float spans -----------------------------------------------------------------------------------------

void matmul_begin_float_span(matmul *e) {
  if (!matmul_is_nested(e->r)) return;
  for (size_t i = 0; i < e->r->term_count; i++)
    for (unsigned m = 0; m < e->tokens; m++)
      for (unsigned v = 0; v < e->vectors; v++) e->nested[i][m][v] = ir_vector_int(&e->b, matmul_i32s(e), 0);
}

void matmul_end_float_span(matmul *e, ir_value *position) {
  if (!matmul_is_nested(e->r)) return;
  for (size_t i = 0; i < e->r->term_count; i++) {
    for (unsigned v = 0; v < e->vectors; v++) {
      ir_value *c = coefficient(e, i, v, position, false);
      for (unsigned m = 0; m < e->tokens; m++) {
        ir_value *x = lo_fmul(&e->b, itof(e, e->nested[i][m][v]), activation_scale(e, m, position));
        add_total(e, m, v, x, c);
      }
    }
  }
}

// x = scale * (q - zero): the products were summed with q, the zero point takes its share off through the row's sum.
void matmul_finish_row(matmul *e) {
  const packing *p = &e->r->pack;
  if (!p->has_row_sums) return;
  for (unsigned v = 0; v < e->vectors; v++) {
    ir_value *at = lo_index_add(&e->b, e->tile[v], lo_index_scale(&e->b, e->row[v], 4));
    ir_value *sums = lo_load(&e->b, matmul_f32s(e), e->weights, lo_index_offset(&e->b, at, p->row_sum_offset), NULL);
    ir_value *share = lo_fmul(&e->b, sums, lo_real(&e->b, sums, e->r->act.scale * act_zero(&e->r->act)));
    for (unsigned m = 0; m < e->tokens; m++) e->total[m][v] = lo_fsub(&e->b, e->total[m][v], share);
  }
}
