// One operation against its row in ir/rules.def.
#include <stdlib.h>
#include <string.h>

#include "ir/verify.h"
#include "support/text.h"

typedef struct op_rule {
  const char *operands;
  const char *result;
  const char *checks;
} op_rule;

static const op_rule rules[IR_OPCODE_COUNT] = {
#define RULE(op, in, out, relations) [IR_##op] = {.operands = in, .result = out, .checks = relations},
#include "ir/rules.def"
};

// ---- types -----------------------------------------------------------------------------------------------

// Classes of vectors by the letters of ir/rules.def, as sets of elements.
#define SET(elem) (UINT64_C(1) << ELEM_##elem)
#define NARROW_INTS (SET(I8) | SET(I16) | SET(I32))
#define INTS (NARROW_INTS | SET(I64))
#define HALVES (SET(F16) | SET(BF16))
#define STORED (INTS | HALVES | SET(F32) | SET(F64))
#define MASK SET(U1)
_Static_assert(ELEM_COUNT <= 64, "sets of elements have 64 bits");

static const struct vector_class {
  uint64_t elems;
  const char *text;
} vector_classes[128] = {
    ['v'] = {STORED, "a vector"},
    ['a'] = {STORED | MASK, "a vector or a mask"},
    ['o'] = {STORED | MASK, "a vector of one lane"},
    ['i'] = {INTS, "a vector of i8, i16, i32 or i64"},
    ['N'] = {NARROW_INTS, "a vector of i8, i16 or i32"},
    ['k'] = {INTS | MASK, "a vector of integers or a mask"},
    ['m'] = {MASK, "a mask"},
    ['c'] = {SET(I8), "a vector of i8"},
    ['j'] = {SET(I16), "a vector of i16"},
    ['w'] = {SET(I32), "a vector of i32"},
    ['l'] = {SET(I32) | SET(I64), "a vector of i32 or i64"},
    ['T'] = {SET(I32) | SET(I64) | MASK, "a vector of i32 or i64, or a mask"},
    ['h'] = {HALVES, "a vector of f16 or bf16"},
    ['q'] = {SET(BF16), "a vector of bf16"},
    ['f'] = {SET(F32), "a vector of f32"},
    ['g'] = {SET(F32) | SET(F64), "a vector of f32 or f64"},
    ['r'] = {HALVES | SET(F32) | SET(F64), "a vector of floats"},
};

static bool is_in(uint64_t elems, elem_type elem) { return (elems >> elem & 1) != 0; }

static bool verify_dims(verifier *v, const ir_type *type) {
  if (type->rank > IR_MAX_RANK) return verify_fail(v, "a tensor has %u dimensions, at most 4 are possible", type->rank);
  if (type->elem != ELEM_F32) return verify_fail(v, "tensors are of f32, not %s", elem_get(type->elem)->name);
  for (unsigned i = 0; i < type->rank; i++)
    if (type->dims[i] < 1 && !(i == 0 && type->dims[i] == IR_BATCH))
      return verify_fail(v, "dimension %u of %s is not positive", i, verify_type_text(v, type));
  return true;
}

bool verify_type(verifier *v, const ir_type *type) {
  if (type->kind == IR_INDEX || type->kind == IR_BUFFER) return true;
  if ((unsigned)type->elem >= ELEM_COUNT) return verify_fail(v, "a type has an unknown element");
  if (type->kind != IR_VECTOR) return verify_dims(v, type);
  if (!is_in(STORED | MASK, type->elem))
    return verify_fail(v, "vectors have no lanes of %s", elem_get(type->elem)->name);
  if (type->lanes >= 1 && type->lanes <= VERIFY_MAX_LANES) return true;
  return verify_fail(v, "a vector has %u lanes, 1 to %d are possible", type->lanes, VERIFY_MAX_LANES);
}

// ---- classes ---------------------------------------------------------------------------------------------

static bool has_class(const ir_type *type, char letter) {
  const struct vector_class *vectors = &vector_classes[(unsigned char)letter];
  if (vectors->elems != 0)
    return type->kind == IR_VECTOR && is_in(vectors->elems, type->elem) && (letter != 'o' || type->lanes == 1);
  switch (letter) {
  case 'b': return type->kind == IR_BUFFER;
  case 'x': return type->kind == IR_INDEX;
  case 't': return type->kind == IR_TENSOR && type->rank <= IR_MAX_RANK;
  case 'p': return type->kind == IR_PREPARED && type->rank <= IR_MAX_RANK;
  default: return letter == 'n';
  }
}

static const char *class_text(char letter) {
  switch (letter) {
  case 'b': return "a buffer";
  case 'x': return "an index";
  case 't': return "an f32 tensor";
  case 'p': return "a prepared tensor";
  case 'n': return "a value";
  default: return vector_classes[(unsigned char)letter].text;
  }
}

static bool verify_operand(verifier *v, const ir_op *op, size_t i, char letter) {
  const ir_type *type = &op->operands[i]->type;
  if (has_class(type, letter)) return true;
  return verify_fail(v, "operand %zu is %s and must be %s", i, verify_type_text(v, type), class_text(letter));
}

// Operands were counted already, so that the letters reach as far as they do.
static bool verify_operand_classes(verifier *v, const ir_op *op) {
  const char *letter = rules[op->code].operands;
  for (size_t i = 0; i < op->operand_count; i++) {
    if (*letter == '?') letter++;
    if (!verify_operand(v, op, i, *letter)) return false;
    if (*letter != 'n') letter++;
  }
  return true;
}

static bool verify_result_class(verifier *v, const ir_op *op) {
  char letter = rules[op->code].result[0];
  for (size_t i = 0; i < op->result_count; i++) {
    const ir_type *type = &op->results[i]->type;
    if (!verify_type(v, type)) return false;
    if (!has_class(type, letter))
      return verify_fail(v, "the result is %s and must be %s", verify_type_text(v, type), class_text(letter));
  }
  return true;
}

// ---- the whole operation ---------------------------------------------------------------------------------

static bool verify_counts(verifier *v, const ir_op *op) {
  const ir_op_info *info = ir_op_get_info(op->code);
  size_t min = (size_t)info->min_operands;
  if (op->operand_count < min)
    return verify_fail(v, "%zu operands are given, at least %zu are needed", op->operand_count, min);
  if (info->max_operands >= 0 && op->operand_count > (size_t)info->max_operands)
    return verify_fail(v, "%zu operands are given, at most %d are possible", op->operand_count, info->max_operands);
  if (info->results < 0 || op->result_count == (size_t)info->results) return true;
  return verify_fail(v, "it has %zu results and must have %d", op->result_count, info->results);
}

static bool verify_place(verifier *v, const ir_op *op) {
  const ir_op_info *info = ir_op_get_info(op->code);
  bool kernel = v->func->kind == IR_FUNC_KERNEL;
  if (info->level == (kernel ? 'T' : 'V'))
    return verify_fail(v, kernel ? "it belongs into a model, not into a kernel" : "it belongs into a kernel");
  if ((info->flags & IR_FLAG_REGION) != 0 && op->body == NULL) return verify_fail(v, "it needs a body");
  if ((info->flags & IR_FLAG_REGION) == 0 && op->body != NULL) return verify_fail(v, "it cannot have a body");
  return true;
}

bool verify_op(verifier *v, const ir_op *op) {
  if (!verify_place(v, op) || !verify_counts(v, op) || !verify_operand_classes(v, op)) return false;
  if (!verify_result_class(v, op) || !verify_attrs(v, op)) return false;
  for (const char *check = rules[op->code].checks; *check != '\0'; check++)
    if (!verify_relation(v, op, *check)) return false;
  return true;
}
