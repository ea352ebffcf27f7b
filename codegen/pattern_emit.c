// Target patterns -> LLVM IR: each piece of an operation by the pattern's steps.
#include <string.h>

#include "codegen/emit.h"

bool emit_is_word(const target_pattern *p, const char *word) { return strcmp(p->sequence, word) == 0; }

// Older versions of LLVM lack a few intrinsics; the portable expansions do without.
static bool is_known(const pattern *p) {
  for (size_t i = 0; i < p->count; i++) {
    const char *name = p->steps[i].intrinsic;
    if (p->steps[i].code == PATTERN_INTRINSIC && LLVMLookupIntrinsicID(name, strlen(name)) == 0) return false;
  }
  return true;
}

const target_pattern *emit_find_pattern(const emit *e, const ir_op *op, uint64_t limit) {
  const ir_type *t = &op->results[0]->type;
  return emit_find_pattern_of(e, op->code, t->elem, t->lanes, limit);
}

const target_pattern *emit_find_pattern_of(const emit *e, ir_opcode code, elem_type elem, uint32_t lanes,
                                           uint64_t limit) {
  const target_pattern *row = target_find_pattern(e->tier, code, elem, lanes, limit);
  if (row == NULL || emit_is_word(row, "gather")) return row;
  const char *error;
  const pattern *p = pattern_get(e->mem, e->patterns, row, &error);
  return p == NULL || is_known(p) ? row : NULL;
}

// What one piece is computed from.
typedef struct piece {
  emit *e;
  const pattern *pattern;
  const pattern_table *table;
  LLVMValueRef vector; // the table where its data is not known, NULL: it is
  uint64_t shift;
  uint64_t mask;
  size_t operand_count;
  LLVMValueRef operands[4];
  LLVMValueRef values[PATTERN_MAX_STEPS];
} piece;

static LLVMTypeRef element_type(const emit *e, pattern_type t) {
  if (t.kind == PATTERN_INT) return emit_int_type(e, t.bits);
  if (t.kind == PATTERN_BFLOAT) return LLVMBFloatTypeInContext(e->context);
  if (t.bits == 16) return LLVMHalfTypeInContext(e->context);
  return t.bits == 32 ? LLVMFloatTypeInContext(e->context) : LLVMDoubleTypeInContext(e->context);
}

static LLVMTypeRef type_of(const emit *e, pattern_type t) {
  LLVMTypeRef elem = element_type(e, t);
  if (t.lanes == 0) return elem;
  return t.scalable ? LLVMScalableVectorType(elem, t.lanes) : LLVMVectorType(elem, t.lanes);
}

// The same of a vector. The tables of patterns are as long as `want`, or repeated.
static LLVMValueRef vector_part(piece *p, uint32_t first, uint32_t count, LLVMTypeRef want) {
  uint32_t bytes = emit_bits(emit_element(want)) / 8 * emit_lanes(want), all = emit_lanes(LLVMTypeOf(p->vector));
  uint32_t lanes = bytes / (uint32_t)p->table->size;
  LLVMValueRef *found = ARENA_ARRAY(p->e->mem, LLVMValueRef, lanes);
  LLVMTypeRef i32 = emit_int_type(p->e, 32);
  for (uint32_t i = 0; i < lanes; i++) found[i] = LLVMConstInt(i32, (first + i % count) % all, 0);
  LLVMValueRef poison = LLVMGetPoison(LLVMTypeOf(p->vector)), mask = LLVMConstVector(found, lanes);
  return emit_cast(p->e, LLVMBuildShuffleVector(p->e->builder, p->vector, poison, mask, ""), want);
}

// Elements first .. first + count of the table, going around at its end.
static LLVMValueRef table_part(piece *p, const pattern_arg *arg, LLVMTypeRef want) {
  const pattern_table *all = p->table;
  size_t count = arg->count == 0 ? all->count : (size_t)arg->count;
  if (p->vector != NULL) return vector_part(p, (uint32_t)arg->number, (uint32_t)count, want);
  uint8_t *bytes = ARENA_ARRAY(p->e->mem, uint8_t, count * all->size);
  for (size_t i = 0; i < count * all->size; i++)
    bytes[i] = all->data[((size_t)arg->number * all->size + i) % (all->count * all->size)];
  return emit_table_vector(p->e, &(pattern_table){.data = bytes, .count = count, .size = all->size}, want);
}

static LLVMValueRef operand(piece *p, uint64_t number, LLVMTypeRef want) {
  if (number < p->operand_count) return p->operands[number];
  emit_broken(p->e, "a target pattern names operand %llu", (unsigned long long)number);
  return LLVMGetPoison(want);
}

// The argument; constants take the type `want`, others are cast to a type that is written at them.
static LLVMValueRef argument(piece *p, const pattern_arg *arg, LLVMTypeRef want) {
  LLVMTypeRef t = arg->typed ? type_of(p->e, arg->type) : want;
  LLVMValueRef v = NULL;
  switch (arg->kind) {
  case PATTERN_ARG_INT: return emit_int(p->e, t, arg->number);
  case PATTERN_ARG_SHIFT: return emit_int(p->e, t, p->shift);
  case PATTERN_ARG_MASK: return emit_int(p->e, t, p->mask);
  case PATTERN_ARG_TABLE: return table_part(p, arg, t);
  case PATTERN_ARG_POISON: return LLVMGetPoison(t);
  case PATTERN_ARG_OPERAND: v = operand(p, arg->number, t); break;
  case PATTERN_ARG_NAME: v = p->values[arg->number]; break;
  }
  return arg->typed ? emit_cast(p->e, v, t) : v;
}

static LLVMValueRef cast_argument(piece *p, const pattern_arg *arg, LLVMTypeRef t) {
  return emit_cast(p->e, argument(p, arg, t), t);
}

static const LLVMOpcode binary_opcodes[] = {
    [PATTERN_ADD] = LLVMAdd, [PATTERN_SUB] = LLVMSub,   [PATTERN_MUL] = LLVMMul,
    [PATTERN_AND] = LLVMAnd, [PATTERN_OR] = LLVMOr,     [PATTERN_XOR] = LLVMXor,
    [PATTERN_SHL] = LLVMShl, [PATTERN_LSHR] = LLVMLShr, [PATTERN_ASHR] = LLVMAShr,
};

static const unsigned char cast_opcodes[] = {
    [PATTERN_ZEXT] = LLVMZExt,   [PATTERN_SEXT] = LLVMSExt,       [PATTERN_TRUNC] = LLVMTrunc,
    [PATTERN_FPEXT] = LLVMFPExt, [PATTERN_FPTRUNC] = LLVMFPTrunc, [PATTERN_BITCAST] = LLVMBitCast,
};

static LLVMValueRef compare(piece *p, const pattern_step *s, LLVMIntPredicate predicate) {
  LLVMValueRef x = argument(p, &s->args[0], NULL);
  return LLVMBuildICmp(p->e->builder, predicate, x, cast_argument(p, &s->args[1], LLVMTypeOf(x)), "");
}

static LLVMValueRef half(piece *p, const pattern_step *s, uint32_t which) {
  LLVMValueRef x = argument(p, &s->args[0], NULL);
  uint32_t lanes = emit_lanes(LLVMTypeOf(x)) / 2;
  return emit_slice(p->e, x, which * lanes, lanes);
}

static LLVMValueRef choose(piece *p, const pattern_step *s, LLVMTypeRef t) {
  LLVMValueRef x = cast_argument(p, &s->args[1], t);
  return LLVMBuildSelect(p->e->builder, argument(p, &s->args[0], NULL), x, cast_argument(p, &s->args[2], t), "");
}

// An argument without a type of its own takes that of an intrinsic's parameter, or the result's.
static LLVMTypeRef parameter_type(piece *p, const pattern_step *s, unsigned index, LLVMTypeRef result) {
  unsigned id = LLVMLookupIntrinsicID(s->intrinsic, strlen(s->intrinsic));
  if (id == 0 || LLVMIntrinsicIsOverloaded(id)) return result;
  LLVMTypeRef function = LLVMIntrinsicGetType(p->e->context, id, NULL, 0);
  LLVMTypeRef types[PATTERN_MAX_ARGS + 1];
  unsigned count = LLVMCountParamTypes(function);
  if (index >= count || count > PATTERN_MAX_ARGS) return result;
  LLVMGetParamTypes(function, types);
  return types[index];
}

static LLVMValueRef intrinsic(piece *p, const pattern_step *s, LLVMTypeRef t) {
  LLVMValueRef args[PATTERN_MAX_ARGS];
  for (unsigned i = 0; i < s->arg_count; i++) args[i] = argument(p, &s->args[i], parameter_type(p, s, i, t));
  return emit_call(p->e, s->intrinsic, t, args, (unsigned)s->arg_count);
}

static LLVMValueRef step(piece *p, const pattern_step *s) {
  LLVMTypeRef t = type_of(p->e, s->type);
  switch (s->code) {
  case PATTERN_INTRINSIC: return intrinsic(p, s, t);
  case PATTERN_ULT: return compare(p, s, LLVMIntULT);
  case PATTERN_SLT: return compare(p, s, LLVMIntSLT);
  case PATTERN_NE: return compare(p, s, LLVMIntNE);
  case PATTERN_SELECT: return choose(p, s, t);
  case PATTERN_LOW: return half(p, s, 0);
  case PATTERN_HIGH: return half(p, s, 1);
  case PATTERN_BITCAST: return cast_argument(p, &s->args[0], t);
  case PATTERN_ZEXT:
  case PATTERN_SEXT:
  case PATTERN_TRUNC:
  case PATTERN_FPEXT:
  case PATTERN_FPTRUNC: return emit_convert(p->e, (LLVMOpcode)cast_opcodes[s->code], argument(p, &s->args[0], t), t);
  default:
    return emit_binary(p->e, binary_opcodes[s->code], cast_argument(p, &s->args[0], t),
                       cast_argument(p, &s->args[1], t));
  }
}

static LLVMValueRef run_piece(piece *p, LLVMTypeRef result) {
  for (size_t i = 0; i < p->pattern->count; i++) p->values[i] = step(p, &p->pattern->steps[i]);
  return emit_cast(p->e, p->values[p->pattern->count - 1], result);
}

LLVMValueRef emit_pattern(emit *e, const ir_op *op, const target_pattern *row, const pattern_table *table) {
  const char *error = NULL;
  const pattern *parsed = pattern_get(e->mem, e->patterns, row, &error);
  uint32_t lanes = op->results[0]->type.kind == IR_VECTOR ? op->results[0]->type.lanes : 1;
  LLVMTypeRef result = emit_lanes_type(emit_elem_type(e, row->elem), row->lanes);
  if (parsed == NULL) {
    emit_broken(e, "target pattern: %s", error);
    return LLVMGetPoison(emit_lanes_type(emit_elem_type(e, row->elem), lanes));
  }
  piece p = {.e = e, .pattern = parsed, .table = table, .operand_count = op->operand_count};
  if (table != NULL && table->data == NULL) p.vector = emit_operand(e, op, --p.operand_count);
  p.shift = (uint64_t)ir_attr_int(op, IR_ATTR_SHIFT, 0);
  p.mask = (uint64_t)ir_attr_int(op, IR_ATTR_MASK, 0);
  uint32_t count = lanes / row->lanes;
  LLVMValueRef *pieces = ARENA_ARRAY(e->mem, LLVMValueRef, count);
  for (uint32_t i = 0; i < count; i++) {
    for (size_t j = 0; j < p.operand_count; j++) {
      LLVMValueRef v = emit_operand(e, op, j);
      uint32_t share = emit_lanes(LLVMTypeOf(v)) / count;
      p.operands[j] = emit_slice(e, v, i * share, share);
    }
    pieces[i] = run_piece(&p, result);
  }
  return emit_concat(e, pieces, count);
}
