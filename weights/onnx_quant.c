// Which tensors of an ONNX model scale which: said by the nodes that compute with quantized weights, and by the graph's
// annotations. The scales get a second name, after the weight, so that a layout of separate tensors finds them.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "weights/name_index.h"
#include "weights/onnx_read.h"

// Fields of NodeProto and AttributeProto.
enum { NODE_INPUT = 1, NODE_OP = 4, NODE_ATTRIBUTE = 5, ATTRIBUTE_NAME = 1, ATTRIBUTE_INT = 3 };
// Of TensorAnnotation, and of the pairs in it.
enum { ANNOTATION_TENSOR = 1, ANNOTATION_PAIR = 2, PAIR_KEY = 1, PAIR_VALUE = 2 };

// Attributes that say how codes and scales lie.
typedef enum attribute { AXIS, BLOCK_SIZE, QUANTIZE_AXIS, TRANSPOSED, COLUMNS, ROWS, BITS, ATTRIBUTES } attribute;
static const char *const attribute_names[ATTRIBUTES] = {"axis", "block_size", "quantize_axis", "transB",
                                                        "K",    "N",          "bits"};
static const int64_t attribute_defaults[ATTRIBUTES] = {1, 0, 1, 0, 0, 0, 4};

// What the scales of an operator run along: the dimension in an attribute, a certain one, or blocks of codes that are
// packed into bytes, a row apart or one after the other.
typedef enum along { ALONG_AXIS, ALONG_QUANTIZE_AXIS, ALONG_FIRST, ALONG_LAST, ALONG_ROWS, ALONG_FLAT } along;

// Operators, and the numbers of the inputs that hold codes, their scales and zero points (-1: there are none).
typedef struct op_rule {
  const char *op;
  int codes, scale, zero;
  along along;
} op_rule;

static const op_rule rules[] = {
    {"DequantizeLinear", 0, 1, 2, ALONG_AXIS},
    {"QLinearMatMul", 3, 4, 5, ALONG_LAST},
    {"QLinearConv", 3, 4, 5, ALONG_FIRST},
    {"MatMulInteger", 1, -1, 3, ALONG_LAST},
    {"ConvInteger", 1, -1, 3, ALONG_FIRST},
    {"QGemm", 3, 4, 5, ALONG_LAST},
    {"DynamicQuantizeMatMul", 1, 2, 3, ALONG_LAST},
    {"MatMulIntegerToFloat", 1, 3, 5, ALONG_LAST},
    {"GatherBlockQuantized", 0, 2, 3, ALONG_QUANTIZE_AXIS},
    {"MatMulNBits", 1, 2, 3, ALONG_ROWS},
    {"MatMulBnb4", 1, 2, -1, ALONG_FLAT},
};

static const op_rule *find_rule(const pb_field *op) {
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (pb_is(op, rules[i].op)) return &rules[i];
  return NULL;
}

bool onnx_op_quantizes(const pb_field *op) { return find_rule(op) != NULL; }

// ---- a node ----------------------------------------------------------------------------------------------

typedef struct node {
  const op_rule *rule;
  pb_field inputs[ONNX_MAX_INPUTS];
  int input_count;
  int64_t attributes[ATTRIBUTES];
} node;

// What is read, and what is added to it.
typedef struct ties {
  onnx_reader *r;
  name_index names;
  bool *checked; // scales by their position
  tensor_list added;
} ties;

static bool read_attribute(pb_cursor c, node *n) {
  pb_field field, name = {0}, value = {0};
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == ATTRIBUTE_NAME) name = field;
    if (field.number == ATTRIBUTE_INT && field.wire == PB_VARINT) value = field;
  }
  for (unsigned i = 0; i < ATTRIBUTES && value.number != 0; i++)
    if (pb_is(&name, attribute_names[i])) n->attributes[i] = (int64_t)value.value;
  return step == PB_END;
}

static bool read_node(pb_cursor c, node *n) {
  pb_field field;
  pb_step step;
  memcpy(n->attributes, attribute_defaults, sizeof n->attributes);
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == NODE_OP) n->rule = find_rule(&field);
    if (field.number == NODE_INPUT && field.wire == PB_BYTES && n->input_count < ONNX_MAX_INPUTS)
      n->inputs[n->input_count++] = field;
    if (field.number == NODE_ATTRIBUTE && field.wire == PB_BYTES && !read_attribute(pb_inside(&c, &field), n))
      return false;
  }
  return step == PB_END && n->rule != NULL;
}

// The tensor of the file that a text names; NULL when there is none.
static tensor *find_tensor(ties *x, const pb_field *name) {
  tensor_list *all = &x->r->tensors;
  if (name->size == 0 || name->size > ONNX_MAX_NAME || memchr(name->data, 0, name->size) != NULL) return NULL;
  size_t at = name_index_find(&x->names, all->len, arena_strndup(x->r->f->mem, (const char *)name->data, name->size));
  return at == all->len ? NULL : &all->data[x->names.order[at]];
}

static tensor *input_tensor(ties *x, const node *n, int index) {
  return index < 0 || index >= n->input_count ? NULL : find_tensor(x, &n->inputs[index]);
}

// ---- how scales lie --------------------------------------------------------------------------------------

static bool no_fit(ties *x, const tensor *codes, const tensor *scale) {
  arena *a = x->r->f->mem;
  diag_error_file(x->r->d, codes->path, "the scales '%s' %s do not fit to '%s' %s", scale->name,
                  tensor_describe(a, scale), codes->name, tensor_describe(a, codes));
  diag_hint(x->r->d, "the file is damaged, or was written by a broken converter: export the model again");
  return false;
}

// One scale for each block of `block` indices of an axis, all other dimensions alike.
static bool blocks_fit(const tensor *codes, const tensor *scale, unsigned axis, uint64_t block) {
  bool fit = scale->rank == codes->rank;
  for (unsigned i = 0; i < codes->rank && fit; i++)
    fit = scale->dims[i] == (i == axis ? num_ceil_div(codes->dims[i], block) : codes->dims[i]);
  return fit;
}

// Scales along a dimension. A single scale is for the whole tensor.
static bool lie_along(ties *x, const node *n, const tensor *codes, const tensor *scale, tensor_quant *q) {
  along way = n->rule->along;
  bool last = way == ALONG_LAST && n->attributes[TRANSPOSED] == 0;
  int64_t axis = way == ALONG_AXIS            ? n->attributes[AXIS]
                 : way == ALONG_QUANTIZE_AXIS ? n->attributes[QUANTIZE_AXIS]
                                              : (last ? (int64_t)codes->rank - 1 : 0);
  int64_t block = way == ALONG_AXIS || way == ALONG_QUANTIZE_AXIS ? n->attributes[BLOCK_SIZE] : 0;
  if (scale->count == 1) return true;
  if (axis < 0) axis += (int64_t)codes->rank;
  if (axis < 0 || axis >= (int64_t)codes->rank || block < 0 || block > INT32_MAX) return no_fit(x, codes, scale);
  q->axis = (int)axis;
  q->block = block == 0 ? 1 : (uint64_t)block;
  if (scale->rank <= 1 && scale->count == codes->dims[axis] && block <= 1) return true;
  return blocks_fit(codes, scale, (unsigned)axis, q->block) || no_fit(x, codes, scale);
}

// The sizes that a node says of packed codes, all of them in range.
static bool packed_sizes(const node *n, tensor_quant *q) {
  const int64_t *a = n->attributes;
  if (a[ROWS] <= 0 || a[ROWS] > INT32_MAX || a[COLUMNS] <= 0 || a[COLUMNS] > INT32_MAX || a[BITS] < 1 || a[BITS] > 8 ||
      a[BLOCK_SIZE] <= 0 || a[BLOCK_SIZE] > INT32_MAX)
    return false;
  q->rows = (uint64_t)a[ROWS];
  q->columns = (uint64_t)a[COLUMNS];
  q->bits = (unsigned)a[BITS];
  q->block = (uint64_t)a[BLOCK_SIZE];
  q->axis = 1;
  return true;
}

// Each row is so many blocks of whole bytes; *blocks of them.
static bool rows_fit(const tensor *codes, const tensor *scale, const tensor_quant *q, uint64_t *blocks) {
  uint64_t bytes, scales;
  *blocks = num_ceil_div(q->columns, q->block);
  return q->block * q->bits % 8 == 0 && tensor_dtype_bits(codes->dtype) == 8 && num_mul(q->rows, *blocks, &scales) &&
         num_mul(scales, q->block * q->bits / 8, &bytes) && codes->count == bytes && scale->count == scales;
}

static bool flat_fits(const tensor *codes, const tensor *scale, const tensor_quant *q) {
  uint64_t weights, bits;
  return num_mul(q->rows, q->columns, &weights) && num_mul(weights, q->bits, &bits) &&
         codes->count == num_ceil_div(bits, 8) && scale->count == num_ceil_div(weights, q->block);
}

// ---- second names ----------------------------------------------------------------------------------------

// Adds `t` once more as `<codes><ending>`, in the shape [rows, columns] if rows is not 0, and never without dimensions.
// Its name, or the one that it has when that name is taken.
static const char *add_companion(ties *x, const tensor *codes, const char *ending, const tensor *t, uint64_t rows,
                                 uint64_t columns) {
  arena *a = x->r->f->mem;
  tensor c = *t;
  c.name = arena_printf(a, "%s%s", codes->name, ending);
  c.alias_of = t->name;
  c.quant = NULL;
  if (name_index_find(&x->names, x->r->tensors.len, c.name) != x->r->tensors.len) return t->name;
  uint64_t *dims = ARENA_ARRAY(a, uint64_t, 2);
  dims[0] = rows == 0 ? 1 : rows;
  dims[1] = columns;
  if (rows != 0 || t->rank == 0) c.dims = dims, c.rank = rows == 0 ? 1 : 2;
  vec_push(a, &x->added, c);
  return c.name;
}

static bool check_scale(ties *x, const tensor *scale) {
  bool *checked = &x->checked[scale - x->r->tensors.data];
  bool ok = *checked || companion_check_finite(x->r->d, scale);
  *checked = true;
  return ok;
}

// Packed zero points fill up their bytes in each row; others are one number for each scale.
static uint64_t zero_columns(const tensor *zero, const tensor_quant *q, uint64_t blocks) {
  uint64_t packed = num_ceil_div(blocks * q->bits, 8);
  return zero->count == q->rows * blocks ? blocks : zero->count == q->rows * packed ? packed : 0;
}

static bool tie(ties *x, tensor *codes, const tensor *scale, const tensor *zero, tensor_quant q, uint64_t blocks) {
  uint64_t columns = zero != NULL && blocks != 0 ? zero_columns(zero, &q, blocks) : 0;
  if (scale != NULL && !check_scale(x, scale)) return false;
  if (zero != NULL && blocks != 0 && columns == 0) return no_fit(x, codes, zero);
  if (scale != NULL) q.scale = add_companion(x, codes, COMPANION_SCALE, scale, blocks == 0 ? 0 : q.rows, blocks);
  if (zero != NULL)
    q.zero_point = add_companion(x, codes, COMPANION_ZERO_POINT, zero, columns == 0 ? 0 : q.rows, columns);
  codes->quant = arena_memdup(x->r->f->mem, &q, sizeof q);
  return true;
}

static bool tie_node(ties *x, const node *n) {
  const op_rule *rule = n->rule;
  tensor *codes = input_tensor(x, n, rule->codes);
  const tensor *scale = input_tensor(x, n, rule->scale), *zero = input_tensor(x, n, rule->zero);
  tensor_quant q = {.by = rule->op, .axis = -1, .block = 1};
  uint64_t blocks = 0;
  if (codes == NULL || codes->quant != NULL || (scale == NULL && zero == NULL)) return true;
  if (rule->along == ALONG_ROWS || rule->along == ALONG_FLAT) {
    if (scale == NULL) return true;
    bool fits = packed_sizes(n, &q) &&
                (rule->along == ALONG_ROWS ? rows_fit(codes, scale, &q, &blocks) : flat_fits(codes, scale, &q));
    if (!fits) return no_fit(x, codes, scale);
  } else if (!lie_along(x, n, codes, scale == NULL ? zero : scale, &q)) {
    return false;
  }
  return tie(x, codes, scale, zero, q, blocks);
}

// ---- annotations -----------------------------------------------------------------------------------------

static bool read_pair(ties *x, pb_cursor c, const tensor **scale, const tensor **zero) {
  pb_field field, key = {0}, value = {0};
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == PAIR_KEY) key = field;
    if (field.number == PAIR_VALUE && field.wire == PB_BYTES) value = field;
  }
  if (pb_is(&key, "SCALE_TENSOR")) *scale = find_tensor(x, &value);
  if (pb_is(&key, "ZERO_POINT_TENSOR")) *zero = find_tensor(x, &value);
  return step == PB_END;
}

static bool tie_annotation(ties *x, pb_cursor c) {
  const tensor *scale = NULL, *zero = NULL;
  tensor *codes = NULL;
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == ANNOTATION_TENSOR && field.wire == PB_BYTES) codes = find_tensor(x, &field);
    if (field.number == ANNOTATION_PAIR && field.wire == PB_BYTES &&
        !read_pair(x, pb_inside(&c, &field), &scale, &zero))
      return false;
  }
  if (step == PB_BAD) return false;
  // An annotation does not say the dimension, so only a scale for the whole tensor is clear.
  if (codes == NULL || codes->quant != NULL || scale == NULL || scale->count != 1) return true;
  return tie(x, codes, scale, zero, (tensor_quant){.by = "annotation", .axis = -1, .block = 1}, 0);
}

bool onnx_read_quant(onnx_reader *r) {
  ties x = {.r = r, .names = {.rows = (const char *)r->tensors.data, .row_size = sizeof(tensor)}};
  name_index_build(r->f->mem, r->tensors.data, sizeof(tensor), r->tensors.len, &x.names.order);
  x.checked = ARENA_ARRAY(r->f->mem, bool, r->tensors.len + 1);
  for (size_t i = 0; i < r->nodes.len; i++) {
    node n = {0};
    if (!read_node(r->nodes.data[i], &n) || !tie_node(&x, &n)) return false;
  }
  for (size_t i = 0; i < r->annotations.len; i++)
    if (!tie_annotation(&x, r->annotations.data[i])) return false;
  for (size_t i = 0; i < x.added.len; i++) vec_push(r->f->mem, &r->tensors, x.added.data[i]);
  return true;
}
