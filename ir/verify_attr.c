// The attributes of an operation against ir/rules.def: which it may have, which it must, and their ranges.
#include <math.h>
#include <string.h>

#include "ir/verify.h"

typedef bool (*attr_check)(verifier *v, const ir_op *op, const ir_attr *attr);

// ---- ranges ----------------------------------------------------------------------------------------------

static bool in_range(verifier *v, const ir_attr *attr, int64_t min, int64_t max) {
  if (attr->i >= min && attr->i <= max) return true;
  return verify_fail(v, "'%s' is %lld, outside %lld .. %lld", ir_attr_name(attr->key), (long long)attr->i,
                     (long long)min, (long long)max);
}

static bool anything(verifier *v, const ir_op *op, const ir_attr *attr) { return (void)v, (void)op, (void)attr, true; }

static bool a_flag(verifier *v, const ir_op *op, const ir_attr *attr) { return (void)op, in_range(v, attr, 0, 1); }

static bool a_byte(verifier *v, const ir_op *op, const ir_attr *attr) { return (void)op, in_range(v, attr, 0, 255); }

static bool half_a_byte(verifier *v, const ir_op *op, const ir_attr *attr) {
  return (void)op, in_range(v, attr, 0, 128);
}

static bool positive(verifier *v, const ir_op *op, const ir_attr *attr) {
  return (void)op, in_range(v, attr, 1, INT32_MAX);
}

static bool not_negative(verifier *v, const ir_op *op, const ir_attr *attr) {
  return (void)op, in_range(v, attr, 0, INT64_MAX);
}

static bool an_alignment(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  if (attr->i > 0 && (attr->i & (attr->i - 1)) == 0) return true;
  return verify_fail(v, "'%s' is %lld, which is no power of two", ir_attr_name(attr->key), (long long)attr->i);
}

static unsigned result_bits(const ir_op *op) { return elem_get(op->results[0]->type.elem)->bits; }

static bool a_shift(verifier *v, const ir_op *op, const ir_attr *attr) {
  return in_range(v, attr, 0, (int64_t)result_bits(op) - 1);
}

static bool a_mask(verifier *v, const ir_op *op, const ir_attr *attr) {
  return in_range(v, attr, 0, (INT64_C(1) << result_bits(op)) - 1);
}

static bool a_number(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  return isfinite(attr->r) || verify_fail(v, "'%s' is not finite", ir_attr_name(attr->key));
}

// ---- tables ----------------------------------------------------------------------------------------------

static bool is_power_between(size_t n, size_t min, size_t max) { return n >= min && n <= max && (n & (n - 1)) == 0; }

static bool a_table(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  if (attr->data != NULL && is_power_between(attr->count, 16, 256)) return true;
  return verify_fail(v, "the table has %zu bytes and must have 16, 32, 64, 128 or 256", attr->count);
}

static bool tile_rows(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  return (attr->i >= 1 && attr->i <= 16) || verify_fail(v, "'value' is %lld, outside 1 .. 16", (long long)attr->i);
}

static bool some_bytes(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  return (attr->data != NULL && attr->count > 0) || verify_fail(v, "there are no bytes");
}

static bool some_levels(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  if (attr->reals == NULL || !is_power_between(attr->count, 2, 256))
    return verify_fail(v, "there are %zu levels; their number must be a power of two from 2 to 256", attr->count);
  for (size_t i = 0; i < attr->count; i++)
    if (isfinite(attr->reals[i]) && (double)(float)attr->reals[i] != attr->reals[i])
      return verify_fail(v, "level %zu, %.17g, is no f32 number", i, attr->reals[i]);
  return true;
}

// ---- names -----------------------------------------------------------------------------------------------

static bool a_weight(verifier *v, const ir_op *op, const ir_attr *attr) {
  const ir_weight *w = attr->s == NULL ? NULL : ir_find_weight(v->module, attr->s);
  if (w == NULL) return verify_fail(v, "there is no weight '%s'", attr->s == NULL ? "" : attr->s);
  if (w->sparse != NULL && op->code != IR_SPARSE)
    return verify_fail(v, "weight '%s' is a list of entries, which only 'sparse' reads", w->name);
  if (op->code != IR_CONST || w->scheme == NULL) return true;
  return verify_fail(v, "weight '%s' is packed by scheme '%s' and cannot be read as f32", w->name, w->scheme->name);
}

static bool a_recipe(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  return (attr->s != NULL && ir_find_recipe(v->module, attr->s) != NULL) ||
         verify_fail(v, "there is no recipe '%s'", attr->s == NULL ? "" : attr->s);
}

static bool an_act(verifier *v, const ir_op *op, const ir_attr *attr) { return (void)op, verify_act(v, &attr->act); }

// "" or an activation function of the tensor level.
static bool an_epilogue(verifier *v, const ir_op *op, const ir_attr *attr) {
  (void)op;
  ir_opcode code = attr->s == NULL ? IR_OPCODE_COUNT : ir_opcode_by_name(attr->s);
  if (code >= IR_RELU && code <= IR_SIGMOID) return true;
  return (attr->s != NULL && attr->s[0] == '\0') ||
         verify_fail(v, "'%s' is no activation function that can be an epilogue", attr->s == NULL ? "" : attr->s);
}

// ---- by operation ----------------------------------------------------------------------------------------

static const struct attr_rule {
  ir_opcode op;
  ir_attr_key key;
  bool required;
  attr_check check;
} rules[] = {
#define TAKES(opcode, attr, needed, function) \
  {.op = IR_##opcode, .key = IR_ATTR_##attr, .required = needed, .check = function},
#include "ir/rules.def"
};

enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

static const struct attr_rule *find_rule(ir_opcode op, ir_attr_key key) {
  for (size_t i = 0; i < RULE_COUNT; i++)
    if (rules[i].op == op && rules[i].key == key) return &rules[i];
  return NULL;
}

static bool verify_attr(verifier *v, const ir_op *op, const ir_attr *attr) {
  if ((unsigned)attr->key >= IR_ATTR_COUNT) return verify_fail(v, "it has an unknown attribute");
  const struct attr_rule *rule = find_rule(op->code, attr->key);
  if (rule == NULL) return verify_fail(v, "it takes no attribute '%s'", ir_attr_name(attr->key));
  if (ir_get_attr(op, attr->key) != attr) return verify_fail(v, "'%s' is given twice", ir_attr_name(attr->key));
  return rule->check(v, op, attr);
}

bool verify_attrs(verifier *v, const ir_op *op) {
  for (size_t i = 0; i < op->attr_count; i++)
    if (!verify_attr(v, op, &op->attrs[i])) return false;
  for (size_t i = 0; i < RULE_COUNT; i++)
    if (rules[i].op == op->code && rules[i].required && ir_get_attr(op, rules[i].key) == NULL)
      return verify_fail(v, "it needs the attribute '%s'", ir_attr_name(rules[i].key));
  return true;
}
