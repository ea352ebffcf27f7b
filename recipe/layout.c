// The pass `layout`: the kernel layout (rows interleaved, bits in planes, coarse elements of the tile's rows side by
// side) and the layout of the activations. Both follow from the scheme and the spans; neither depends on a target.
#include <string.h>

#include "recipe/draft.h"
#include "recipe/spans.h"
#include "support/num.h"

#define TILE_ROWS 16
#define ALIGN 64
#define MAX_HEADER_GROWTH 8

// Powers of two are stored as their exponents, of which a shift makes f32, where there are many of them: one for a group.
static bool stays_exponent(const scheme_field *f) {
  return elem_get(f->type)->special == ELEM_POWER && granularity_is_grouped(&f->gran) && scheme_field_elements(f) == 1;
}

elem_type draft_store_type(const scheme_field *f) {
  const elem_type type = f->type;
  const elem_info *e = elem_get(type);
  if (stays_exponent(f)) return type;
  if (e->kind == ELEM_KIND_FLOAT && e->bits <= 8) return e->exp_bits == 8 ? ELEM_BF16 : ELEM_F16; // exact
  if (e->kind == ELEM_KIND_FLOAT) return type == ELEM_F64 ? ELEM_F32 : type;
  if (e->kind == ELEM_KIND_UINT) return e->bits <= 8 ? ELEM_U8 : e->bits <= 16 ? ELEM_U16 : ELEM_U32;
  return e->bits <= 8 ? ELEM_I8 : e->bits <= 16 ? ELEM_I16 : ELEM_I32;
}

static uint64_t element_bytes(elem_type type) { return elem_get(type)->bits / 8; }

static void add_plane(packing *p, unsigned width, unsigned shift) {
  p->planes[p->plane_count++] = (pack_plane){.width = width, .shift = shift, .offset = p->chunk_bytes};
  p->chunk_bytes += (uint64_t)width * PACK_CHUNK * p->rows / 8;
}

// The largest power of two that is at most (with `up`: at least) `bits`, 8 at most.
static unsigned plane_width(unsigned bits, bool up) {
  unsigned width = 8;
  while (width > bits && !(up && width / 2 < bits)) width /= 2;
  return width;
}

// Codes of up to 8 bits take planes of exactly their bits, wide plane first; float codes stay whole; several integer
// codes together take bytes and one narrower plane. Codes that can be counted bit by bit take planes of single bits.
static void lay_planes(packing *p, unsigned bits, bool single, bool is_float) {
  if (is_float) {
    add_plane(p, bits, 0);
    return;
  }
  for (unsigned at = 0; at < bits;) {
    unsigned width = single ? 1 : plane_width(bits - at, bits > 8);
    add_plane(p, width, at);
    at += width;
  }
}

static uint64_t lcm(uint64_t a, uint64_t b) {
  uint64_t r;
  if (b == 0) return a;
  return num_mul(a / num_gcd(a, b), b, &r) && r < DRAFT_BLOCK_LIMIT ? r : DRAFT_BLOCK_LIMIT;
}

// The least multiple of the spans within which windows wrap.
static uint64_t window_span(const expr *e, uint64_t span) {
  if (e->op == EXPR_WINDOW) span = lcm(span, (uint64_t)e->args[1]->i);
  for (unsigned i = 0; i < e->arg_count; i++) span = window_span(e->args[i], span);
  return span;
}

static bool has_derived_code(const recipe *r) {
  for (size_t i = 0; i < r->normal.part_count; i++)
    if (r->normal.parts[i].derived_count > 0) return true;
  return false;
}

// What derived codes were made from is not stored, unless a coefficient reads it, too.
bool draft_is_stored(const recipe *r, size_t field) {
  if (scheme_is_transform_field(r->scheme, (unsigned)field)) return false;
  if (!has_derived_code(r)) return true;
  for (size_t i = 0; i < r->term_count; i++) {
    const value_term *v = &r->terms[i].value;
    if (v->table_field == (int)field) return true;
    for (size_t j = 0; j < v->coefficient_count; j++)
      if (expr_uses_field(v->coefficients[j], (unsigned)field)) return true;
  }
  return false;
}

bool draft_is_grouped(const recipe *r, size_t field) {
  return granularity_is_grouped(&r->scheme->fields[field].gran) && draft_is_stored(r, field);
}

uint64_t draft_least_block(const recipe *r) {
  uint64_t block = PACK_CHUNK;
  const uint64_t spans[] = {r->segment, r->float_span};
  block = window_span(r->scheme->value, block);
  for (size_t i = 0; i < 2 && block < DRAFT_BLOCK_LIMIT; i++)
    if (spans[i] != PREPARED_ROW) block = lcm(block, spans[i]);
  for (size_t i = 0; i < r->scheme->field_count && block < DRAFT_BLOCK_LIMIT; i++)
    if (draft_is_grouped(r, i)) block = lcm(block, draft_span(r, r->scheme->fields[i].gran.group));
  return block;
}

// How many rows of a tile have an element together and find it once: kernels have lanes for so many rows at most.
static unsigned shared_rows(const recipe *r, const scheme_field *f) {
  uint64_t rows = granularity_rows(&f->gran), common = num_gcd(rows, TILE_ROWS);
  value_run run = matmul_run(r);
  return common == TILE_ROWS || (run.down && common % run.length == 0) ? (unsigned)common : 1;
}

// Kernel positions of a block: every span fits in a whole number of times, and the header fills whole cache lines
// unless that would take too many groups. It does not depend on K, so that weights packed for one model fit the kernels
// of another.
static bool find_block(draft *t) {
  recipe *r = t->r;
  uint64_t block = draft_least_block(r);
  if (block >= DRAFT_BLOCK_LIMIT) {
    diag_error(t->d, r->scheme->loc, "the groups of scheme '%s' and of its activations have no small common multiple",
               r->scheme->name);
    diag_hint(t->d, "choose an activation group that is a multiple or a divisor of the scheme's groups");
    return false;
  }
  uint64_t header = 0;
  for (size_t i = 0; i < r->scheme->field_count; i++) {
    const scheme_field *f = &r->scheme->fields[i];
    if (!draft_is_grouped(r, i)) continue;
    header += block / draft_span(r, f->gran.group) * scheme_field_elements(f) * element_bytes(draft_store_type(f)) *
              (TILE_ROWS / shared_rows(r, f));
  }
  uint64_t grow = 1;
  uint64_t most = r->flush > 0 && block > 0 ? r->flush / block : MAX_HEADER_GROWTH; // sums are flushed between blocks
  while (header * grow % ALIGN != 0 && grow < MAX_HEADER_GROWTH && 2 * grow <= most) grow *= 2;
  r->pack.block = block * grow;
  return true;
}

// Table fields are stored element by element, each as a vector of the tile's rows.
static void lay_fields(draft *t) {
  recipe *r = t->r;
  packing *p = &r->pack;
  pack_field *fields = ARENA_ARRAY(t->mem, pack_field, r->scheme->field_count);
  pack_field *tensor = ARENA_ARRAY(t->mem, pack_field, r->scheme->field_count);
  for (size_t i = 0; i < r->scheme->field_count; i++) {
    const scheme_field *f = &r->scheme->fields[i];
    pack_field pf = {.field = (unsigned)i, .store = draft_store_type(f)};
    uint64_t bytes = scheme_field_elements(f) * element_bytes(pf.store);
    if (f->gran.kind != GRAN_TENSOR) pf.shared = shared_rows(r, f);
    if (f->gran.kind == GRAN_WEIGHT || !draft_is_stored(r, i)) continue;
    if (granularity_is_grouped(&f->gran)) {
      pf.span = draft_span(r, f->gran.group);
      pf.bytes = bytes * pack_field_width(p, &pf);
      fields[p->field_count++] = pf;
    } else if (f->gran.kind != GRAN_TENSOR) {
      p->tile_head_bytes = pf.offset = (p->tile_head_bytes + 3) / 4 * 4;
      p->tile_head_bytes += bytes * pack_field_width(p, &pf);
      fields[p->field_count++] = pf;
    } else {
      pf.offset = p->tensor_head_bytes;
      p->tensor_head_bytes += (bytes + 3) / 4 * 4;
      tensor[p->tensor_field_count++] = pf;
    }
  }
  p->fields = fields;
  p->tensor_fields = tensor;
  for (size_t i = 0; i < p->field_count; i++)
    if (fields[i].span != 0) fields[i].offset = packing_field_offset(p, i, p->block);
  p->header_bytes = packing_header_bytes(p, p->block); // chunks begin there
}

// The offset that all sums of activations are multiplied with, so that kernels find the product; 0: there is no such.
static int64_t common_offset(const recipe *r) {
  int64_t offset = 0;
  for (size_t i = 0; i < r->core_count; i++) {
    if (r->cores[i].offset == 0) continue;
    if (offset != 0 && offset != r->cores[i].offset) return 0;
    offset = r->cores[i].offset;
  }
  return offset;
}

static void lay_prepared(recipe *r) {
  bool ints = mode_is_integer(r->mode), bits = r->mode == MODE_BIT_DOT, signs = bits && r->act.kind == ACT_SIGN;
  bool sums = false, offsets = false;
  for (size_t i = 0; i < r->term_count; i++) {
    sums = sums || r->terms[i].core < 0;
    offsets = offsets || (r->terms[i].core >= 0 && r->cores[r->terms[i].core].offset != 0);
  }
  bool nested = r->segment != r->float_span;
  uint64_t sum_span = r->segment == PREPARED_ROW ? r->flush * r->pack.block : r->segment;
  r->prepared = (prepared_layout){
      .act = r->act,
      .as_f32 = !ints && r->mode != MODE_PAIR_DOT,
      .as_pairs = r->mode == MODE_PAIR_DOT,
      .k_group = r->pack.k_group,
      .k_padded = r->pack.k_padded,
      .block = PACK_CHUNK,
      .scale_span = !ints                                         ? 0
                    : act_is_dynamic(&r->act) && r->act.group > 0 ? draft_span(r, r->act.group)
                                                                  : PREPARED_ROW,
      .isum_span = ints && (offsets || signs || (sums && nested)) ? sum_span : 0,
      .fsum_span = sums && !nested ? sum_span : 0,
      .isum_factor = ints && !(sums && nested) ? common_offset(r) : 0,
      .bit_planes = bits ? act_bit_planes(&r->act) : 0,
      .isum_signs = signs ? (INT64_C(1) << r->normal.code_bits) - 1 : 0,
  };
}

static bool may_count_bits(const recipe *r) {
  mode_candidate m = {.core_count = r->core_count,
                      .cores = (recipe_core *)r->cores,
                      .term_count = r->term_count,
                      .terms = (recipe_term *)r->terms};
  return (r->mode == MODE_INT_DOT || r->mode == MODE_BIT_DOT) && draft_bits_refused(r, &m) == NULL;
}

bool draft_layout(draft *t) {
  recipe *r = t->r;
  packing *p = &r->pack;
  p->rows = TILE_ROWS;
  if (!find_block(t)) return false;
  p->code_bits = r->normal.code_bits;
  lay_planes(p, r->normal.code_bits, may_count_bits(r), lower_has_float_code(r));
  lay_fields(t);
  bool ints = mode_is_integer(r->mode);
  if (ints && act_zero(&r->act) != 0) {
    p->has_row_sums = true;
    p->row_sum_offset = (p->tile_head_bytes + 3) / 4 * 4;
    p->tile_head_bytes = p->row_sum_offset + (uint64_t)4 * p->rows;
  }
  p->tile_head_bytes = (p->tile_head_bytes + ALIGN - 1) / ALIGN * ALIGN;
  p->tensor_head_bytes = (p->tensor_head_bytes + ALIGN - 1) / ALIGN * ALIGN;
  p->block_bytes = p->header_bytes + p->block / PACK_CHUNK * p->chunk_bytes;
  if (r->flush > 0) r->flush = r->flush / p->block > 0 ? r->flush / p->block : 1;
  lay_prepared(r);
  draft_explain_layout(t);
  return true;
}
