// The inner body: codes out of their bit planes, levels out of the codes, products with the activations.
#include "kernel/matmul_body.h"

ir_value *matmul_chunk_offset(matmul *e, ir_value *position, uint64_t first) {
  const packing *p = &e->r->pack;
  ir_value *number = lo_index_div(&e->b, position, lo_index(&e->b, PACK_CHUNK));
  ir_value *offset = lo_index_scale(&e->b, number, p->chunk_bytes);
  if (e->rest != NULL) offset = lo_index_add(&e->b, offset, e->rest->chunks);
  return lo_index_offset(&e->b, offset, (e->rest == NULL ? p->header_bytes : 0) + first / PACK_CHUNK * p->chunk_bytes);
}

static void find_chunk(matmul *e, chunk_view *c, ir_value *position, uint64_t first) {
  ir_value *offset = matmul_chunk_offset(e, position, first);
  for (unsigned v = 0; v < e->vectors; v++)
    c->at[v] = v > 0 && e->block[v] == e->block[v - 1] ? c->at[v - 1] : lo_index_add(&e->b, e->block[v], offset);
}

ir_value *matmul_plane(matmul *e, chunk_view *c, unsigned v, size_t plane, unsigned q) {
  const pack_plane *p = &e->r->pack.planes[plane];
  unsigned number = q % p->width;
  ir_value **slot = &c->planes[v][plane][number];
  if (*slot == NULL) {
    ir_value *at = lo_index_add(&e->b, c->at[v], lo_index_scale(&e->b, e->row[v], 4));
    at = lo_index_offset(&e->b, at, p->offset + (uint64_t)number * 4 * e->r->pack.rows);
    // Whatever lies before a plane is stored for 16 rows: at multiples of 16 bytes.
    *slot = lo_load_aligned(&e->b, matmul_bytes(e), e->weights, at, 4 * e->lanes < 16 ? 4 * e->lanes : 16);
  }
  return *slot;
}

ir_value *matmul_move_bits(matmul *e, ir_value *x, unsigned from, unsigned width, unsigned to) {
  unsigned element = elem_get(x->type.elem)->bits;
  uint64_t mask = ((UINT64_C(1) << width) - 1) << to;
  if (from == 0 && to == 0 && width == element) return x;
  if (from >= to) {
    ir_attr attrs[] = {ir_int(IR_ATTR_SHIFT, from - to), ir_int(IR_ATTR_MASK, (int64_t)mask)};
    return ir_emit(&e->b, IR_BITS, &x->type, 1, &x, 2, attrs);
  }
  ir_value *up = ir_emit_attr(&e->b, IR_SHL, x->type, x, ir_int(IR_ATTR_SHIFT, to - from));
  return ir_emit2(&e->b, IR_AND, x->type, up, ir_vector_int(&e->b, x->type, (int64_t)mask));
}

ir_value *matmul_join(matmul *e, ir_value *x, ir_value *y) {
  return x == NULL ? y : ir_emit2(&e->b, IR_OR, y->type, x, y);
}

ir_value *matmul_codes(matmul *e, chunk_view *c, unsigned v, unsigned q) {
  ir_value *code = NULL;
  for (size_t i = 0; i < e->r->pack.plane_count; i++) {
    const pack_plane *p = &e->r->pack.planes[i];
    ir_value *x = matmul_plane(e, c, v, i, q);
    code = matmul_join(e, code, matmul_move_bits(e, x, p->width * (q / p->width), p->width, p->shift));
  }
  return code;
}

// The joint codes of one position in i32 lanes: byte `byte` of each lane of the planes' vectors.
static ir_value *position_codes(matmul *e, chunk_view *c, unsigned v, unsigned q, unsigned byte) {
  ir_value *code = NULL;
  for (size_t i = 0; i < e->r->pack.plane_count; i++) {
    const pack_plane *p = &e->r->pack.planes[i];
    ir_value *x = ir_emit1(&e->b, IR_BITCAST, matmul_i32s(e), matmul_plane(e, c, v, i, q));
    code = matmul_join(e, code, matmul_move_bits(e, x, 8 * byte + p->width * (q / p->width), p->width, p->shift));
  }
  return code;
}

// A float code of one position (planes of 16 or 32 bits), as f32.
static ir_value *position_float(matmul *e, chunk_view *c, unsigned v, unsigned k) {
  const packing *p = &e->r->pack;
  elem_type type = e->r->scheme->fields[e->r->normal.parts[0].field].type;
  uint64_t bytes = elem_get(type)->bits / 8;
  ir_value *at = lo_index_add(&e->b, c->at[v], lo_index_scale(&e->b, e->row[v], bytes));
  at = lo_index_offset(&e->b, at, p->planes[0].offset + bytes * k * p->rows);
  ir_value *x = lo_load(&e->b, ir_vector(type, e->lanes), e->weights, at, NULL);
  return type == ELEM_F32 ? x : ir_emit1(&e->b, IR_EXTF, matmul_f32s(e), x);
}

// ---- integer modes ---------------------------------------------------------------------------------------

static ir_value *token_quad(matmul *e, unsigned m, ir_value *position, uint64_t k) {
  ir_value *at = lo_index_add(&e->b, lo_index_add(&e->b, e->block_position, position), e->x_row[m]);
  ir_value *x = lo_load_splat(&e->b, matmul_i32s(e), e->x, lo_index_offset(&e->b, at, k));
  return ir_emit1(&e->b, IR_BITCAST, matmul_bytes(e), x);
}

static unsigned byte_planes(const recipe_core *core) { return core->plane_count > 0 ? core->plane_count : 1; }

// Every vector's operands of one position of the panel.
static void read_operands(matmul *e, ir_value *position, uint64_t k, quad_operands out) {
  for (unsigned d = 0; d < e->dot_count; d++)
    for (unsigned v = 0; v < e->vectors; v++) out[d][v] = matmul_panel_operand(e, position, k, d, v);
}

static void keep_operands(matmul *e, ir_value *position, uint64_t k, quad_operands u) {
  for (unsigned d = 0; d < e->dot_count; d++)
    for (unsigned v = 0; v < e->vectors; v++) matmul_panel_put(e, position, k, d, v, u[d][v]);
}

static void decode_quad(matmul *e, chunk_view *c, unsigned quad, quad_operands out) {
  ir_value *operands[RECIPE_MAX_DOTS];
  for (unsigned v = 0; v < e->vectors; v++) {
    ir_value *codes = matmul_codes(e, c, v, quad);
    for (size_t i = 0; i < e->r->core_count; i++) {
      matmul_dot_operands(e, i, codes, operands);
      for (unsigned p = 0; p < byte_planes(&e->r->cores[i]); p++) out[e->first_dot[i] + p][v] = operands[p];
    }
  }
}

// One core's operands for vector v.
static ir_value **core_operands(matmul *e, quad_operands u, size_t core, unsigned v, ir_value **out) {
  for (unsigned p = 0; p < byte_planes(&e->r->cores[core]); p++) out[p] = u[e->first_dot[core] + p][v];
  return out;
}

static void multiply_quad(matmul *e, quad_operands u, unsigned q, ir_value *position, uint64_t k) {
  ir_value *operands[RECIPE_MAX_DOTS];
  for (unsigned m = 0; m < e->tokens; m++) {
    ir_value *x = token_quad(e, m, position, k);
    for (size_t i = 0; i < e->r->core_count; i++)
      for (unsigned v = 0; v < e->vectors; v++)
        matmul_multiply_dot(e, i, q, m, v, core_operands(e, u, i, v, operands), x);
  }
}

// The sums of the codes, once for all tokens.
static void count_quad(matmul *e, quad_operands u) {
  ir_value *operands[RECIPE_MAX_DOTS];
  if (!matmul_has_zeros(e->r)) return;
  for (size_t i = 0; i < e->r->core_count; i++)
    for (unsigned v = 0; v < e->vectors; v++) matmul_count_dot(e, i, v, core_operands(e, u, i, v, operands));
}

static void integer_products(matmul *e, chunk_view *c, ir_value *position, uint64_t first, uint64_t count) {
  unsigned q0 = (unsigned)(first % PACK_CHUNK / 4), quads = (unsigned)(count / 4);
  for (unsigned q = 0; q < quads; q++) {
    quad_operands operands;
    uint64_t k = first + (uint64_t)4 * q;
    if (e->use == PANEL_READ && e->panel_operands) {
      read_operands(e, position, k, operands);
    } else {
      decode_quad(e, c, q0 + q, operands);
    }
    if (e->use == PANEL_FILL) {
      keep_operands(e, position, k, operands);
      continue;
    }
    multiply_quad(e, operands, q, position, k);
    count_quad(e, operands);
    matmul_end_step(e, q, q + 1 == quads);
  }
}

// ---- float modes -----------------------------------------------------------------------------------------

// Levels by the cheaper of a look-up and a conversion.
static double table_cost(const matmul *e) {
  return target_cost(e->tier, IR_LOOKUP_F32, ELEM_F32, e->lanes, UINT64_C(1) << e->r->normal.code_bits);
}

static double affine_cost(const matmul *e, const recipe_core *core) {
  double cost = target_cost(e->tier, IR_ITOF, ELEM_F32, e->lanes, 0);
  if (core->offset != 0) cost += target_cost(e->tier, IR_ADD, ELEM_I32, e->lanes, 0);
  if (core->step != 1) cost += target_cost(e->tier, IR_FMUL, ELEM_F32, e->lanes, 0);
  return cost;
}

static ir_value *affine_level(matmul *e, const recipe_core *core, ir_value *codes) {
  ir_value *x = codes;
  if (core->offset != 0)
    x = ir_emit2(&e->b, IR_ADD, matmul_i32s(e), x, ir_vector_int(&e->b, matmul_i32s(e), core->offset));
  x = ir_emit1(&e->b, IR_ITOF, matmul_f32s(e), x);
  return core->step == 1 ? x : lo_fmul(&e->b, x, lo_real(&e->b, x, core->step));
}

static ir_value *table_level(matmul *e, const value_term *t, ir_value *codes) {
  uint64_t count = UINT64_C(1) << e->r->normal.code_bits;
  double *levels = ARENA_ARRAY(e->b.mem, double, count);
  for (uint64_t i = 0; i < count; i++) levels[i] = (float)t->levels[i];
  ir_attr attr = ir_reals(IR_ATTR_LEVELS, levels, count);
  ir_type f = matmul_f32s(e);
  return ir_emit(&e->b, IR_LOOKUP_F32, &f, 1, &codes, 1, &attr);
}

// A stored table's number for each code.
static ir_value *stored_level(matmul *e, const value_term *t, ir_value *codes, const coarse_place *place) {
  uint64_t count = UINT64_C(1) << e->r->normal.code_bits;
  bool plain = true;
  for (uint64_t c = 0; c < count; c++) plain = plain && t->levels[c] == (double)c;
  ir_value *x = lo_stored_number(place, (unsigned)t->table_field, codes, count, plain ? NULL : t->levels);
  return x->type.elem == ELEM_F32 ? x : ir_emit1(&e->b, IR_ITOF, matmul_f32s(e), x);
}

static ir_value *core_level(matmul *e, const recipe_term *t, ir_value *codes, ir_value *real,
                            const coarse_place *place) {
  const recipe_core *core = &e->r->cores[t->core];
  if (t->value.float_field >= 0) return real;
  if (t->value.table_field >= 0) return stored_level(e, &t->value, codes, place);
  bool affine = core->affine && affine_cost(e, core) < table_cost(e);
  return affine ? affine_level(e, core, codes) : table_level(e, &t->value, codes);
}

static ir_value *token_number(matmul *e, unsigned m, ir_value *position, uint64_t k) {
  if (e->r->mode == MODE_PAIR_DOT) return matmul_pair_number(e, m, position, k);
  ir_value *at = lo_index_scale(&e->b, lo_index_add(&e->b, e->block_position, position), 4);
  at = lo_index_offset(&e->b, lo_index_add(&e->b, e->x_row[m], at), 4 * k);
  return lo_load_splat(&e->b, matmul_f32s(e), e->x, at);
}

static void add_product(matmul *e, unsigned d, unsigned k, unsigned v, ir_value *level, ir_value *const *x) {
  for (unsigned m = 0; m < e->tokens; m++) {
    ir_value **acc = &e->dots[d][k % e->chains][m][v];
    ir_value *args[] = {level, x[m], *acc};
    ir_attr attr = ir_int(IR_ATTR_EXACT, 0);
    ir_type t = matmul_f32s(e);
    *acc = ir_emit(&e->b, IR_FMA, &t, 3, args, 1, &attr);
  }
}

// Where windows find the codes of weights before the one at hand.
typedef struct behind {
  matmul *e;
  chunk_view *c;      // this chunk
  chunk_view *before; // the one before it within the span
  uint64_t span;      // of those windows; 0: there is no such chunk yet
  unsigned v;
  ir_value *position; // within the block, a multiple of whole chunks
  uint64_t k;         // from there
  coarse_windows *windows;
} behind;

// The chunk before this one; before the first of a span comes its last.
static void find_before(behind *b, uint64_t span) {
  ir_builder *to = &b->e->b;
  uint64_t first = b->k / PACK_CHUNK * PACK_CHUNK;
  ir_value *chunk = lo_index_offset(to, b->position, first), *size = lo_index(to, span);
  ir_value *at = lo_index_rem(to, lo_index_offset(to, lo_index_rem(to, chunk, size), span - PACK_CHUNK), size);
  find_chunk(b->e, b->before, lo_index_add(to, lo_index_floor(to, chunk, span), at), 0);
  b->span = span;
}

static ir_value *earlier_code(void *state, int back, uint64_t span) {
  behind *b = state;
  int in_chunk = (int)(b->k % PACK_CHUNK) - back;
  if (in_chunk >= 0) return position_codes(b->e, b->c, b->v, (unsigned)in_chunk / 4, (unsigned)in_chunk % 4);
  if (b->span != span) {
    *b->before = (chunk_view){0};
    find_before(b, span);
  }
  unsigned number = (unsigned)(PACK_CHUNK + in_chunk);
  return position_codes(b->e, b->before, b->v, number / 4, number % 4);
}

// The whole value expression of one weight per row.
static ir_value *decoded_value(matmul *e, behind *b, ir_value *codes, ir_value *real) {
  coarse_place place = matmul_place(e, b->v, b->position);
  place.ahead = b->k;
  place.aligned = PACK_CHUNK;
  place.block_position = e->block_position;
  coarse_memo memo = {0};
  place.memo = &memo;
  place.windows = b->windows;
  place.run = e->run;
  place.code = codes;
  place.code_real = real;
  place.earlier = earlier_code;
  place.state = b;
  return lo_expr_real(&place, e->value);
}

// What weights that were decoded before leave for those after them.
typedef struct decoding {
  chunk_view *before;
  coarse_windows *windows; // of each vector
  uint64_t span;
} decoding;

// The levels of one position, for every core and vector.
static void decode_position(matmul *e, chunk_view *c, decoding *d, ir_value *position, uint64_t k, quad_operands out) {
  bool wide = e->r->pack.plane_count > 0 && e->r->pack.planes[0].width > 8;
  unsigned in_chunk = (unsigned)(k % PACK_CHUNK);
  for (unsigned v = 0; v < e->vectors; v++) {
    if (e->small != NULL) {
      out[0][v] = matmul_small_level(e, c, v, in_chunk);
      continue;
    }
    ir_value *codes = wide ? NULL : position_codes(e, c, v, in_chunk / 4, in_chunk % 4);
    ir_value *real = wide ? position_float(e, c, v, in_chunk) : NULL;
    if (e->r->mode == MODE_DECODE) {
      behind b = {.e = e, .c = c, .before = d->before, .span = d->span, .v = v, .position = position, .k = k};
      b.windows = &d->windows[v];
      out[0][v] = decoded_value(e, &b, codes, real);
      d->span = b.span;
      continue;
    }
    coarse_place place = matmul_place(e, v, lo_index_offset(&e->b, position, k));
    for (size_t i = 0; i < e->r->term_count; i++) {
      const recipe_term *t = &e->r->terms[i];
      if (t->core >= 0) out[e->first_dot[t->core]][v] = core_level(e, t, codes, real, &place);
    }
  }
}

// Position number i in the order in which positions are multiplied. Each goes to its chain whatever the order: from a panel
// chain after chain is taken where the sums of all chains do not fit the registers.
static uint64_t in_order(const matmul *e, uint64_t i, uint64_t count) {
  if (e->r->mode == MODE_PAIR_DOT) return matmul_pair_position(i);
  uint64_t share = count / e->chains;
  bool by_chains = e->use == PANEL_READ && e->tokens > schedule_tokens(e->r, e->tier, e->tokens);
  return by_chains && count % e->chains == 0 ? i % share * e->chains + i / share : i;
}

static void float_products(matmul *e, chunk_view *c, ir_value *position, uint64_t first, uint64_t count) {
  decoding d = {.before = ARENA_ARRAY(e->b.mem, chunk_view, 1),
                .windows = ARENA_ARRAY(e->b.mem, coarse_windows, MATMUL_MAX_VECTORS)};
  for (uint64_t i = 0; i < count; i++) {
    uint64_t k = first + in_order(e, i, count);
    quad_operands levels;
    if (e->use == PANEL_READ && e->panel_operands) {
      read_operands(e, position, k, levels);
    } else {
      decode_position(e, c, &d, position, k, levels);
    }
    if (e->use == PANEL_FILL) {
      keep_operands(e, position, k, levels);
      continue;
    }
    ir_value *x[MATMUL_MAX_TOKENS];
    for (unsigned m = 0; m < e->tokens; m++) x[m] = token_number(e, m, position, k);
    for (unsigned j = 0; j < e->dot_count; j++)
      for (unsigned v = 0; v < e->vectors; v++) add_product(e, j, (unsigned)(k % PACK_CHUNK), v, levels[j][v], x);
  }
}

static void prefetch(matmul *e, ir_value *at, uint64_t ahead) {
  ir_value *args[] = {e->weights, lo_index_offset(&e->b, at, ahead)};
  ir_attr once = ir_int(IR_ATTR_ONCE, 1); // few tokens come back for them
  ir_emit(&e->b, IR_PREFETCH, NULL, 2, args, e->tokens == 1, &once);
}

// The first line of a page that is asked for is late: its address has to be found first. So every page is touched longer
// before its lines are asked for, one by one.
#define PAGE_AHEAD 3   // times as far
#define PAGE_STEP 2048 // bytes: at least so often

static bool touches_page(const matmul *e, uint64_t bytes) {
  const packing *p = &e->r->pack;
  return bytes == (p->block_bytes > PAGE_STEP || p->header_bytes == 0 ? p->chunk_bytes : p->header_bytes);
}

// Lines that are asked for one by one. Headers with tables in them may have more, in a loop.
#define UNROLLED_LINES UINT64_C(64)

static void prefetch_lines(matmul *e, ir_value *at, uint64_t ahead, uint64_t bytes) {
  if (bytes <= UNROLLED_LINES * MATMUL_LINE) {
    for (uint64_t line = 0; line < bytes; line += MATMUL_LINE) prefetch(e, at, ahead + line);
    return;
  }
  ir_loop loop = lo_begin_loop(&e->b, lo_index(&e->b, 0), lo_index(&e->b, bytes), lo_index(&e->b, MATMUL_LINE));
  prefetch(e, lo_index_add(&e->b, at, loop.index), ahead);
  lo_end_loop(&e->b, loop);
}

void matmul_prefetch(matmul *e, ir_value *const *at, uint64_t bytes) {
  uint64_t block = e->r->pack.block_bytes, ahead = e->schedules[e->tokens > 1 ? SCHEDULE_FEW : SCHEDULE_ONE].prefetch;
  if (ahead == 0 || e->use != PANEL_NONE) return;

  ahead = (ahead + block - 1) / block * block;
  for (unsigned v = 0; v < e->vectors; v++) {
    if (v > 0 && at[v] == at[v - 1]) continue;
    if (touches_page(e, bytes)) prefetch(e, at[v], PAGE_AHEAD * ahead);
    prefetch_lines(e, at[v], ahead, bytes);
  }
}

void matmul_emit_products(matmul *e, ir_value *position, uint64_t first, uint64_t count) {
  chunk_view c = {0};
  find_chunk(e, &c, position, first);
  if (first % PACK_CHUNK == 0 && e->use == PANEL_READ) matmul_ask_for_chunk(e, position, first);
  if (first % PACK_CHUNK == 0) matmul_prefetch(e, c.at, e->r->pack.chunk_bytes);
  if (e->use == PANEL_FILL && !e->panel_operands) return;
  if (matmul_has_tiles(e)) {
    matmul_emit_tiles(e, position, first, count);
  } else if (e->r->mode == MODE_BIT_DOT) {
    matmul_emit_bits(e, position, first);
  } else if (matmul_is_integer(e->r)) {
    integer_products(e, &c, position, first, count);
  } else if (matmul_has_pairs(e)) {
    matmul_emit_pairs(e, &c, position, first, count);
  } else if (matmul_is_along(e)) {
    matmul_emit_runs(e, position, first, count);
  } else {
    float_products(e, &c, position, first, count);
  }
}
