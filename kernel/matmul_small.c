// Levels of small floats without look-ups: shifted into the places of an f16 number, of which a target makes f32 exactly,
// subnormal numbers included, and multiplied by a power of two. Whether a table of levels is one of small floats is found
// by comparing all of it, so that it does not matter where it came from.
#include <math.h>
#include <string.h>

#include "kernel/matmul_body.h"

#define SIGN 0x8000u
#define EXPONENT 0x7c00u
#define EXPONENT_BITS 5u

// How the code in the upper byte of a word becomes the bits of an f16 number.
struct small_float {
  unsigned up;    // first moved up, so that its sign is bit 15,
  unsigned down;  // then down with its sign, which fills the exponent's upper bits,
  uint32_t kept;  // of which these stay;
  uint32_t carry; // 0: none; what takes magnitudes that are no finite numbers, and no others, to the bit above them
  double scale;   // of the f16 number
};

static unsigned code_bits(const matmul *e) { return e->r->normal.code_bits; }

// The bits of code c, without what is added to those that are no finite numbers.
static uint32_t place_code(const small_float *f, uint32_t c) {
  int32_t word = (int16_t)(uint16_t)(c << 8 << f->up);
  return (uint32_t)(word >> f->down) & f->kept;
}

static uint32_t half_of(const small_float *f, uint32_t c) {
  uint32_t bits = place_code(f, c), high = SIGN >> f->down;
  if (f->carry != 0) bits |= (bits + f->carry) & high;
  return bits;
}

static bool is_level(const small_float *f, uint32_t c, double level) {
  double x = elem_decode(ELEM_F16, half_of(f, c)) * f->scale;
  return isnan(level) ? isnan(x) : x == (double)(float)level;
}

// With the carry all of the exponent has to be ones: the bits below it are those of an exponent already.
static bool find_carry(const double *levels, unsigned bits, small_float *f) {
  uint32_t first = 0, count = 1u << (bits - 1), low = place_code(f, 1);
  while (first < count && isfinite(levels[first])) first++;
  if (first == count || f->down == 0) return true;
  f->carry = (SIGN >> f->down) - first * low;
  return f->down == 1 && (half_of(f, first) & EXPONENT) == EXPONENT;
}

static bool fits(const double *levels, unsigned bits, unsigned down, small_float *f) {
  uint32_t magnitudes = (1u << (bits - 1)) - 1, middle = 1u << (bits - 2);
  *f = (small_float){.up = 8 - bits, .down = down, .scale = 1};
  f->kept = SIGN | magnitudes << (16 - bits) >> down;
  double unit = elem_decode(ELEM_F16, place_code(f, middle));
  int exponent;
  if (down + bits > 16 || unit == 0 || !isfinite(unit) || !isfinite(levels[middle])) return false;
  f->scale = levels[middle] / unit;
  if (f->scale <= 0 || frexp(f->scale, &exponent) != 0.5 || !find_carry(levels, bits, f)) return false;
  for (uint32_t c = 0; c < 1u << bits; c++)
    if (!is_level(f, c, levels[c])) return false;
  return true;
}

static double small_cost(const matmul *e, const small_float *f) {
  double move = target_cost(e->tier, IR_SHL, ELEM_I16, 2 * e->lanes, 0);
  double words = (f->down > 0 ? 2.5 : 1.5) + (f->carry != 0 ? 2 : 0), shuffles = 2;
  double scale = f->scale == 1 ? 0 : target_cost(e->tier, IR_FMUL, ELEM_F32, e->lanes, 0);
  return (words + shuffles) * move / 2 + target_cost(e->tier, IR_EXTF, ELEM_F32, e->lanes, 0) + scale;
}

static double table_cost(const matmul *e) {
  return target_cost(e->tier, IR_LOOKUP_F32, ELEM_F32, e->lanes, UINT64_C(1) << code_bits(e));
}

static const double *only_levels(const recipe *r) {
  bool tables = (r->mode == MODE_FLOAT || r->mode == MODE_PAIR_DOT) && r->core_count == 1 && !r->cores[0].affine;
  for (size_t i = 0; tables && i < r->term_count; i++) {
    const value_term *v = &r->terms[i].value;
    if (r->terms[i].core == 0) return v->float_field < 0 && v->table_field < 0 ? v->levels : NULL;
  }
  return NULL;
}

void matmul_find_small_floats(matmul *e) {
  unsigned bits = code_bits(e);
  const double *levels = only_levels(e->r);
  small_float *f = ARENA_NEW(e->b.mem, small_float);
  e->small = NULL;
  if (levels == NULL || bits < 3 || bits > 8 || e->lanes < 2) return;
  for (unsigned down = 0; down < EXPONENT_BITS && e->small == NULL; down++)
    if (fits(levels, bits, down, f) && small_cost(e, f) < table_cost(e)) e->small = f;
}

// ---- emitted ---------------------------------------------------------------------------------------------

static ir_value *shifted(matmul *e, ir_opcode op, ir_value *x, unsigned by) {
  return by == 0 ? x : ir_emit_attr(&e->b, op, x->type, x, ir_int(IR_ATTR_SHIFT, by));
}

static ir_value *with(matmul *e, ir_opcode op, ir_value *x, uint32_t constant) {
  return ir_emit2(&e->b, op, x->type, x, ir_vector_int(&e->b, x->type, (int16_t)(uint16_t)constant));
}

// Two levels of each row, of the even or the odd bytes of its lane.
static ir_value *both_levels(matmul *e, ir_value *codes, bool odd) {
  const small_float *f = e->small;
  ir_value *x = ir_emit1(&e->b, IR_BITCAST, matmul_words(e), codes);
  x = shifted(e, IR_SAR, shifted(e, IR_SHL, x, (odd ? 0 : 8) + f->up), f->down);
  x = with(e, IR_AND, x, f->kept);
  if (f->carry != 0) {
    ir_value *high = with(e, IR_AND, with(e, IR_ADD, x, f->carry), SIGN >> f->down);
    x = matmul_join(e, x, high);
  }
  ir_type halves = ir_vector(ELEM_F16, 2 * e->lanes), floats = ir_vector(ELEM_F32, 2 * e->lanes);
  x = ir_emit1(&e->b, IR_EXTF, floats, ir_emit1(&e->b, IR_BITCAST, halves, x));
  return f->scale == 1 ? x : lo_fmul(&e->b, x, lo_real(&e->b, x, f->scale));
}

ir_value *matmul_small_level(matmul *e, chunk_view *c, unsigned v, unsigned k) {
  unsigned quad = k / 4, odd = k % 2, upper = k % 4 / 2;
  ir_value **both = &c->levels[v][quad][odd];
  if (*both == NULL) *both = both_levels(e, matmul_codes(e, c, v, quad), odd != 0);
  uint8_t *lanes = ARENA_ARRAY(e->b.mem, uint8_t, e->lanes);
  for (unsigned i = 0; i < e->lanes; i++) lanes[i] = (uint8_t)(2 * i + upper);
  return ir_emit_attr(&e->b, IR_SHUFFLE, matmul_f32s(e), *both, ir_bytes(IR_ATTR_TABLE, lanes, e->lanes));
}
