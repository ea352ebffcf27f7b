#include "tests/lower/network.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "format/transform.h"
#include "pack/pack.h"
#include "support/map.h"
#include "tests/kernels/kernel_case.h"
#include "weights/parts.h"

// ---- random models --------------------------------------------------------------------------------------------------------

#define MAX_VALUES 24

typedef struct author {
  strbuf text;
  uint64_t state;
  size_t count;
  unsigned width[MAX_VALUES]; // last dimension
  bool deep[MAX_VALUES];      // [batch, 2, width / 2], else [batch, width]
  unsigned layers;
} author;

static unsigned below(author *w, unsigned n) { return (unsigned)(kit_next(&w->state) % n); }

static void begin(author *w, unsigned width, bool deep) {
  w->width[w->count] = width;
  w->deep[w->count] = deep;
  strbuf_printf(&w->text, "  v%zu = ", w->count++);
}

static const char *activation(author *w) {
  static const char *const names[] = {"relu", "gelu", "silu", "tanh", "sigmoid", "softmax", "layernorm", "rmsnorm"};
  return names[below(w, 8)];
}

// Another value of the same shape, or the same.
static unsigned alike(author *w, unsigned x) {
  for (int i = 0; i < 8; i++) {
    unsigned y = below(w, (unsigned)w->count);
    if (w->width[y] == w->width[x] && w->deep[y] == w->deep[x]) return y;
  }
  return x;
}

static void add_layer(author *w, unsigned x) {
  static const unsigned widths[] = {16, 32, 20};
  unsigned width = widths[below(w, 3)];
  bool function = below(w, 2) == 0;
  if (w->deep[x]) width /= 2;
  begin(w, w->deep[x] ? 2 * width : width, w->deep[x]);
  if (function) strbuf_printf(&w->text, "%s(", activation(w));
  strbuf_printf(&w->text, "linear(v%u, \"l%u\", out = %u, bias = %s)%s", x, w->layers++, width,
                below(w, 2) == 0 ? "none" : "required", function ? ")" : "");
  strbuf_printf(&w->text, ";\n");
}

static void add_value(author *w) {
  unsigned x = below(w, (unsigned)w->count), width = w->width[x];
  bool deep = w->deep[x];
  switch (below(w, 7)) {
  case 0:
    begin(w, width, deep);
    strbuf_printf(&w->text, "%s(v%u);\n", activation(w), x);
    break;
  case 1: {
    unsigned y = alike(w, x);
    begin(w, width, deep);
    strbuf_printf(&w->text, "v%u %c v%u;\n", x, "+-*"[below(w, 3)], y);
    break;
  }
  case 2:
    begin(w, width, !deep);
    strbuf_printf(&w->text, deep ? "reshape(v%u, [batch, %u]);\n" : "reshape(v%u, [batch, 2, %u]);\n", x,
                  deep ? width : width / 2);
    break;
  case 3:
    begin(w, width, deep);
    strbuf_printf(&w->text, "0.5 * v%u - 1;\n", x);
    break;
  default: add_layer(w, x);
  }
}

// Formats with steps around the product: signs that are computed, which layers share, and fields of each layer.
static const char own_schemes[] =
    "scheme turned { code : i4; scale : f16 per row; value = scale * code;\n"
    "  input = hadamard(x * (1 - 2 * (k * 11 / 4 % 2)), 2); output = hadamard(y, 2); }\n"
    "scheme ordered { code : i4; scale : f16 per 8; order : u16 per column; gain : f16 per column; turn : u8 per row;\n"
    "  value = scale * code; input = x[order] / gain; output = (y * (1 + turn))[n ^ 1]; }\n";

const char *network_text(arena *a, uint64_t seed) {
  author w = {.text = {.mem = a}, .state = seed};
  strbuf_printf(&w.text, "model net {\n  weights \"none.safetensors\";\n  dim batch <= 17;\n");
  unsigned inputs = 1 + below(&w, 2);
  for (unsigned i = 0; i < inputs; i++) {
    strbuf_printf(&w.text, "  input v%u : f32[batch, 16];\n", i);
    w.width[w.count++] = 16;
  }
  unsigned values = 3 + below(&w, 12);
  for (unsigned i = 0; i < values; i++) add_value(&w);
  strbuf_printf(&w.text, "  output last = v%zu;\n", w.count - 1);
  unsigned outputs = below(&w, 4);
  for (unsigned i = 0; i < outputs; i++)
    strbuf_printf(&w.text, "  output o%u = v%u;\n", i, below(&w, (unsigned)w.count));
  static const char *const schemes[] = {"q4_0", "q8_0", "nf4", "int8_row", "q4_1", "f16", "turned", "ordered"};
  strbuf_printf(&w.text, "}\nquantize {\n  \"l*\" : %s, act = f32;\n}\n%s", schemes[below(&w, 8)], own_schemes);
  return strbuf_text(&w.text);
}

// ---- weights ---------------------------------------------------------------------------------------------------------------

// A permutation in every field that is an order.
static void set_orders(const tensor_codes *t, uint64_t *state) {
  for (unsigned f = 0; f < t->scheme->field_count; f++) {
    if (strcmp(t->scheme->fields[f].name, "order") != 0) continue;
    for (uint64_t i = 0; i < t->columns; i++) {
      uint64_t j = kit_next(state) % (i + 1);
      t->elements[f][i] = t->elements[f][j];
      t->elements[f][j] = (uint32_t)i;
    }
  }
}

// The constants that are made from other weights' fields.
static void make_factors(const ir_module *m, const network_weights *w) {
  for (size_t i = 0; i < m->weights.len; i++) {
    const ir_weight *made = m->weights.data[i];
    bool input = false;
    if (made->of == NULL) continue;
    const transform_step *step = ir_weight_step(m, made, &input);
    size_t of = 0;
    while (strcmp(m->weights.data[of]->name, made->of) != 0) of++;
    ck_assert(step != NULL);
    pack_factor(w->codes[of], step, input, w->packed.data + made->offset);
  }
}

network_weights network_make_weights(lower_kit *k, const ir_module *m, uint64_t seed) {
  network_weights w = {.codes = ARENA_ARRAY(k->mem, const tensor_codes *, m->weights.len + 1),
                       .numbers = ARENA_ARRAY(k->mem, const float *, m->weights.len + 1),
                       .packed = {.size = m->plan->weights_size}};
  w.packed.data = ARENA_ARRAY(k->mem, uint8_t, w.packed.size + 1);
  for (size_t i = 0; i < m->weights.len; i++) {
    const ir_weight *weight = m->weights.data[i];
    uint8_t *at = w.packed.data + weight->offset;
    ck_assert_uint_eq(weight->offset % 64, 0);
    ck_assert_uint_le(weight->offset + weight->size, w.packed.size);
    if (weight->part != NULL) continue; // packed with the whole
    if (weight->scheme != NULL && weight->recipe == NULL) {
      uint64_t bytes = 0;
      tensor_codes *codes =
          sample_codes(k->d, k->mem, weight->scheme, weight->rows, weight->columns, seed + i, SAMPLE_RANDOM);
      ck_assert_msg(codes != NULL, "%s", diag_text(k->d));
      ck_assert_msg(
          pack_parts(k->d, k->mem, m, weight, codes, payload_in_memory(k->mem, w.packed.data, w.packed.size), &bytes),
          "%s", diag_text(k->d));
      w.codes[i] = codes;
    } else if (weight->recipe != NULL) {
      tensor_codes *codes =
          sample_codes(k->d, k->mem, weight->scheme, weight->rows, weight->columns, seed + i, SAMPLE_RANDOM);
      set_orders(codes, &seed);
      ck_assert(pack_tensor(k->d, k->mem, weight->recipe, codes, at, weight->size));
      w.codes[i] = codes;
    } else if (weight->of == NULL) {
      float *x = ARENA_ARRAY(k->mem, float, weight->size / 4);
      for (uint64_t j = 0; j < weight->size / 4; j++) x[j] = (float)(kit_next(&seed) % 1000) / 1000 - 0.5f;
      memcpy(at, x, weight->size);
      w.numbers[i] = x;
    }
  }
  make_factors(m, &w);
  return w;
}

// ---- evaluation ------------------------------------------------------------------------------------------------------------

typedef struct tensor {
  const ir_type *type;
  double *x;
} tensor;

typedef struct evaluation {
  lower_kit *k;
  const ir_module *lowered;
  const network_weights *w;
  uint64_t batch;
  ptr_map at;
  VEC(tensor) values;
} evaluation;

uint64_t network_count(const ir_type *t, uint64_t batch) {
  uint64_t n = 1;
  for (unsigned i = 0; i < t->rank; i++) n *= t->dims[i] == IR_BATCH ? batch : (uint64_t)t->dims[i];
  return n;
}

static uint64_t last_dim(const ir_type *t) { return (uint64_t)t->dims[t->rank - 1]; }

static double *new_value(evaluation *e, const ir_value *v) {
  tensor t = {.type = &v->type, .x = ARENA_ARRAY(e->k->mem, double, network_count(&v->type, e->batch))};
  ptr_map_set(&e->at, v, e->values.len);
  vec_push(e->k->mem, &e->values, t);
  return t.x;
}

static const double *value_of(const evaluation *e, const ir_value *v) {
  return e->values.data[ptr_map_get(&e->at, v, SIZE_MAX)].x;
}

static size_t weight_number(const evaluation *e, const ir_op *op) {
  const char *name = ir_get_attr(op, IR_ATTR_WEIGHT)->s;
  for (size_t i = 0; i < e->lowered->weights.len; i++)
    if (strcmp(e->lowered->weights.data[i]->name, name) == 0) return i;
  ck_abort_msg("no weight '%s'", name);
}

static void linear(evaluation *e, const ir_op *op, const double *x, double *y, uint64_t count) {
  const tensor_codes *w = e->w->codes[weight_number(e, op)];
  const double *bias = op->operand_count > 1 ? value_of(e, op->operands[1]) : NULL;
  double *in = ARENA_ARRAY(e->k->mem, double, w->columns);
  for (uint64_t m = 0; m < count / w->rows; m++, y += w->rows) {
    memcpy(in, x + m * w->columns, w->columns * sizeof *in);
    transform_apply(w, true, in);
    for (uint64_t n = 0; n < w->rows; n++) {
      y[n] = 0;
      for (uint64_t c = 0; c < w->columns; c++) y[n] += scheme_weight(w, n, c) * in[c];
    }
    transform_apply(w, false, y);
    for (uint64_t n = 0; bias != NULL && n < w->rows; n++) y[n] += bias[n];
  }
}

static double function(ir_opcode op, double x) {
  switch (op) {
  case IR_RELU: return x > 0 ? x : 0;
  case IR_GELU: return 0.5 * x * (1 + erf(x / sqrt(2)));
  case IR_SILU: return x / (1 + exp(-x));
  case IR_TANH: return tanh(x);
  case IR_SIGMOID: return 1 / (1 + exp(-x));
  case IR_TNEG: return -x;
  default: return x; // reshape
  }
}

static void norm(const ir_op *op, const double *x, double *y, uint64_t n) {
  double mean = 0, square = 0;
  for (uint64_t i = 0; op->code == IR_LAYERNORM && i < n; i++) mean += x[i] / (double)n;
  for (uint64_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean) / (double)n;
  const ir_attr *eps = ir_get_attr(op, IR_ATTR_EPS);
  for (uint64_t i = 0; i < n; i++) y[i] = (x[i] - mean) / sqrt(square + (eps == NULL ? 1e-5 : eps->r));
}

static void softmax(const double *x, double *y, uint64_t n) {
  double most = x[0], sum = 0;
  for (uint64_t i = 1; i < n; i++) most = fmax(most, x[i]);
  for (uint64_t i = 0; i < n; i++) sum += y[i] = exp(x[i] - most);
  for (uint64_t i = 0; i < n; i++) y[i] /= sum;
}

static void evaluate_op(evaluation *e, const ir_op *op) {
  if (op->code == IR_RETURN) return;
  double *y = new_value(e, op->results[0]);
  uint64_t count = network_count(&op->results[0]->type, e->batch);
  if (op->code == IR_CONST) {
    for (uint64_t i = 0; i < count; i++) y[i] = e->w->numbers[weight_number(e, op)][i];
    return;
  }
  const double *x = value_of(e, op->operands[0]);
  const double *z = op->operand_count > 1 ? value_of(e, op->operands[1]) : NULL;
  uint64_t row = last_dim(&op->operands[0]->type);
  const ir_attr *mul = ir_get_attr(op, IR_ATTR_MUL), *add = ir_get_attr(op, IR_ATTR_ADD);
  if (op->code == IR_LINEAR) linear(e, op, x, y, count);
  for (uint64_t i = 0; i < count && op->code != IR_LINEAR; i++) {
    bool start = i % row == 0;
    if (op->code == IR_LAYERNORM || op->code == IR_RMSNORM) {
      if (start) norm(op, x + i, y + i, row);
    } else if (op->code == IR_SOFTMAX) {
      if (start) softmax(x + i, y + i, row);
    } else if (op->code == IR_TSCALE) {
      y[i] = x[i] * (mul == NULL ? 1 : mul->r) + (add == NULL ? 0 : add->r);
    } else if (z != NULL) {
      double second = z[i % network_count(&op->operands[1]->type, e->batch)];
      y[i] = op->code == IR_TADD ? x[i] + second : op->code == IR_TSUB ? x[i] - second : x[i] * second;
    } else {
      y[i] = function(op->code, x[i]);
    }
  }
}

double **network_evaluate(lower_kit *k, const ir_module *m, const ir_module *lowered, const network_weights *w,
                          uint64_t batch, const float *const *inputs) {
  evaluation e = {.k = k, .lowered = lowered, .w = w, .batch = batch, .at = {.mem = k->mem}};
  const ir_block *body = ir_find_model(m)->body;
  for (size_t i = 0; i < body->param_count; i++) {
    double *x = new_value(&e, body->params[i]);
    for (uint64_t j = 0; j < network_count(&body->params[i]->type, batch); j++) x[j] = inputs[i][j];
  }
  for (size_t i = 0; i < body->ops.len; i++) evaluate_op(&e, body->ops.data[i]);
  const ir_op *ret = body->ops.data[body->ops.len - 1];
  double **out = ARENA_ARRAY(k->mem, double *, ret->operand_count + 1);
  for (size_t i = 0; i < ret->operand_count; i++) {
    uint64_t count = network_count(&ret->operands[i]->type, batch);
    out[i] = arena_memdup(k->mem, value_of(&e, ret->operands[i]), count * sizeof **out);
  }
  return out;
}
