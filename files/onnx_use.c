// What the nodes of an ONNX graph do with its tensors: which are weights, and whether their outputs or inputs come first.
// Between a tensor and the node that multiplies with it may lie others that change its type or exchange its dimensions.
#include <string.h>

#include "files/onnx_read.h"

// How many of those may follow each other.
enum { MAX_STEPS = 16 };

// How an operator reads a matrix: as the first or second of the two that it multiplies, as rows that are looked up, or
// not as weights.
typedef enum reads_as { AS_FIRST, AS_SECOND, AS_ROWS, AS_OTHER } reads_as;

typedef struct op_input {
  const char *op;
  int input;
  reads_as as;
  const char *what;
} op_input;

#define PRODUCT(op, first, second) {op, first, AS_FIRST, "weights"}, {op, second, AS_SECOND, "weights"}
#define KERNEL(op, input) {op, input, AS_OTHER, "kernel"}, {op, input + 1, AS_OTHER, "bias"}

static const op_input inputs[] = {
    PRODUCT("MatMul", 0, 1),
    PRODUCT("Gemm", 0, 1),
    PRODUCT("FusedMatMul", 0, 1),
    PRODUCT("FusedGemm", 0, 1),
    PRODUCT("TransposeMatMul", 0, 1),
    PRODUCT("MatMulInteger", 0, 1),
    PRODUCT("MatMulIntegerToFloat", 0, 1),
    PRODUCT("DynamicQuantizeMatMul", 0, 1),
    PRODUCT("QLinearMatMul", 0, 3),
    PRODUCT("QGemm", 0, 3),
    {"Attention", 1, AS_SECOND, "weights"},
    {"QAttention", 1, AS_SECOND, "weights"},
    {"Gemm", 2, AS_OTHER, "bias"},
    {"MatMulNBits", 1, AS_OTHER, "packed weights"},
    {"MatMulBnb4", 1, AS_OTHER, "packed weights"},
    {"Gather", 0, AS_ROWS, "table"},
    {"GatherBlockQuantized", 0, AS_ROWS, "table"},
    KERNEL("Conv", 1),
    KERNEL("FusedConv", 1),
    KERNEL("ConvTranspose", 1),
    KERNEL("ConvInteger", 1),
    {"QLinearConv", 3, AS_OTHER, "kernel"},
    {"DequantizeLinear", 1, AS_OTHER, "scales"},
    {"DequantizeLinear", 2, AS_OTHER, "zero points"},
    {"QuantizeLinear", 1, AS_OTHER, "scales"},
    {"QuantizeLinear", 2, AS_OTHER, "zero points"},
    {"MatMulNBits", 2, AS_OTHER, "scales"},
    {"MatMulBnb4", 2, AS_OTHER, "scales"},
    {"GatherBlockQuantized", 2, AS_OTHER, "scales"},
    {"Add", 0, AS_OTHER, "summand"},
    {"Add", 1, AS_OTHER, "summand"},
    {"Mul", 0, AS_OTHER, "factor"},
    {"Mul", 1, AS_OTHER, "factor"},
};

// Operators whose first output is their first input, in another type or order.
static const char *const passes[] = {"DequantizeLinear", "QuantizeLinear", "Cast", "CastLike", "Identity", "Transpose"};

static const op_input *find_input(const pb_field *op, int input) {
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
    if (inputs[i].input == input && pb_is(op, inputs[i].op)) return &inputs[i];
  return NULL;
}

static bool passes_on(const onnx_node *n) {
  for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
    if (pb_is(&n->op, passes[i])) return n->input_count > 0 && n->output.size > 0;
  return false;
}

// A value that such an operator makes.
typedef struct passed {
  const char *name; // first: rows are indexed by it
  pb_field from;
  bool exchanged;
} passed;

typedef struct uses {
  onnx_reader *r;
  name_index tensors;
  VEC(passed) passed;
  name_index values;
} uses;

static bool note_passed(uses *u, const onnx_node *n) {
  arena *a = u->r->f->mem;
  if (!passes_on(n) || n->output.size > ONNX_MAX_NAME) return true;
  passed p = {.from = n->inputs[0], .exchanged = pb_is(&n->op, "Transpose") && !n->keeps_order};
  p.name = arena_strndup(a, (const char *)n->output.data, n->output.size);
  vec_push(a, &u->passed, p);
  return true;
}

static const passed *find_passed(const uses *u, const pb_field *name) {
  char text[ONNX_MAX_NAME + 1];
  if (name->size == 0 || name->size > ONNX_MAX_NAME || memchr(name->data, 0, name->size) != NULL) return NULL;
  memcpy(text, name->data, name->size);
  text[name->size] = '\0';
  size_t at = name_index_find(&u->values, u->passed.len, text);
  return at == u->passed.len ? NULL : &u->passed.data[u->values.order[at]];
}

// The tensor that a value is, and whether its dimensions are exchanged; NULL when it is none.
static tensor *find_source(uses *u, const pb_field *value, bool *exchanged) {
  pb_field at = *value;
  *exchanged = false;
  for (unsigned i = 0; i < MAX_STEPS; i++) {
    tensor *t = onnx_find_tensor(u->r, &u->tensors, &at);
    const passed *p = t == NULL ? find_passed(u, &at) : NULL;
    if (p == NULL) return t;
    *exchanged ^= p->exchanged;
    at = p->from;
  }
  return NULL;
}

static tensor_order order_of(const onnx_node *n, reads_as as, bool exchanged) {
  static const onnx_attribute transposed[] = {[AS_FIRST] = ONNX_TRANSPOSED_A, [AS_SECOND] = ONNX_TRANSPOSED_B};
  if (as == AS_OTHER) return TENSOR_NO_WEIGHTS;
  bool inputs_first = as == AS_SECOND;
  if (as != AS_ROWS) inputs_first ^= n->attributes[transposed[as]] != 0;
  return inputs_first ^ exchanged ? TENSOR_INPUTS_FIRST : TENSOR_OUTPUTS_FIRST;
}

static void note_use(uses *u, const onnx_node *n, int input) {
  arena *a = u->r->f->mem;
  const op_input *known = find_input(&n->op, input);
  bool exchanged;
  tensor *t = find_source(u, &n->inputs[input], &exchanged);
  if (t == NULL || (known == NULL && input == 0 && passes_on(n))) return;
  tensor_order order = known == NULL ? TENSOR_ORDER_UNKNOWN : order_of(n, known->as, exchanged);
  tensor_note_use(a, t, order, known == NULL ? "input" : known->what,
                  arena_strndup(a, (const char *)n->op.data, n->op.size));
}

bool onnx_read_uses(onnx_reader *r) {
  uses u = {.r = r, .tensors = onnx_index_tensors(r)};
  onnx_node n;
  for (size_t i = 0; i < r->tensors.len; i++) r->tensors.data[i].use = &tensor_unused;
  for (size_t i = 0; i < r->nodes.len; i++)
    if (!onnx_read_node(r->nodes.data[i], &n) || !note_passed(&u, &n)) return false;
  u.values = (name_index){.rows = (const char *)u.passed.data, .row_size = sizeof(passed)};
  name_index_build(r->f->mem, u.passed.data, sizeof(passed), u.passed.len, &u.values.order);
  for (size_t i = 0; i < r->nodes.len; i++) {
    if (!onnx_read_node(r->nodes.data[i], &n)) return false;
    for (int k = 0; k < n.input_count; k++) note_use(&u, &n, k);
  }
  return true;
}
