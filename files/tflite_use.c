// What the operators of a TFLite model do with its constants: which are weights, and whether their outputs or inputs come
// first. Between a constant and the operator may lie others that change its type, as in models of half precision.
#include <inttypes.h>

#include "files/tflite_read.h"

// Numbers of the fields in the tables of the schema.
enum { MODEL_CODES = 1, CODE_OLD = 0, CODE_NEW = 3 };
enum { OPERATOR_CODE = 0, OPERATOR_INPUTS = 1, OPERATOR_OUTPUTS = 2, OPERATOR_OPTIONS = 4 };
enum { PRODUCT_TRANSPOSED_FIRST = 0, PRODUCT_TRANSPOSED_SECOND = 1, DENSE_WEIGHTS_FORMAT = 1 };

enum { MAX_STEPS = 16, OLD_CODES = 127 };

// How an operator reads a matrix: always [outputs, inputs], as the first or second of the two that it multiplies, as rows
// that are looked up, or not as weights.
typedef enum reads_as { AS_DENSE, AS_FIRST, AS_SECOND, AS_ROWS, AS_OTHER } reads_as;

typedef struct op_input {
  uint32_t code; // BuiltinOperator
  unsigned input;
  const char *op;
  reads_as as;
  const char *what;
} op_input;

static const op_input inputs[] = {
    {9, 1, "FULLY_CONNECTED", AS_DENSE, "weights"},
    {9, 2, "FULLY_CONNECTED", AS_OTHER, "bias"},
    {126, 0, "BATCH_MATMUL", AS_FIRST, "weights"},
    {126, 1, "BATCH_MATMUL", AS_SECOND, "weights"},
    {3, 1, "CONV_2D", AS_OTHER, "kernel"},
    {3, 2, "CONV_2D", AS_OTHER, "bias"},
    {4, 1, "DEPTHWISE_CONV_2D", AS_OTHER, "kernel"},
    {4, 2, "DEPTHWISE_CONV_2D", AS_OTHER, "bias"},
    {67, 1, "TRANSPOSE_CONV", AS_OTHER, "kernel"},
    {132, 1, "CONV_3D", AS_OTHER, "kernel"},
    {7, 1, "EMBEDDING_LOOKUP", AS_ROWS, "table"},
    {36, 0, "GATHER", AS_ROWS, "table"},
    {0, 0, "ADD", AS_OTHER, "summand"},
    {0, 1, "ADD", AS_OTHER, "summand"},
    {18, 0, "MUL", AS_OTHER, "factor"},
    {18, 1, "MUL", AS_OTHER, "factor"},
};

static const op_input *find_input(uint32_t code, size_t input) {
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
    if (inputs[i].code == code && inputs[i].input == input) return &inputs[i];
  return NULL;
}

// Operators whose output is their first input, in another type: DEQUANTIZE, CAST, QUANTIZE.
static bool passes_on(uint32_t code) { return code == 6 || code == 53 || code == 114; }

typedef struct operation {
  uint32_t code;
  fb_vector inputs, outputs;
  fb_table options;
  bool has_options;
} operation;

// The operators of one subgraph, and for each of its tensors which of them passes it on (count: none).
typedef struct uses {
  tflite_reader *r;
  uint32_t subgraph;
  const operation *ops;
  size_t count;
  size_t tensors;
  uint32_t *passed_by;
} uses;

// ---- reading operators -----------------------------------------------------------------------------------

// Numbers from 127 on stand in a field of their own.
static bool read_code(tflite_reader *r, const fb_vector *codes, uint64_t index, uint32_t *out) {
  fb_table t;
  uint64_t old, new;
  if (index >= codes->count) {
    return tensor_parse_error(r->d, r->f, codes->at, "operator code %" PRIu64 " is named, but there are %zu", index,
                              codes->count);
  }
  if (!fb_table_at(&r->fb, codes, (size_t)index, "an operator code", &t) ||
      !fb_number(&r->fb, &t, CODE_OLD, 1, 0, "an operator code", &old) ||
      !fb_number(&r->fb, &t, CODE_NEW, 4, 0, "an operator code", &new))
    return false;
  *out = (uint32_t)(new > 0 || old >= OLD_CODES ? new : old);
  return true;
}

static bool read_operation(tflite_reader *r, const fb_vector *codes, const fb_table *t, operation *out) {
  uint64_t index;
  return fb_number(&r->fb, t, OPERATOR_CODE, 4, 0, "an operator", &index) && read_code(r, codes, index, &out->code) &&
         fb_vector_of(&r->fb, t, OPERATOR_INPUTS, 4, "an operator's inputs", &out->inputs) &&
         fb_vector_of(&r->fb, t, OPERATOR_OUTPUTS, 4, "an operator's outputs", &out->outputs) &&
         fb_table_of(&r->fb, t, OPERATOR_OPTIONS, "an operator's options", &out->options, &out->has_options) &&
         tflite_spend(r, (uint64_t)4 * out->inputs.count + 16);
}

// A flag of an operator's options.
static bool read_option(tflite_reader *r, const operation *op, unsigned field, uint64_t *out) {
  *out = 0;
  return !op->has_options || fb_number(&r->fb, &op->options, field, 1, 0, "an operator's option", out);
}

// ---- uses ------------------------------------------------------------------------------------------------

// The tensor of a constant, which operators may have passed on; NULL when it is none.
static tensor *find_source(const uses *u, uint32_t index) {
  for (unsigned i = 0; i < MAX_STEPS && index < u->tensors; i++) {
    const tflite_constant *c = tflite_find(u->r, u->subgraph, index);
    if (c != NULL) return &u->r->tensors.data[c->at];
    if (u->passed_by[index] >= u->count) return NULL;
    index = fb_u32_at(&u->r->fb, &u->ops[u->passed_by[index]].inputs, 0);
  }
  return NULL;
}

static bool order_of(const uses *u, const operation *op, reads_as as, tensor_order *out) {
  uint64_t transposed = 0;
  if (as == AS_FIRST || as == AS_SECOND) {
    unsigned field = as == AS_FIRST ? PRODUCT_TRANSPOSED_FIRST : PRODUCT_TRANSPOSED_SECOND;
    if (!read_option(u->r, op, field, &transposed)) return false;
  }
  bool inputs_first = (as == AS_SECOND) != (transposed != 0);
  *out = as == AS_OTHER ? TENSOR_NO_WEIGHTS : inputs_first ? TENSOR_INPUTS_FIRST : TENSOR_OUTPUTS_FIRST;
  return true;
}

// Weights in another than the default format are shuffled for one kernel.
static bool check_format(const uses *u, const operation *op, const tensor *t) {
  uint64_t format;
  if (!read_option(u->r, op, DENSE_WEIGHTS_FORMAT, &format)) return false;
  return format == 0 ||
         tensor_refuse(u->r->d, u->r->f, op->options.at,
                       "the weights '%s' are stored shuffled, for one kernel; convert the model without", t->name);
}

static bool note_use(uses *u, const operation *op, size_t input) {
  arena *a = u->r->f->mem;
  const op_input *known = find_input(op->code, input);
  tensor *t = find_source(u, fb_u32_at(&u->r->fb, &op->inputs, input)); // -1: none
  tensor_order order = TENSOR_ORDER_UNKNOWN;
  if (t == NULL || (input == 0 && passes_on(op->code))) return true;
  if (known != NULL && !order_of(u, op, known->as, &order)) return false;
  tensor_note_use(a, t, order, known == NULL ? "input" : known->what,
                  known == NULL ? arena_printf(a, "operator %" PRIu32, op->code) : known->op);
  return known == NULL || known->as != AS_DENSE || check_format(u, op, t);
}

static void note_passed(uses *u) {
  u->passed_by = ARENA_ARRAY(u->r->f->mem, uint32_t, u->tensors + 1);
  for (size_t i = 0; i < u->tensors; i++) u->passed_by[i] = UINT32_MAX;
  for (size_t i = 0; i < u->count; i++) {
    const operation *op = &u->ops[i];
    if (!passes_on(op->code) || op->inputs.count == 0 || op->outputs.count == 0) continue;
    uint32_t output = fb_u32_at(&u->r->fb, &op->outputs, 0);
    if (output < u->tensors) u->passed_by[output] = (uint32_t)i;
  }
}

static bool read_subgraph(tflite_reader *r, const fb_vector *codes, size_t index) {
  uses u = {.r = r, .subgraph = (uint32_t)index};
  fb_table graph, t;
  fb_vector tensors, list;
  if (!fb_table_at(&r->fb, &r->subgraphs, index, "a subgraph", &graph) ||
      !fb_vector_of(&r->fb, &graph, SUBGRAPH_TENSORS, 4, "the list of tensors", &tensors) ||
      !fb_vector_of(&r->fb, &graph, SUBGRAPH_OPERATORS, 4, "the list of operators", &list) ||
      !tflite_spend(r, tensors.count + list.count))
    return false;
  operation *ops = ARENA_ARRAY(r->f->mem, operation, list.count);
  for (size_t i = 0; i < list.count; i++)
    if (!fb_table_at(&r->fb, &list, i, "an operator", &t) || !read_operation(r, codes, &t, &ops[i])) return false;
  u.ops = ops;
  u.count = list.count;
  u.tensors = tensors.count;
  note_passed(&u);
  for (size_t i = 0; i < u.count; i++)
    for (size_t k = 0; k < ops[i].inputs.count; k++)
      if (!note_use(&u, &ops[i], k)) return false;
  return true;
}

bool tflite_read_uses(tflite_reader *r, const fb_table *model) {
  fb_vector codes;
  if (!fb_vector_of(&r->fb, model, MODEL_CODES, 4, "the list of operator codes", &codes)) return false;
  for (size_t i = 0; i < r->subgraphs.count; i++)
    if (!read_subgraph(r, &codes, i)) return false;
  return true;
}
