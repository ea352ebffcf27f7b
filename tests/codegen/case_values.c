// Cases of what index notation computes with: integers and floats of 32 and 64 bits, masks. A case loads its operands at odd
// offsets, item after item; a mask is made of bytes by their lowest bit, and stored as bytes 0 and 1.
#include <math.h>
#include <string.h>

#include "cases.h"
#include "support/fp.h"

#define ODD 3 // bytes before the first item of each buffer
#define MOST_OPERANDS 4

typedef struct value_case {
  ir_opcode code;
  elem_type result;
  uint32_t result_lanes; // 0: as the case's lanes
  elem_type operands[MOST_OPERANDS];
  unsigned operand_count;
  unsigned times;  // lanes of the operand for each lane of the result; 0: 1
  int64_t divisor; // where it is not 0 the second operand is this constant
  size_t attr_count;
  ir_attr attr;
  const char *suffix;
} value_case;

// ---- numbers ---------------------------------------------------------------------------------------------

static const double real_edges[] = {0.0,
                                    0.5,
                                    1.0,
                                    1.5,
                                    2.5,
                                    0x1.fffffep-2,
                                    0x1.fffffffffffffp-2,
                                    0x1p23,
                                    0x1p23 - 0.5,
                                    0x1p22 + 0.5,
                                    0x1p52 - 0.5,
                                    0x1p51 + 0.5,
                                    0x1p31,
                                    2147483520.0,
                                    2147483647.5,
                                    0x1p63,
                                    0x1p63 - 1024,
                                    0x1p-149,
                                    0x1p-1074,
                                    0x1.fffffep127,
                                    0x1.fffffffffffffp1023,
                                    0x1.ffffffp127,
                                    1e300,
                                    INFINITY,
                                    NAN};

static uint64_t real_number(elem_type elem, uint64_t r) {
  double x = real_edges[(r >> 8) % (sizeof real_edges / sizeof *real_edges)];
  unsigned kind = (unsigned)(r >> 60);
  if (kind >= 6) x = ldexp((double)(int64_t)r, -(int)(r >> 3 & 63)); // halves, and integers of all sizes
  if (kind < 6 && (r & 1) != 0) x = -x;
  if (kind >= 12) return elem == ELEM_F64 ? r << 4 | r >> 60 : (uint32_t)r;
  return elem_encode(elem, x);
}

static uint64_t number(elem_type elem, uint64_t r) {
  static const uint64_t edges[] = {0, 1, UINT64_MAX, INT64_MAX, UINT64_C(1) << 63, 2, 31, 32, 33, 63, 64};
  if (elem_get(elem)->kind == ELEM_KIND_FLOAT) return real_number(elem, r);
  unsigned bits = elem_get(elem)->bits, kind = (unsigned)(r >> 61);
  if (kind == 0) return r & 7 ? edges[(r >> 8) % (sizeof edges / sizeof *edges)] : UINT64_C(1) << (bits - 1);
  if (kind < 4) return (r % 64) - (r >> 32 & 7); // many are equal, and count shifts
  return kind == 4 ? UINT64_C(0) - r % 1000 : r;
}

static elem_type stored(elem_type elem) { return elem == ELEM_U1 ? ELEM_I8 : elem; }

static ir_memory fill(case_list *list, elem_type elem, uint64_t count, uint64_t seed) {
  size_t size = elem_get(stored(elem))->bits / 8;
  ir_memory m = case_memory(list, ODD + count * size);
  for (uint64_t i = 0; i < count; i++) {
    uint64_t value = number(stored(elem), case_random(&seed));
    for (size_t j = 0; j < size; j++) m.data[ODD + i * size + j] = (uint8_t)(value >> (8 * j));
  }
  return m;
}

// ---- kernels ---------------------------------------------------------------------------------------------

static ir_value *item_offset(ir_builder *b, ir_value *item, ir_type type) {
  uint64_t bytes = (uint64_t)type.lanes * (elem_get(type.elem)->bits / 8);
  ir_value *start = ir_emit2(b, IR_IMUL, ir_index(), item, ir_index_const(b, bytes));
  return ir_emit2(b, IR_IADD, ir_index(), start, ir_index_const(b, ODD));
}

static ir_value *load(ir_builder *b, ir_value *buffer, ir_value *item, elem_type elem, uint32_t lanes) {
  ir_type t = ir_vector(stored(elem), lanes);
  ir_value *x = ir_emit2(b, IR_LOAD, t, buffer, item_offset(b, item, t));
  return elem == ELEM_U1 ? ir_emit1(b, IR_TRUNC, ir_vector(ELEM_U1, lanes), x) : x;
}

static void store(ir_builder *b, ir_value *buffer, ir_value *item, ir_value *x) {
  ir_type t = ir_vector(stored(x->type.elem), x->type.lanes);
  if (x->type.elem == ELEM_U1) x = ir_emit1(b, IR_ZEXT, t, x);
  ir_emit(b, IR_STORE, NULL, 3, (ir_value *[]){buffer, item_offset(b, item, t), x}, 0, NULL);
}

static ir_func *make_kernel(case_list *list, const value_case *s, const char *name, uint32_t lanes) {
  unsigned loaded = s->divisor != 0 ? s->operand_count - 1 : s->operand_count;
  ir_func *kernel;
  ir_builder b = case_begin(list, name, loaded + 1, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = ir_begin_for(&b, params[loaded + 1], params[loaded + 2], ir_index_const(&b, 1), 0, NULL, NULL);
  ir_value *operands[MOST_OPERANDS];
  for (unsigned i = 0; i < s->operand_count; i++) {
    uint32_t n = lanes * (s->times != 0 ? s->times : 1);
    operands[i] = i < loaded ? load(&b, params[i], loop.index, s->operands[i], n)
                             : ir_vector_int(&b, ir_vector(s->operands[i], n), s->divisor);
  }
  ir_type t = ir_vector(s->result, s->result_lanes != 0 ? s->result_lanes : lanes);
  store(&b, params[loaded], loop.index, ir_emit(&b, s->code, &t, s->operand_count, operands, s->attr_count, &s->attr));
  ir_end_for(&b, loop, 0, NULL, NULL);
  return kernel;
}

static void add_one(case_list *list, const value_case *s, uint32_t lanes) {
  const char *op = ir_op_get_info(s->code)->name, *suffix = s->suffix != NULL ? s->suffix : "";
  char *name = arena_printf(list->mem, "%s_%s_%s%s_x%u", op, elem_get(s->operands[s->operand_count - 1])->name,
                            elem_get(s->result)->name, suffix, lanes);
  for (char *c = name; *c != '\0'; c++)
    if (*c == '.') *c = '_';
  unsigned loaded = s->divisor != 0 ? s->operand_count - 1 : s->operand_count;
  test_case c = {.work = 8 + 384 / lanes, .buffer_count = loaded + 1, .compare = stored(s->result), .skip = ODD};
  c.kernel = make_kernel(list, s, name, lanes);
  for (unsigned i = 0; i < loaded; i++)
    c.buffers[i] =
        fill(list, s->operands[i], c.work * lanes * (s->times != 0 ? s->times : 1), 97 * i + lanes + (uint64_t)s->code);
  uint32_t out_lanes = s->result_lanes != 0 ? s->result_lanes : lanes;
  c.buffers[loaded] = case_memory(list, ODD + c.work * out_lanes * (elem_get(stored(s->result))->bits / 8));
  case_add(list, c);
}

// In scalars, in a vector that some machine has, and in sixteen lanes.
static void add_case(case_list *list, const value_case *s) {
  uint32_t natural = elem_get(s->operands[0])->bits == 64 ? 2 : 4;
  add_one(list, s, 1);
  add_one(list, s, natural);
  add_one(list, s, 16);
}

typedef struct op_list {
  size_t count;
  const ir_opcode *codes;
} op_list;
#define OPS(...) ((op_list){sizeof((ir_opcode[]){__VA_ARGS__}) / sizeof(ir_opcode), (const ir_opcode[]){__VA_ARGS__}})

// Operations of `operands` operands of one element, whose results have the element `result`.
static void add_each(case_list *list, op_list ops, elem_type elem, elem_type result, unsigned operands) {
  for (size_t i = 0; i < ops.count; i++) {
    value_case s = {.code = ops.codes[i], .result = result, .operands = {elem, elem, elem}, .operand_count = operands};
    add_case(list, &s);
  }
}

static void add_reductions(case_list *list, op_list ops, elem_type elem) {
  for (size_t i = 0; i < ops.count; i++) {
    value_case s = {.code = ops.codes[i], .result = elem, .result_lanes = 1, .operands = {elem}, .operand_count = 1};
    s.suffix = "_one";
    add_case(list, &s);
  }
}

// ---- the operations --------------------------------------------------------------------------------------

static void add_integers(case_list *list) {
  static const elem_type narrow[] = {ELEM_I8, ELEM_I16}, words[] = {ELEM_I32, ELEM_I64};
  op_list compares = OPS(IR_LT, IR_LE, IR_EQ);
  for (size_t i = 0; i < 2; i++) {
    add_each(list, compares, narrow[i], ELEM_U1, 2);
    add_each(list, OPS(IR_ABS), narrow[i], narrow[i], 1);
  }
  for (size_t i = 0; i < 2; i++) {
    add_each(list, OPS(IR_DIV, IR_MOD, IR_SHLV, IR_SHRV, IR_SARV), words[i], words[i], 2);
    add_each(list, compares, words[i], ELEM_U1, 2);
    add_each(list, OPS(IR_ABS), words[i], words[i], 1);
    add_reductions(list, OPS(IR_REDUCE_MUL, IR_REDUCE_SMIN, IR_REDUCE_SMAX, IR_REDUCE_AND, IR_REDUCE_OR), words[i]);
  }
  add_each(list, OPS(IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR, IR_XOR, IR_SMIN, IR_SMAX), ELEM_I64, ELEM_I64, 2);
  add_each(list, OPS(IR_POPCOUNT), ELEM_I64, ELEM_I64, 1);
  add_reductions(list, OPS(IR_REDUCE_ADD), ELEM_I64);
  static const ir_opcode shifts[] = {IR_SHL, IR_SHR, IR_SAR};
  for (size_t i = 0; i < 3; i++) {
    value_case s = {.code = shifts[i], .result = ELEM_I64, .operands = {ELEM_I64}, .operand_count = 1, .attr_count = 1};
    s.attr = ir_int(IR_ATTR_SHIFT, 37);
    add_case(list, &s);
  }
}

static void add_divisions(case_list *list) {
  static const int64_t divisors[] = {1, 2, 64, 3, 7, 10, -1, -3, 1000003, INT32_MAX, INT32_MIN};
  static const elem_type words[] = {ELEM_I32, ELEM_I64};
  for (size_t e = 0; e < 2; e++)
    for (size_t i = 0; i < 2 * (sizeof divisors / sizeof *divisors); i++) {
      value_case s = {.code = i % 2 == 0 ? IR_DIV : IR_MOD, .result = words[e], .operands = {words[e], words[e]}};
      s.operand_count = 2;
      s.divisor = divisors[i / 2];
      s.suffix = arena_printf(list->mem, "_by_%s%lld", s.divisor < 0 ? "minus_" : "",
                              s.divisor < 0 ? -(long long)s.divisor : (long long)s.divisor);
      add_one(list, &s, 16);
    }
}

static void add_masks(case_list *list) {
  static const elem_type ints[] = {ELEM_I8, ELEM_I16, ELEM_I32, ELEM_I64};
  static const elem_type chosen[] = {ELEM_I8, ELEM_I16, ELEM_I32, ELEM_I64, ELEM_F16, ELEM_F32, ELEM_F64, ELEM_U1};
  add_each(list, OPS(IR_AND, IR_OR, IR_XOR), ELEM_U1, ELEM_U1, 2);
  add_reductions(list, OPS(IR_REDUCE_AND, IR_REDUCE_OR), ELEM_U1);
  for (size_t i = 0; i < 4; i++) {
    add_each(list, OPS(IR_ZEXT, IR_SEXT), ELEM_U1, ints[i], 1);
    if (i > 0) add_each(list, OPS(IR_TRUNC), ints[i], ELEM_U1, 1);
  }
  for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
    value_case s = {.code = IR_SELECT, .result = chosen[i], .operands = {ELEM_U1, chosen[i], chosen[i]}};
    s.operand_count = 3;
    add_case(list, &s);
  }
  value_case splat = {
      .code = IR_SPLAT, .result = ELEM_U1, .result_lanes = 16, .operands = {ELEM_U1}, .suffix = "_mask"};
  splat.operand_count = 1;
  add_one(list, &splat, 1);
}

static void add_reals(case_list *list) {
  static const elem_type reals[] = {ELEM_F32, ELEM_F64};
  for (size_t i = 0; i < 2; i++) {
    add_each(list, OPS(IR_FLT, IR_FLE, IR_FEQ), reals[i], ELEM_U1, 2);
    add_each(list, OPS(IR_FMINIMUM, IR_FMAXIMUM), reals[i], reals[i], 2);
    add_each(list, OPS(IR_FFLOOR, IR_FCEIL, IR_FTRUNC, IR_FROUND, IR_FROUND_AWAY), reals[i], reals[i], 1);
    add_reductions(list, OPS(IR_REDUCE_FMUL, IR_REDUCE_FMINIMUM, IR_REDUCE_FMAXIMUM), reals[i]);
    add_each(list, OPS(IR_FTOI_SAT), reals[i], ELEM_I32, 1);
    add_each(list, OPS(IR_FTOI_SAT), reals[i], ELEM_I64, 1);
    add_each(list, OPS(IR_ITOF), ELEM_I64, reals[i], 1);
  }
  add_each(list, OPS(IR_ITOF), ELEM_I32, ELEM_F64, 1);
  add_each(list, OPS(IR_EXTF), ELEM_F32, ELEM_F64, 1);
  add_each(list, OPS(IR_TRUNCF), ELEM_F64, ELEM_F32, 1);
  add_each(list, OPS(IR_FADD, IR_FSUB, IR_FMUL, IR_FDIV, IR_FMIN, IR_FMAX), ELEM_F64, ELEM_F64, 2);
  add_each(list, OPS(IR_FNEG, IR_FABS, IR_FSQRT), ELEM_F64, ELEM_F64, 1);
  add_reductions(list, OPS(IR_REDUCE_FADD, IR_REDUCE_FMAX), ELEM_F64);
}

static void add_moves(case_list *list) {
  static const elem_type ints[] = {ELEM_I8, ELEM_I16, ELEM_I32};
  for (size_t i = 0; i < 3; i++) {
    add_each(list, OPS(IR_ZEXT, IR_SEXT), ints[i], ELEM_I64, 1);
    add_each(list, OPS(IR_TRUNC), ELEM_I64, ints[i], 1);
  }
  value_case words = {.code = IR_BITCAST, .result = ELEM_I32, .operands = {ELEM_F64}, .operand_count = 1};
  add_each(list, OPS(IR_BITCAST), ELEM_F64, ELEM_I64, 1);
  add_each(list, OPS(IR_BITCAST), ELEM_I64, ELEM_F64, 1);
  words.result_lanes = 32, words.suffix = "_halves";
  add_one(list, &words, 16);
  value_case joined = {.code = IR_BITCAST, .result = ELEM_F64, .operands = {ELEM_I32}, .operand_count = 1, .times = 2};
  add_case(list, &joined);
  static const uint8_t order[] = {15, 1, 31, 0, 16, 7};
  value_case shuffle = {.code = IR_SHUFFLE, .result = ELEM_F64, .operands = {ELEM_F64, ELEM_F64}, .operand_count = 2};
  shuffle.result_lanes = sizeof order, shuffle.attr_count = 1;
  shuffle.attr = ir_bytes(IR_ATTR_TABLE, order, sizeof order);
  add_one(list, &shuffle, 16);
  value_case splat = {.code = IR_SPLAT, .result = ELEM_I64, .result_lanes = 8, .operands = {ELEM_I64}};
  splat.operand_count = 1;
  add_one(list, &splat, 1);
  value_case less = {.code = IR_SELECT_LT, .result = ELEM_F64, .operands = {ELEM_F32, ELEM_F32, ELEM_F64, ELEM_F64}};
  less.operand_count = 4;
  add_case(list, &less);
}

void cases_add_values(case_list *list) {
  add_integers(list);
  add_divisions(list);
  add_masks(list);
  add_reals(list);
  add_moves(list);
}
