// Cases of operations on lanes: load the operands, do it, store the result, item after item. Offsets are odd, so that
// nothing can rely on alignment.
#include <string.h>

#include "cases.h"
#include "support/fp.h"

#define ODD 3 // bytes before the first item of each buffer

// What the numbers of an operand are like.
typedef enum numbers { ANY, BELOW_LIMIT, BELOW_128, ROUNDABLE, MODERATE } numbers;

typedef struct operand_spec {
  elem_type elem;
  unsigned times; // lanes for each lane of the result
  numbers numbers;
} operand_spec;

typedef struct op_spec {
  ir_opcode code;
  elem_type result;
  uint32_t result_lanes; // 0: as the case's lanes
  uint32_t table_lanes;  // of the last operand; 0: as `times` says
  operand_spec operands[4];
  uint64_t limit; // BELOW_LIMIT: numbers are smaller
  size_t attr_count;
  ir_attr attrs[2];
  const char *suffix;
} op_spec;

// ---- numbers ---------------------------------------------------------------------------------------------

static const uint32_t float_edges[] = {
    0,          0x80000000, 0x3f800000, 0xbf800000, 1,          0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff,
    0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x477fefff, 0x477ff000, 0x477fe000, 0x38800000, 0x387fffff,
    0x33000000, 0x33000001, 0x33800000, 0x3f7fffff, 0x4effffff, 0x4f000000, 0x3f808000, 0x3f818000, 0x3f817fff,
};
static const uint8_t byte_edges[] = {0, 1, 127, 128, 129, 254, 255};

static uint32_t float_bits(numbers kind, uint64_t r) {
  if (kind == ROUNDABLE) {
    float x = (float)(int32_t)(r & 0x3fffff) - (float)0x200000;
    if (r >> 40 & 1) x /= (float)(UINT64_C(1) << (r >> 41 & 15));
    return fp_bits32(x);
  }
  if (kind == MODERATE) return (uint32_t)(r & 0x807fffff) | (uint32_t)(96 + (r >> 40) % 64) << 23;
  if ((r >> 60) < 6) return float_edges[(r >> 8) % (sizeof float_edges / sizeof *float_edges)];
  if ((r >> 60) < 9) return (uint32_t)(r & 0x807fffff) | (uint32_t)(120 + (r >> 40) % 16) << 23;
  return (uint32_t)r;
}

static uint64_t number(const operand_spec *o, uint64_t limit, uint64_t r) {
  if (o->elem == ELEM_F32) return float_bits(o->numbers, r);
  if (o->numbers == BELOW_128) return (r >> 62) == 0 ? (r & 1 ? 127 : 129) : r % 255 + 129;
  if (o->elem == ELEM_BF16) return float_bits(o->numbers, r) >> 16;
  if (o->numbers == BELOW_LIMIT) return (r >> 62) == 0 ? limit - 1 : r % limit;
  if (o->elem == ELEM_I8 && (r >> 62) == 0) return byte_edges[r % sizeof byte_edges];
  if (o->elem == ELEM_I16 && (r >> 62) == 0) return r & 1 ? 0x7fff : 0x8000;
  if (o->elem == ELEM_I32 && (r >> 60) == 0) return r & 1 ? 0x7fffffff : 0x80000000;
  return r;
}

static ir_memory fill(case_list *list, const operand_spec *o, uint64_t limit, uint64_t count, uint64_t seed) {
  size_t size = elem_get(o->elem)->bits / 8;
  ir_memory m = case_memory(list, ODD + count * size);
  bool every = (o->elem == ELEM_F16 || o->elem == ELEM_BF16) && o->numbers == ANY; // all of them, in order
  for (uint64_t i = 0; i < count; i++) {
    uint64_t value = every ? i : number(o, limit, case_random(&seed));
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

static size_t operand_count(const op_spec *s) {
  size_t count = 0;
  while (count < 4 && s->operands[count].times != 0) count++;
  return count;
}

static uint32_t operand_lanes(const op_spec *s, size_t i, uint32_t lanes) {
  bool last = i + 1 == operand_count(s);
  return last && s->table_lanes != 0 ? s->table_lanes : lanes * s->operands[i].times;
}

static ir_func *make_kernel(case_list *list, const op_spec *s, const char *name, uint32_t lanes) {
  size_t count = operand_count(s);
  ir_func *kernel;
  ir_builder b = case_begin(list, name, count + 1, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = ir_begin_for(&b, params[count + 1], params[count + 2], ir_index_const(&b, 1), 0, NULL, NULL);
  ir_value *operands[4];
  for (size_t i = 0; i < count; i++) {
    ir_type t = ir_vector(s->operands[i].elem, operand_lanes(s, i, lanes));
    operands[i] = ir_emit2(&b, IR_LOAD, t, params[i], item_offset(&b, loop.index, t));
  }
  ir_type t = ir_vector(s->result, s->result_lanes != 0 ? s->result_lanes : lanes);
  ir_value *result = ir_emit(&b, s->code, &t, count, operands, s->attr_count, s->attrs);
  ir_value *stored[] = {params[count], item_offset(&b, loop.index, t), result};
  ir_emit(&b, IR_STORE, NULL, 3, stored, 0, NULL);
  ir_end_for(&b, loop, 0, NULL, NULL);
  return kernel;
}

static void add_op(case_list *list, const op_spec *s, uint32_t lanes) {
  const char *op = ir_op_get_info(s->code)->name;
  char *name = arena_printf(list->mem, "%s_%s%s_x%u", op, elem_get(s->result)->name, s->suffix ? s->suffix : "", lanes);
  for (char *c = name; *c != '\0'; c++)
    if (*c == '.') *c = '_';
  size_t count = operand_count(s);
  bool every = s->code == IR_EXTF;
  test_case c = {
      .work = every ? 65536 / lanes : 12 + 768 / lanes, .buffer_count = count + 1, .compare = s->result, .skip = ODD};
  c.kernel = make_kernel(list, s, name, lanes);
  for (size_t i = 0; i < count; i++)
    c.buffers[i] = fill(list, &s->operands[i], s->limit, c.work * operand_lanes(s, i, lanes), 77 * i + lanes);
  uint64_t out_lanes = s->result_lanes != 0 ? s->result_lanes : lanes;
  c.buffers[count] = case_memory(list, ODD + c.work * out_lanes * (elem_get(s->result)->bits / 8));
  case_add(list, c);
}

static void add_lanes(case_list *list, const op_spec *s, const uint32_t *lanes) {
  for (; *lanes != 0; lanes++) add_op(list, s, *lanes);
}

static const uint32_t usual[] = {1, 4, 16, 0};
static const uint32_t for_bytes[] = {1, 4, 16, 64, 0};
static const uint32_t wide[] = {4, 12, 32, 64, 0};

// ---- the operations --------------------------------------------------------------------------------------

static void add_integers(case_list *list) {
  static const ir_opcode binary[] = {IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR, IR_XOR, IR_SMIN, IR_SMAX};
  static const elem_type elems[] = {ELEM_I8, ELEM_I16, ELEM_I32};
  for (size_t e = 0; e < 3; e++) {
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
      op_spec s = {.code = binary[i], .result = elems[e], .operands = {{elems[e], 1, ANY}, {elems[e], 1, ANY}}};
      add_lanes(list, &s, elems[e] == ELEM_I8 ? for_bytes : usual);
    }
  }
}

static void add_shifts(case_list *list) {
  static const ir_opcode shifts[] = {IR_SHL, IR_SHR, IR_SAR};
  static const elem_type elems[] = {ELEM_I8, ELEM_I16, ELEM_I32};
  for (size_t e = 0; e < 3; e++) {
    op_spec count = {.code = IR_POPCOUNT, .result = elems[e], .operands = {{elems[e], 1, ANY}}};
    add_lanes(list, &count, elems[e] == ELEM_I8 ? for_bytes : usual);
    int64_t bits = elem_get(elems[e])->bits;
    for (size_t i = 0; i < 3; i++) {
      op_spec s = {.code = shifts[i], .result = elems[e], .operands = {{elems[e], 1, ANY}}, .attr_count = 1};
      s.attrs[0] = ir_int(IR_ATTR_SHIFT, 0);
      s.suffix = "_0";
      add_op(list, &s, 16);
      s.attrs[0] = ir_int(IR_ATTR_SHIFT, bits - 3);
      s.suffix = "";
      add_lanes(list, &s, usual);
    }
    op_spec s = {.code = IR_BITS, .result = elems[e], .operands = {{elems[e], 1, ANY}}, .attr_count = 2};
    s.attrs[0] = ir_int(IR_ATTR_SHIFT, 2);
    s.attrs[1] = ir_int(IR_ATTR_MASK, 7);
    add_lanes(list, &s, for_bytes);
    s.attrs[0] = ir_int(IR_ATTR_SHIFT, 5);
    s.attrs[1] = ir_int(IR_ATTR_MASK, 0xed);
    s.suffix = "_high";
    add_lanes(list, &s, for_bytes);
  }
}

static void add_resizes(case_list *list) {
  static const struct {
    ir_opcode code;
    elem_type from;
    elem_type to;
    const char *suffix;
  } rows[] = {{IR_ZEXT, ELEM_I8, ELEM_I16, ""},       {IR_ZEXT, ELEM_I8, ELEM_I32, "_i8"},
              {IR_ZEXT, ELEM_I16, ELEM_I32, ""},      {IR_SEXT, ELEM_I8, ELEM_I16, ""},
              {IR_SEXT, ELEM_I8, ELEM_I32, "_i8"},    {IR_SEXT, ELEM_I16, ELEM_I32, ""},
              {IR_TRUNC, ELEM_I16, ELEM_I8, "_i16"},  {IR_TRUNC, ELEM_I32, ELEM_I8, ""},
              {IR_TRUNC, ELEM_I32, ELEM_I16, ""},     {IR_SPLAT, ELEM_I8, ELEM_I8, ""},
              {IR_BITCAST, ELEM_F32, ELEM_I32, "_f"}, {IR_BITCAST, ELEM_I32, ELEM_F32, ""}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    op_spec s = {.code = rows[i].code, .result = rows[i].to, .operands = {{rows[i].from, 1, ANY}}};
    s.suffix = rows[i].suffix;
    if (s.code == IR_SPLAT) s.result_lanes = 16;
    if (s.code == IR_SPLAT)
      add_op(list, &s, 1);
    else
      add_lanes(list, &s, usual);
  }
  op_spec bytes = {.code = IR_BITCAST, .result = ELEM_I32, .operands = {{ELEM_I8, 4, ANY}}, .suffix = "_i8"};
  add_lanes(list, &bytes, usual);
  op_spec shorts = {.code = IR_BITCAST, .result = ELEM_F32, .operands = {{ELEM_I16, 2, ANY}}, .suffix = "_i16"};
  add_lanes(list, &shorts, usual);
}

static void add_dots(case_list *list) {
  static const int64_t bounds[] = {1, 15, 127, 128, 129, 255};
  static const uint32_t lanes[] = {1, 4, 8, 16, 0}, twice[] = {1, 8, 16, 32, 0};
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    op_spec s = {.code = IR_DOT4, .result = ELEM_I32, .limit = (uint64_t)bounds[i] + 1, .attr_count = 1};
    s.operands[0] = (operand_spec){ELEM_I32, 1, ANY};
    s.operands[1] = (operand_spec){ELEM_I8, 4, BELOW_LIMIT};
    s.operands[2] = (operand_spec){ELEM_I8, 4, ANY};
    s.attrs[0] = ir_int(IR_ATTR_UMAX, bounds[i]);
    s.suffix = arena_printf(list->mem, "_%d", (int)bounds[i]);
    add_lanes(list, &s, lanes);
  }
  for (size_t i = 0; bounds[i] <= 128; i++) {
    op_spec s = {.code = IR_PAIRS_U, .result = ELEM_I16, .limit = (uint64_t)bounds[i] + 1, .attr_count = 1};
    s.operands[0] = (operand_spec){ELEM_I16, 1, ANY};
    s.operands[1] = (operand_spec){ELEM_I8, 2, BELOW_LIMIT};
    s.operands[2] = (operand_spec){ELEM_I8, 2, ANY};
    s.attrs[0] = ir_int(IR_ATTR_UMAX, bounds[i]);
    s.suffix = arena_printf(list->mem, "_%d", (int)bounds[i]);
    add_lanes(list, &s, twice);
  }
  op_spec words = {.code = IR_PAIRS_S, .result = ELEM_I32};
  words.operands[0] = (operand_spec){ELEM_I32, 1, ANY};
  words.operands[1] = words.operands[2] = (operand_spec){ELEM_I16, 2, ANY};
  add_lanes(list, &words, lanes);
  op_spec s = {
      .code = IR_DOT4S, .result = ELEM_I32, .operands = {{ELEM_I32, 1, ANY}, {ELEM_I8, 4, ANY}, {ELEM_I8, 4, ANY}}};
  add_lanes(list, &s, lanes);
  s.operands[2].numbers = BELOW_128;
  s.attr_count = 1, s.attrs[0] = ir_int(IR_ATTR_UMAX, 127), s.suffix = "_127";
  add_lanes(list, &s, lanes);
}

// Nothing so small that a target may take it for zero.
static void add_pair_dots(case_list *list) {
  static const uint32_t lanes[] = {1, 4, 8, 16, 24, 32, 0};
  op_spec s = {.code = IR_DOT2, .result = ELEM_F32, .operands = {{ELEM_F32, 1, MODERATE}}};
  s.operands[1] = s.operands[2] = (operand_spec){ELEM_BF16, 2, MODERATE};
  add_lanes(list, &s, lanes);
}

// Lanes of pairs from two vectors; one of them turned around; single lanes.
static void add_shuffles(case_list *list) {
  static const elem_type elems[] = {ELEM_I8, ELEM_BF16, ELEM_F32};
  for (uint32_t lanes = 1; lanes <= 16; lanes *= 4) {
    uint8_t *pairs = ARENA_ARRAY(list->mem, uint8_t, (size_t)2 * lanes);
    uint8_t *turned = ARENA_ARRAY(list->mem, uint8_t, lanes);
    for (uint32_t i = 0; i < 2 * lanes; i++) pairs[i] = (uint8_t)(i % 2 * lanes + i / 2);
    for (uint32_t i = 0; i < lanes; i++) turned[i] = (uint8_t)(lanes - 1 - i);
    for (size_t e = 0; e < sizeof elems / sizeof *elems; e++) {
      operand_spec x = {elems[e], 1, ANY};
      op_spec two = {.code = IR_SHUFFLE, .result = elems[e], .result_lanes = 2 * lanes, .operands = {x, x}};
      two.attr_count = 1;
      two.attrs[0] = ir_bytes(IR_ATTR_TABLE, pairs, (size_t)2 * lanes);
      two.suffix = "_pairs";
      add_op(list, &two, lanes);
      op_spec one = {.code = IR_SHUFFLE, .result = elems[e], .operands = {x}, .attr_count = 1, .suffix = "_turned"};
      one.attrs[0] = ir_bytes(IR_ATTR_TABLE, turned, lanes);
      add_op(list, &one, lanes);
    }
  }
}

static void add_lookups(case_list *list) {
  uint8_t bytes[256];
  double levels[256];
  uint64_t seed = 5;
  for (size_t i = 0; i < 256; i++) {
    bytes[i] = (uint8_t)case_random(&seed);
    levels[i] = (double)fp_from_bits32((uint32_t)(case_random(&seed) & 0x80ffffff) + 0x3f000000);
  }
  for (size_t n = 16; n <= 256; n *= 2) {
    op_spec s = {.code = IR_LOOKUP, .result = ELEM_I8, .operands = {{ELEM_I8, 1, BELOW_LIMIT}}, .limit = n};
    s.attr_count = 1;
    s.attrs[0] = ir_bytes(IR_ATTR_TABLE, bytes, n);
    s.suffix = arena_printf(list->mem, "_%zu", n);
    add_lanes(list, &s, wide);
  }
  for (size_t n = 2; n <= 256; n *= 2) {
    op_spec s = {.code = IR_LOOKUP_F32, .result = ELEM_F32, .operands = {{ELEM_I32, 1, ANY}}, .attr_count = 1};
    s.attrs[0] = ir_reals(IR_ATTR_LEVELS, levels, n);
    s.suffix = arena_printf(list->mem, "_%zu", n);
    add_lanes(list, &s, usual);
    op_spec vector = {.code = IR_LOOKUP_VECTOR, .result = ELEM_F32, .table_lanes = (uint32_t)n};
    vector.suffix = s.suffix;
    vector.operands[0] = s.operands[0];
    vector.operands[1] = (operand_spec){ELEM_F32, 1, ANY};
    add_lanes(list, &vector, usual);
    op_spec half = s;
    half.code = IR_LOOKUP_BF16, half.result = ELEM_BF16, half.operands[0].elem = ELEM_I16;
    add_lanes(list, &half, wide);
  }
}

static void add_conversions(case_list *list) {
  static const op_spec rows[] = {
      {.code = IR_ITOF, .result = ELEM_F32, .operands = {{ELEM_I32, 1, ANY}}},
      {.code = IR_FTOI, .result = ELEM_I32, .operands = {{ELEM_F32, 1, ROUNDABLE}}},
      {.code = IR_EXTF, .result = ELEM_F32, .operands = {{ELEM_F16, 1, ANY}}, .suffix = "_f16"},
      {.code = IR_EXTF, .result = ELEM_F32, .operands = {{ELEM_BF16, 1, ANY}}, .suffix = "_bf16"},
      {.code = IR_TRUNCF, .result = ELEM_F16, .operands = {{ELEM_F32, 1, ANY}}},
      {.code = IR_TRUNCF, .result = ELEM_BF16, .operands = {{ELEM_F32, 1, ANY}}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) add_lanes(list, &rows[i], usual);
}

static void add_floats(case_list *list) {
  static const ir_opcode binary[] = {IR_FADD, IR_FSUB, IR_FMUL, IR_FDIV, IR_FMIN, IR_FMAX};
  static const ir_opcode unary[] = {IR_FNEG, IR_FABS, IR_FSQRT};
  for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
    op_spec s = {.code = binary[i], .result = ELEM_F32, .operands = {{ELEM_F32, 1, ANY}, {ELEM_F32, 1, ANY}}};
    add_lanes(list, &s, usual);
  }
  for (size_t i = 0; i < sizeof unary / sizeof *unary; i++) {
    op_spec s = {.code = unary[i], .result = ELEM_F32, .operands = {{ELEM_F32, 1, ANY}}};
    add_lanes(list, &s, usual);
  }
  op_spec fma = {.code = IR_FMA, .result = ELEM_F32};
  op_spec select = {.code = IR_SELECT_LT, .result = ELEM_F32};
  for (size_t i = 0; i < 4; i++) {
    if (i < 3) fma.operands[i] = (operand_spec){ELEM_F32, 1, ANY};
    select.operands[i] = (operand_spec){ELEM_F32, 1, ANY};
  }
  add_lanes(list, &fma, usual);
  for (size_t i = 0; i < 3; i++) fma.operands[i].numbers = MODERATE;
  fma.suffix = "_moderate";
  add_lanes(list, &fma, usual);
  add_lanes(list, &select, usual);
}

static void add_reductions(case_list *list) {
  static const op_spec rows[] = {
      {.code = IR_REDUCE_FADD, .result = ELEM_F32, .result_lanes = 1, .operands = {{ELEM_F32, 1, MODERATE}}},
      {.code = IR_REDUCE_FMAX, .result = ELEM_F32, .result_lanes = 1, .operands = {{ELEM_F32, 1, ANY}}},
      {.code = IR_REDUCE_ADD, .result = ELEM_I32, .result_lanes = 1, .operands = {{ELEM_I32, 1, ANY}}},
      {.code = IR_REDUCE_ADD, .result = ELEM_I8, .result_lanes = 1, .operands = {{ELEM_I8, 1, ANY}}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) add_lanes(list, &rows[i], usual);
}

static void add_butterflies(case_list *list) {
  static const uint32_t lanes[] = {2, 4, 16, 24, 64};
  for (uint32_t h = 1; h <= 32; h *= 2) {
    op_spec s = {.code = IR_BUTTERFLY, .result = ELEM_F32, .operands = {{ELEM_F32, 1, MODERATE}}, .attr_count = 1};
    s.attrs[0] = ir_int(IR_ATTR_VALUE, h);
    s.suffix = arena_printf(list->mem, "_%u", h);
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
      if (lanes[i] % (2 * h) == 0) add_lanes(list, &s, (uint32_t[]){lanes[i], 0});
  }
}

void cases_add_ops(case_list *list) {
  add_integers(list);
  add_shifts(list);
  add_resizes(list);
  add_dots(list);
  add_pair_dots(list);
  add_shuffles(list);
  add_lookups(list);
  add_conversions(list);
  add_floats(list);
  add_reductions(list);
  add_butterflies(list);
}
