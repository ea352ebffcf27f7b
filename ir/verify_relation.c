// The relations between operands and results that ir/rules.def names by letters.
#include <math.h>

#include "ir/verify.h"
#include "support/num.h"

typedef bool (*relation)(verifier *v, const ir_op *op);

static const ir_type *operand(const ir_op *op, size_t i) { return &op->operands[i]->type; }
static const ir_type *result(const ir_op *op) { return &op->results[0]->type; }

static unsigned bits_of(const ir_type *type) { return elem_get(type->elem)->bits; }

// ---- vectors ---------------------------------------------------------------------------------------------

static bool one_type(verifier *v, const ir_op *op) {
  for (size_t i = 0; i < op->operand_count; i++)
    if (!ir_type_equal(operand(op, i), result(op)))
      return verify_fail(v, "operand %zu is %s, but the result is %s", i, verify_type_text(v, operand(op, i)),
                         verify_type_text(v, result(op)));
  return true;
}

static bool same_lanes(verifier *v, const ir_op *op) {
  for (size_t i = 0; i < op->operand_count; i++) {
    const ir_type *type = operand(op, i);
    if (type->kind == IR_VECTOR && type->lanes != result(op)->lanes)
      return verify_fail(v, "operand %zu has %u lanes, but the result has %u", i, type->lanes, result(op)->lanes);
  }
  return true;
}

static bool same_element(verifier *v, const ir_op *op) {
  if (operand(op, 0)->elem == result(op)->elem) return true;
  return verify_fail(v, "operand and result have different elements, %s and %s", elem_get(operand(op, 0)->elem)->name,
                     elem_get(result(op)->elem)->name);
}

static bool one_lane(verifier *v, const ir_op *op) {
  return result(op)->lanes == 1 || verify_fail(v, "the result has %u lanes and must have one", result(op)->lanes);
}

static bool power_of_two(verifier *v, const ir_op *op) {
  uint32_t lanes = operand(op, 0)->lanes;
  return (lanes & (lanes - 1)) == 0 || verify_fail(v, "the operand has %u lanes, which is no power of two", lanes);
}

static bool table_lanes(verifier *v, const ir_op *op) {
  uint32_t lanes = operand(op, 1)->lanes;
  if (operand(op, 0)->lanes != result(op)->lanes)
    return verify_fail(v, "the index has %u lanes, but the result has %u", operand(op, 0)->lanes, result(op)->lanes);
  return (lanes >= 2 && lanes <= 256 && (lanes & (lanes - 1)) == 0) ||
         verify_fail(v, "the table has %u lanes, which is no power of two from 2 to 256", lanes);
}

static bool wider(verifier *v, const ir_op *op) {
  return bits_of(result(op)) > bits_of(operand(op, 0)) ||
         verify_fail(v, "the result's lanes are not wider than the operand's");
}

static bool narrower(verifier *v, const ir_op *op) {
  return bits_of(result(op)) < bits_of(operand(op, 0)) ||
         verify_fail(v, "the result's lanes are not narrower than the operand's");
}

static bool widths(verifier *v, const ir_op *op, unsigned narrow, unsigned wide) {
  return 2 * narrow == wide || verify_fail(v, "lanes of %s do not become lanes of %s in one step",
                                           elem_get(operand(op, 0)->elem)->name, elem_get(result(op)->elem)->name);
}

static bool twice_as_wide(verifier *v, const ir_op *op) {
  return widths(v, op, bits_of(operand(op, 0)), bits_of(result(op)));
}

static bool half_as_wide(verifier *v, const ir_op *op) {
  return widths(v, op, bits_of(result(op)), bits_of(operand(op, 0)));
}

static bool comparable(verifier *v, const ir_op *op) {
  return ir_type_equal(operand(op, 0), operand(op, 1)) ||
         verify_fail(v, "%s and %s are compared", verify_type_text(v, operand(op, 0)),
                     verify_type_text(v, operand(op, 1)));
}

static bool same_bits(verifier *v, const ir_op *op) {
  uint32_t from = operand(op, 0)->lanes * bits_of(operand(op, 0));
  uint32_t to = result(op)->lanes * bits_of(result(op));
  return from == to || verify_fail(v, "the operand has %u bits, but the result has %u", from, to);
}

static bool dot_of(verifier *v, const ir_op *op, uint32_t times) {
  if (!ir_type_equal(operand(op, 0), result(op)))
    return verify_fail(v, "the accumulator is %s, but the result is %s", verify_type_text(v, operand(op, 0)),
                       verify_type_text(v, result(op)));
  for (size_t i = 1; i < 3; i++)
    if (operand(op, i)->lanes != times * result(op)->lanes)
      return verify_fail(v, "operand %zu has %u lanes and must have %u for each of the %u of the result", i,
                         operand(op, i)->lanes, times, result(op)->lanes);
  return true;
}

static bool dot_operands(verifier *v, const ir_op *op) { return dot_of(v, op, 4); }
static bool pair_operands(verifier *v, const ir_op *op) { return dot_of(v, op, 2); }

static bool shuffled(verifier *v, const ir_op *op) {
  const ir_attr *table = ir_get_attr(op, IR_ATTR_TABLE);
  uint32_t lanes = operand(op, 0)->lanes;
  if (op->operand_count > 1 && !ir_type_equal(operand(op, 0), operand(op, 1)))
    return verify_fail(v, "the operands are %s and %s", verify_type_text(v, operand(op, 0)),
                       verify_type_text(v, operand(op, 1)));
  if (table->count != result(op)->lanes)
    return verify_fail(v, "the table has %zu bytes for %u lanes", table->count, result(op)->lanes);
  for (size_t i = 0; i < table->count; i++)
    if (table->data[i] >= lanes * op->operand_count)
      return verify_fail(v, "lane %zu is lane %u of %zu operands with %u", i, table->data[i], op->operand_count, lanes);
  return true;
}

static bool choices(verifier *v, const ir_op *op) {
  for (size_t i = op->operand_count - 2; i < op->operand_count; i++)
    if (!ir_type_equal(operand(op, i), result(op)))
      return verify_fail(v, "operand %zu is %s, but the result is %s", i, verify_type_text(v, operand(op, i)),
                         verify_type_text(v, result(op)));
  return true;
}

static bool constant(verifier *v, const ir_op *op) {
  const ir_attr *value = ir_get_attr(op, IR_ATTR_VALUE);
  const ir_attr *real = ir_get_attr(op, IR_ATTR_REAL);
  bool is_float = elem_get(result(op)->elem)->kind == ELEM_KIND_FLOAT;
  if ((value == NULL) == (real == NULL)) return verify_fail(v, "it needs either 'value' or 'real'");
  if ((real != NULL) != is_float)
    return verify_fail(v, "lanes of %s take '%s'", elem_get(result(op)->elem)->name, is_float ? "real" : "value");
  if (is_float || bits_of(result(op)) == 64) return true;
  int64_t limit = INT64_C(1) << bits_of(result(op));
  if (value->i >= -limit / 2 && value->i < limit) return true;
  return verify_fail(v, "%lld does not fit lanes of %s", (long long)value->i, elem_get(result(op)->elem)->name);
}

static bool pairs(verifier *v, const ir_op *op) {
  int64_t h = ir_attr_int(op, IR_ATTR_VALUE, 0);
  bool ok = h < result(op)->lanes && (h & (h - 1)) == 0 && result(op)->lanes % (2 * h) == 0;
  return ok || verify_fail(v, "pairs at a distance of %lld do not fill %u lanes", (long long)h, result(op)->lanes);
}

// ---- control ---------------------------------------------------------------------------------------------

static bool is_carried(const ir_type *type) { return type->kind == IR_VECTOR || type->kind == IR_INDEX; }

static bool loop_value(verifier *v, const ir_op *op, size_t i) {
  const ir_type *type = operand(op, i + 3);
  if (!is_carried(type)) return verify_fail(v, "a loop cannot carry %s", verify_type_text(v, type));
  if (!ir_type_equal(type, &op->body->params[i + 1]->type) || !ir_type_equal(type, &op->results[i]->type))
    return verify_fail(v, "initial value %zu, its parameter and its result have different types", i);
  return true;
}

static bool loop(verifier *v, const ir_op *op) {
  size_t carried = op->operand_count - 3;
  if (op->body->param_count != carried + 1)
    return verify_fail(v, "its body has %zu parameters and must have the index and %zu carried values",
                       op->body->param_count, carried);
  if (op->result_count != carried)
    return verify_fail(v, "it has %zu results for %zu carried values", op->result_count, carried);
  if (op->body->params[0]->type.kind != IR_INDEX) return verify_fail(v, "the first parameter of its body is no index");
  for (size_t i = 0; i < carried; i++)
    if (!loop_value(v, op, i)) return false;
  return true;
}

// The parameters of the body are the index and what is carried; v->block is that body.
static bool yielded(verifier *v, const ir_op *op) {
  size_t carried = v->block->param_count - 1;
  if (v->block == v->func->body) return verify_fail(v, "there is no loop around it");
  if (op->operand_count != carried)
    return verify_fail(v, "it gives %zu values for %zu carried ones", op->operand_count, carried);
  for (size_t i = 0; i < carried; i++)
    if (!ir_type_equal(operand(op, i), &v->block->params[i + 1]->type))
      return verify_fail(v, "value %zu is %s, but the loop carries %s", i, verify_type_text(v, operand(op, i)),
                         verify_type_text(v, &v->block->params[i + 1]->type));
  return true;
}

static bool returned(verifier *v, const ir_op *op) {
  if (op->operand_count != v->func->output_count)
    return verify_fail(v, "it gives %zu values for %zu outputs", op->operand_count, v->func->output_count);
  for (size_t i = 0; i < op->operand_count; i++)
    if (operand(op, i)->kind != IR_TENSOR) return verify_fail(v, "output %zu is no tensor", i);
  return true;
}

// ---- tensors ---------------------------------------------------------------------------------------------

static bool same_shape(verifier *v, const ir_op *op) {
  if (ir_type_equal(operand(op, 0), result(op))) return true;
  return verify_fail(v, "operand 0 is %s, but the result is %s", verify_type_text(v, operand(op, 0)),
                     verify_type_text(v, result(op)));
}

static bool broadcasts(verifier *v, const ir_op *op) {
  const ir_type *a = operand(op, 0);
  const ir_type *b = operand(op, 1);
  bool ok = b->rank <= a->rank;
  for (unsigned i = 1; ok && i <= b->rank; i++) ok = b->dims[b->rank - i] == a->dims[a->rank - i];
  return ok || verify_fail(v, "%s does not broadcast to %s", verify_type_text(v, b), verify_type_text(v, a));
}

static bool is_row(const ir_type *type, uint64_t length) {
  return type->rank == 1 && type->dims[0] > 0 && (uint64_t)type->dims[0] == length;
}

static bool gains(verifier *v, const ir_op *op) {
  const ir_type *x = operand(op, 0);
  if (x->rank == 0) return verify_fail(v, "the operand has no dimension to normalise over");
  for (size_t i = 1; i < op->operand_count; i++)
    if (x->dims[x->rank - 1] < 1 || !is_row(operand(op, i), (uint64_t)x->dims[x->rank - 1]))
      return verify_fail(v, "operand %zu is %s and must be as long as the last dimension of %s", i,
                         verify_type_text(v, operand(op, i)), verify_type_text(v, x));
  return true;
}

// The product of the dimensions, the batch as one and counted in *batches.
static bool count_elements(const ir_type *type, uint64_t *out, unsigned *batches) {
  *out = 1;
  *batches = 0;
  for (unsigned i = 0; i < type->rank; i++) {
    *batches += type->dims[i] == IR_BATCH;
    if (type->dims[i] != IR_BATCH && !num_mul(*out, (uint64_t)type->dims[i], out)) return false;
  }
  return true;
}

static bool same_elements(verifier *v, const ir_op *op) {
  uint64_t from, to;
  unsigned from_batches, to_batches;
  if (count_elements(operand(op, 0), &from, &from_batches) && count_elements(result(op), &to, &to_batches) &&
      from == to && from_batches == to_batches)
    return true;
  return verify_fail(v, "%s and %s do not have the same number of elements", verify_type_text(v, operand(op, 0)),
                     verify_type_text(v, result(op)));
}

static const ir_weight *weight_of(const verifier *v, const ir_op *op) {
  return ir_find_weight(v->module, ir_get_attr(op, IR_ATTR_WEIGHT)->s);
}

static bool is_index(const verifier *v, const ir_weight *w) {
  const transform_step *step = ir_weight_step(v->module, w, NULL);
  return step != NULL && step->kind == TRANSFORM_GATHER;
}

static bool indexes(verifier *v, const ir_op *op) {
  const ir_weight *w = weight_of(v, op);
  const ir_type *x = operand(op, 0);
  bool ok = is_index(v, w) && w->rows == 1 && x->rank > 0 && x->dims[x->rank - 1] > 0 &&
            w->columns == (uint64_t)x->dims[x->rank - 1];
  return ok ||
         verify_fail(v, "weight '%s' has no index for each element of a row of %s", w->name, verify_type_text(v, x));
}

static bool blocks(verifier *v, const ir_op *op) {
  const ir_type *x = operand(op, 0);
  int64_t block = ir_attr_int(op, IR_ATTR_BLOCK, 0);
  bool ok = x->rank > 0 && x->dims[x->rank - 1] > 0 && block >= 2 && block <= SCHEME_MAX_HADAMARD &&
            (block & (block - 1)) == 0 && x->dims[x->rank - 1] % block == 0;
  return ok || verify_fail(v, "rows of %s are no blocks of %lld, or this is no power of two from 2 to %u",
                           verify_type_text(v, x), (long long)block, SCHEME_MAX_HADAMARD);
}

static bool holds_weight(verifier *v, const ir_op *op) {
  const ir_weight *w = weight_of(v, op);
  if (is_index(v, w)) return verify_fail(v, "weight '%s' is an index, not f32 numbers", w->name);
  uint64_t numbers, elements;
  unsigned batches;
  if (num_mul(w->rows, w->columns, &numbers) && count_elements(result(op), &elements, &batches) && batches == 0 &&
      numbers == elements)
    return true;
  return verify_fail(v, "weight '%s' has %llu x %llu numbers, which do not fill %s", w->name,
                     (unsigned long long)w->rows, (unsigned long long)w->columns, verify_type_text(v, result(op)));
}

static bool is_product_shape(const ir_type *x, const ir_type *y, const ir_weight *w) {
  if (x->rank == 0 || x->rank != y->rank) return false;
  for (unsigned i = 0; i + 1 < x->rank; i++)
    if (x->dims[i] != y->dims[i]) return false;
  return x->dims[x->rank - 1] > 0 && (uint64_t)x->dims[x->rank - 1] == w->columns && y->dims[y->rank - 1] > 0 &&
         (uint64_t)y->dims[y->rank - 1] == w->rows;
}

static bool product(verifier *v, const ir_op *op) {
  const ir_weight *w = weight_of(v, op);
  if (!is_product_shape(operand(op, 0), result(op), w))
    return verify_fail(v, "weight '%s' has %llu rows and %llu columns: it does not turn %s into %s", w->name,
                       (unsigned long long)w->rows, (unsigned long long)w->columns, verify_type_text(v, operand(op, 0)),
                       verify_type_text(v, result(op)));
  bool bias = op->code == IR_LINEAR ? op->operand_count > 1 : ir_attr_int(op, IR_ATTR_HAS_BIAS, 0) != 0;
  if (!bias || (op->operand_count > 1 && is_row(operand(op, 1), w->rows))) return true;
  return verify_fail(v, "the bias must have %llu numbers, one for each row of weight '%s'", (unsigned long long)w->rows,
                     w->name);
}

static bool prepared(verifier *v, const ir_op *op) {
  ir_type type = *operand(op, 0);
  type.kind = IR_PREPARED;
  return ir_type_equal(&type, result(op)) ||
         verify_fail(v, "%s is not the prepared form of %s", verify_type_text(v, result(op)),
                     verify_type_text(v, operand(op, 0)));
}

// Operands behind the first: the bias, what is added before the activation function, what is added after it.
static bool fused_operands(verifier *v, const ir_op *op) {
  size_t at = (size_t)1 + (ir_attr_int(op, IR_ATTR_HAS_BIAS, 0) != 0);
  size_t expected =
      at + (ir_attr_int(op, IR_ATTR_HAS_ADDEND, 0) != 0) + (ir_attr_int(op, IR_ATTR_HAS_RESIDUAL, 0) != 0);
  if (op->operand_count != expected)
    return verify_fail(v, "%zu operands are given, but 'bias', 'addend' and 'residual' ask for %zu", op->operand_count,
                       expected);
  for (; at < expected; at++)
    if (!ir_type_equal(operand(op, at), result(op)))
      return verify_fail(v, "operand %zu, which is added, is %s, but the result is %s", at,
                         verify_type_text(v, operand(op, at)), verify_type_text(v, result(op)));
  return true;
}

static bool fused(verifier *v, const ir_op *op) {
  const ir_weight *w = weight_of(v, op);
  const recipe *r = ir_find_recipe(v->module, ir_get_attr(op, IR_ATTR_RECIPE)->s);
  return fused_operands(v, op) &&
         (w->scheme == r->scheme ||
          verify_fail(v, "recipe '%s' is not for the scheme of weight '%s'", r->name, w->name));
}

static bool sparse(verifier *v, const ir_op *op) {
  const ir_weight *w = weight_of(v, op);
  return fused_operands(v, op) &&
         (w->sparse != NULL || verify_fail(v, "weight '%s' is no list of sparse entries", w->name));
}

// All dimensions but the last are equal.
static bool same_leading(const ir_type *a, const ir_type *b) {
  if (a->rank != b->rank || a->rank == 0) return false;
  for (unsigned i = 0; i + 1 < a->rank; i++)
    if (a->dims[i] != b->dims[i]) return false;
  return a->dims[a->rank - 1] > 0 && b->dims[b->rank - 1] > 0;
}

static bool part(verifier *v, const ir_op *op) {
  const ir_type *x = operand(op, 0), *y = result(op);
  int64_t from = ir_attr_int(op, IR_ATTR_FROM, 0);
  if (same_leading(x, y) && from <= x->dims[x->rank - 1] - y->dims[y->rank - 1]) return true;
  return verify_fail(v, "%s from %lld on is no part of %s", verify_type_text(v, y), (long long)from,
                     verify_type_text(v, x));
}

static bool side_by_side(verifier *v, const ir_op *op) {
  const ir_type *y = result(op);
  int64_t sum = 0;
  for (size_t i = 0; i < op->operand_count; i++) {
    const ir_type *x = operand(op, i);
    if (x->kind != IR_TENSOR || !same_leading(x, y))
      return verify_fail(v, "%s cannot be a part of %s", verify_type_text(v, x), verify_type_text(v, y));
    int64_t last = x->dims[x->rank - 1];
    if (last > y->dims[y->rank - 1] - sum) return verify_fail(v, "the operands are longer than the result");
    sum += last;
  }
  return sum == y->dims[y->rank - 1] || verify_fail(v, "the operands do not fill the result");
}

static bool from_one_lane(verifier *v, const ir_op *op) {
  return operand(op, 0)->lanes == 1 ||
         verify_fail(v, "the operand has %u lanes and must have one", operand(op, 0)->lanes);
}

// ---- by letter -------------------------------------------------------------------------------------------

bool verify_relation(verifier *v, const ir_op *op, char letter) {
  static const relation relations[128] = {
      ['='] = one_type,      ['n'] = same_lanes,    ['l'] = table_lanes,   ['e'] = same_element, ['1'] = one_lane,
      ['2'] = power_of_two,  ['<'] = wider,         ['>'] = narrower,      ['z'] = same_bits,    ['d'] = dot_operands,
      ['y'] = choices,       ['k'] = constant,      ['F'] = loop,          ['Y'] = yielded,      ['R'] = returned,
      ['s'] = same_shape,    ['B'] = broadcasts,    ['L'] = product,       ['G'] = gains,        ['E'] = same_elements,
      ['C'] = holds_weight,  ['P'] = prepared,      ['M'] = fused,         ['S'] = sparse,       ['V'] = part,
      ['A'] = side_by_side,  ['O'] = from_one_lane, ['I'] = indexes,       ['H'] = blocks,       ['b'] = pairs,
      ['D'] = pair_operands, ['U'] = shuffled,      ['w'] = twice_as_wide, ['h'] = half_as_wide, ['c'] = comparable,
  };
  return relations[(unsigned char)letter](v, op);
}
