// Which tensors of an ONNX model scale which: said by the nodes that compute with quantized weights, and by the graph's
// annotations. The scales get a second name, after the weight, so that a layout of separate tensors finds them.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "files/onnx_read.h"

// Of TensorAnnotation, and of the pairs in it.
enum { ANNOTATION_TENSOR = 1, ANNOTATION_PAIR = 2, PAIR_KEY = 1, PAIR_VALUE = 2 };

// What the scales of an operator run along: the dimension in an attribute, a certain one, or blocks of codes that are
// packed into bytes, a row apart or one after the other.
typedef enum along { ALONG_AXIS, ALONG_QUANTIZE_AXIS, ALONG_FIRST, ALONG_LAST, ALONG_ROWS, ALONG_FLAT } along;

// Operators, and the numbers of the inputs that hold codes, their scales, zero points and the group of each column (-1:
// there are none).
typedef struct op_rule {
  const char *op;
  int codes, scale, zero, groups;
  along along;
} op_rule;

static const op_rule rules[] = {
    {"DequantizeLinear", 0, 1, 2, -1, ALONG_AXIS},
    {"QLinearMatMul", 3, 4, 5, -1, ALONG_LAST},
    {"QLinearConv", 3, 4, 5, -1, ALONG_FIRST},
    {"MatMulInteger", 1, -1, 3, -1, ALONG_LAST},
    {"ConvInteger", 1, -1, 3, -1, ALONG_FIRST},
    {"QGemm", 3, 4, 5, -1, ALONG_LAST},
    {"DynamicQuantizeMatMul", 1, 2, 3, -1, ALONG_LAST},
    {"MatMulIntegerToFloat", 1, 3, 5, -1, ALONG_LAST},
    {"GatherBlockQuantized", 0, 2, 3, -1, ALONG_QUANTIZE_AXIS},
    {"MatMulNBits", 1, 2, 3, 4, ALONG_ROWS},
    {"MatMulBnb4", 1, 2, -1, -1, ALONG_FLAT},
};

static const op_rule *find_rule(const pb_field *op) {
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (pb_is(op, rules[i].op)) return &rules[i];
  return NULL;
}

// ---- a node ----------------------------------------------------------------------------------------------

typedef struct node {
  const op_rule *rule;
  onnx_node is;
} node;

// What is read, and what is added to it.
typedef struct ties {
  onnx_reader *r;
  name_index names;
  bool *checked;        // scales by their position
  const tensor **scale; // of codes, by their position
  tensor_list added;
} ties;

static tensor *find_tensor(ties *x, const pb_field *name) { return onnx_find_tensor(x->r, &x->names, name); }

static tensor *input_tensor(ties *x, const node *n, int index) {
  return index < 0 || index >= n->is.input_count ? NULL : find_tensor(x, &n->is.inputs[index]);
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
  bool last = way == ALONG_LAST && n->is.attributes[ONNX_TRANSPOSED_B] == 0;
  int64_t axis = way == ALONG_AXIS            ? n->is.attributes[ONNX_AXIS]
                 : way == ALONG_QUANTIZE_AXIS ? n->is.attributes[ONNX_QUANTIZE_AXIS]
                                              : (last ? (int64_t)codes->rank - 1 : 0);
  int64_t block = way == ALONG_AXIS || way == ALONG_QUANTIZE_AXIS ? n->is.attributes[ONNX_BLOCK_SIZE] : 0;
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
  const int64_t *a = n->is.attributes;
  if (a[ONNX_ROWS] <= 0 || a[ONNX_ROWS] > INT32_MAX || a[ONNX_COLUMNS] <= 0 || a[ONNX_COLUMNS] > INT32_MAX ||
      a[ONNX_BITS] < 1 || a[ONNX_BITS] > 8 || a[ONNX_BLOCK_SIZE] <= 0 || a[ONNX_BLOCK_SIZE] > INT32_MAX)
    return false;
  q->rows = (uint64_t)a[ONNX_ROWS];
  q->columns = (uint64_t)a[ONNX_COLUMNS];
  q->bits = (unsigned)a[ONNX_BITS];
  q->block = (uint64_t)a[ONNX_BLOCK_SIZE];
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
  c.use = NULL;
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

// Floats are not moved: their zero point may only be 0.
static bool is_no_zero(const tensor *zero) {
  bool is_signed, all = companion_integer_bits(zero->dtype, &is_signed) == 0;
  for (size_t i = 0; i < zero->size && all; i++) all = zero->data[i] == 0;
  return all;
}

static bool tie(ties *x, tensor *codes, const tensor *scale, const tensor *zero, tensor_quant q, uint64_t blocks) {
  uint64_t columns = zero != NULL && blocks != 0 ? zero_columns(zero, &q, blocks) : 0;
  if (scale != NULL && !check_scale(x, scale)) return false;
  if (zero != NULL && blocks != 0 && columns == 0) return no_fit(x, codes, zero);
  if (scale != NULL) q.scale = add_companion(x, codes, COMPANION_SCALE, scale, blocks == 0 ? 0 : q.rows, blocks);
  if (zero != NULL)
    q.zero_point = add_companion(x, codes, COMPANION_ZERO_POINT, zero, columns == 0 ? 0 : q.rows, columns);
  codes->quant = arena_memdup(x->r->f->mem, &q, sizeof q);
  x->scale[codes - x->r->tensors.data] = scale;
  return true;
}

// An input that is given, but computed by other nodes.
static bool is_computed(ties *x, const node *n, int index) {
  return index >= 0 && index < n->is.input_count && n->is.inputs[index].size > 0 && input_tensor(x, n, index) == NULL;
}

// Codes that are read before already: with the same scales in the same way, or not.
static bool tie_again(ties *x, tensor *codes, const tensor *scale, const tensor_quant *q) {
  tensor_quant both = *codes->quant;
  both.several |= x->scale[codes - x->r->tensors.data] != scale || both.axis != q->axis || both.block != q->block;
  codes->quant = arena_memdup(x->r->f->mem, &both, sizeof both);
  return true;
}

static bool tie_node(ties *x, const node *n) {
  const op_rule *rule = n->rule;
  tensor *codes = input_tensor(x, n, rule->codes);
  const tensor *scale = input_tensor(x, n, rule->scale), *zero = input_tensor(x, n, rule->zero);
  tensor_quant q = {.by = rule->op, .axis = -1, .block = 1};
  uint64_t blocks = 0;
  const tensor *groups = input_tensor(x, n, rule->groups);
  if (codes == NULL || (scale == NULL && zero == NULL)) return true;
  q.several = is_computed(x, n, rule->zero) || is_computed(x, n, rule->groups) || n->is.attributes[ONNX_PREPACKED] != 0;
  if (rule->along == ALONG_ROWS || rule->along == ALONG_FLAT) {
    if (scale == NULL) return true;
    bool fits = packed_sizes(n, &q) &&
                (rule->along == ALONG_ROWS ? rows_fit(codes, scale, &q, &blocks) : flat_fits(codes, scale, &q));
    if (!fits) return no_fit(x, codes, scale);
  } else if (!lie_along(x, n, codes, scale == NULL ? zero : scale, &q)) {
    return false;
  }
  bool is_signed;
  if (zero != NULL && companion_integer_bits(codes->dtype, &is_signed) == 0 && is_no_zero(zero)) zero = NULL;
  if (codes->quant != NULL) return tie_again(x, codes, scale, &q);
  if (groups != NULL) q.groups = add_companion(x, codes, COMPANION_GROUPS, groups, 0, 0);
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
  ties x = {.r = r, .names = onnx_index_tensors(r)};
  x.checked = ARENA_ARRAY(r->f->mem, bool, r->tensors.len + 1);
  x.scale = ARENA_ARRAY(r->f->mem, const tensor *, r->tensors.len + 1);
  for (size_t i = 0; i < r->nodes.len; i++) {
    node n = {0};
    if (!onnx_read_node(r->nodes.data[i], &n.is)) return false;
    n.rule = find_rule(&n.is.op);
    if (n.rule != NULL && !tie_node(&x, &n)) return false;
  }
  for (size_t i = 0; i < r->annotations.len; i++)
    if (!tie_annotation(&x, r->annotations.data[i])) return false;
  for (size_t i = 0; i < x.added.len; i++) vec_push(r->f->mem, &r->tensors, x.added.data[i]);
  return true;
}
