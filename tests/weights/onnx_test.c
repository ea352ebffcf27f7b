// ONNX models and tensors.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/weights/scratch.h"
#include "tests/weights/tensor_file_tests.h"

static const struct {
  const char *name;
  const char *describes;
  size_t count;
  float values[6];
} contents[] = {
    {"w", "I8 [3, 2]", 6, {1, 2, 3, 4, 5, 6}},
    {"w_scale", "F32 [2]", 2, {0.5f, 0.25f}},
    {"w_zero", "I8 [2]", 2, {-1, 1}},
    {"q", "U8 [2, 2, 8]", 2, {1, 2}},
    {"q_scale", "F16 [4]", 4, {1, 2, 0.5f, -1}},
    {"q_zero", "U8 [2]", 2, {1, 2}},
    {"four", "I4 [3]", 3, {1, -1, 7}},
    {"six", "F6_E2M3 [3]", 3, {0.125f, -0.125f, 7.5f}},
    {"wide", "U64 [2]", 2, {18446744073709551616.0f, 300}},
    {"loose", "F32 []", 1, {-1.5f}},
    {"four#11", "F32 [1]", 0, {0}},
    {"none", "F32 [0, 5]", 0, {0}},
    {"w.scale", "F32 [2]", 2, {0.5f, 0.25f}},
    {"w.zero_point", "I8 [2]", 2, {-1, 1}},
    {"q.scale", "F16 [2, 2]", 4, {1, 2, 0.5f, -1}},
    {"q.zero_point", "U8 [2, 1]", 2, {1, 2}},
    {"inner", "I64 []", 1, {-5}},
};
enum { CONTENTS = sizeof contents / sizeof *contents };

START_TEST(good_file) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_onnx();
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_str_eq(tensor_file_kind(f), "ONNX");
  ck_assert_uint_eq(tensor_file_count(f), CONTENTS);
  for (size_t i = 0; i < CONTENTS; i++) {
    float values[8];
    const tensor *t = tensor_file_require(d, f, contents[i].name);
    ck_assert_msg(t != NULL, "%s", diag_text(d));
    ck_assert_str_eq(tensor_describe(a, t), contents[i].describes);
    ck_assert(tensor_read_f32(d, t, 0, contents[i].count, values));
    for (size_t j = 0; j < contents[i].count; j++)
      ck_assert_msg(values[j] == contents[i].values[j], "%s[%zu] is %g", t->name, j, (double)values[j]);
  }
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(says_what_scales) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_onnx();
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  const tensor_quant *w = tensor_file_find(f, "w")->quant, *q = tensor_file_find(f, "q")->quant;
  ck_assert_str_eq(w->by, "DequantizeLinear");
  ck_assert_str_eq(w->scale, "w.scale");
  ck_assert_str_eq(w->zero_point, "w.zero_point");
  ck_assert_int_eq(w->axis, 1);
  ck_assert_uint_eq(w->block, 1);
  ck_assert_uint_eq(w->rows, 0);
  ck_assert_str_eq(q->by, "MatMulNBits");
  ck_assert_uint_eq(q->bits, 4);
  ck_assert_uint_eq(q->rows, 2);
  ck_assert_uint_eq(q->columns, 32);
  ck_assert_uint_eq(q->block, 16);
  ck_assert_str_eq(tensor_file_find(f, "q.scale")->alias_of, "q_scale");
  ck_assert_ptr_eq(tensor_file_find(f, "q.scale")->data, tensor_file_find(f, "q_scale")->data);
  ck_assert_str_eq(tensor_file_meta(f, "producer_name"), "samples");
  ck_assert_str_eq(tensor_file_meta(f, "opset.ai.onnx"), "21");
  ck_assert_str_eq(tensor_file_meta(f, "metadata.note"), "of\nthe model");
  ck_assert_str_eq(tensor_file_meta(f, "inputs[0]"), "x: F32 [batch, 3]");
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(survives_damage) {
  sample s = sample_onnx();
  // What follows the graph can be missing: the operator set and the note.
  expect_survives_damage("x.onnx", &s, s.size, 32);
  sample_free(&s);
}
END_TEST

// Every byte set to numbers that hurt.
START_TEST(survives_hostile_bytes) {
  static const uint8_t numbers[] = {0, 0x7f, 0x80, 0xff};
  sample s = sample_onnx();
  for (size_t at = 0; at < s.size; at++) {
    for (size_t n = 0; n < sizeof numbers; n++) {
      arena *a = arena_new();
      uint8_t kept = s.data[at];
      s.data[at] = numbers[n];
      (void)parse_messages(a, "x.onnx", &s, NULL);
      ck_assert_uint_lt(arena_used(a), 1u << 20);
      s.data[at] = kept;
      arena_free(a);
    }
  }
  sample_free(&s);
}
END_TEST

// ---- one initializer -------------------------------------------------------------------------------------

#define DIMS(...) \
  sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]) { __VA_ARGS__ }

static sample model_of(sample initializer) {
  sample graph = {0};
  sample_pb_message(&graph, 5, initializer);
  return sample_onnx_model(graph);
}

// A tensor "t" with `size` bytes in `field`.
static sample bytes_in(unsigned type, size_t rank, const int64_t *dims, unsigned field, const char *bytes,
                       size_t size) {
  sample t = sample_onnx_tensor("t", type, rank, dims);
  if (field != 0) sample_pb_bytes(&t, field, bytes, size);
  return model_of(t);
}

START_TEST(refuses_tensors) {
  const struct {
    const char *label;
    sample s;
    const char *expected;
  } rows[] = {
      {"too few raw bytes", bytes_in(1, DIMS(2), 9, "1234567", 7), "tensor 't': its shape needs 8 bytes, but it has 7"},
      {"too many raw bytes", bytes_in(1, DIMS(1), 9, "12345", 5), "its shape needs 4 bytes, but it has 5"},
      {"no data", bytes_in(1, DIMS(1), 0, "", 0), "tensor 't' has no data"},
      {"an unknown type", bytes_in(99, DIMS(1), 9, "1234", 4),
       "tensor 't': elements of type number 99 are not supported"},
      {"no type", bytes_in(0, DIMS(1), 9, "1234", 4), "tensor 't' has no type"},
      {"a negative dimension", bytes_in(1, DIMS(-1), 9, "1234", 4), "a dimension is over 2147483647"},
      {"a huge shape", bytes_in(1, DIMS(0x7fffffff, 0x7fffffff, 0x7fffffff), 9, "1234", 4), "overflows"},
      {"a shape of exabytes", bytes_in(1, DIMS(0x7fffffff, 0x1000000), 5, "1234", 4), "numbers are in field 5"},
      {"floats of exabytes", bytes_in(1, DIMS(0x7fffffff, 0x1000000), 4, "1234", 4), "fewer numbers than its shape"},
      {"nine dimensions", bytes_in(1, DIMS(1, 1, 1, 1, 1, 1, 1, 1, 1), 9, "1234", 4),
       "tensor 't' has 9 dimensions; at most 8 are read"},
      {"floats in the field of integers", bytes_in(1, DIMS(1), 7, "\1", 1), "is F32, but its numbers are in field 7"},
      {"too few numbers", bytes_in(7, DIMS(2), 7, "\1", 1), "fewer numbers than its shape needs"},
      {"too many numbers", bytes_in(7, DIMS(2), 7, "\1\2\3", 3), "more numbers than its shape needs"},
      {"a number that is too large", bytes_in(3, DIMS(1), 5, "\x80\x02", 2), "number 256 does not fit I8"},
      {"a number that is cut off", bytes_in(7, DIMS(1), 7, "\x80", 1), "a message ends within a number"},
      {"a number of eleven bytes", bytes_in(7, DIMS(1), 7, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11),
       "more than ten bytes"},
      {"half a float", bytes_in(1, DIMS(1), 4, "123", 3), "ends within a number"},
      {"in segments", bytes_in(1, DIMS(1), 3, "", 0), "a tensor in segments"},
      {"a control character in the name", model_of(sample_onnx_tensor("a\nb", 1, DIMS(1))),
       "UTF-8 text without control"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_refused(rows[i].label, "x.onnx", rows[i].s, rows[i].expected);
}
END_TEST

// Numbers in two fields, of which none can be believed.
START_TEST(refuses_two_fields) {
  sample t = sample_onnx_tensor("t", 7, DIMS(1));
  sample_pb_number(&t, 7, 1);
  sample_pb_number(&t, 5, 1);
  expect_refused("two fields", "x.onnx", model_of(t), "numbers in two fields");
}
END_TEST

START_TEST(refuses_sparse) {
  sample graph = {0};
  sample_pb_text(&graph, 15, "");
  expect_refused("sparse", "x.onnx", sample_onnx_model(graph), "a tensor is stored sparse");
}
END_TEST

// Graphs in attributes of nodes of graphs.
START_TEST(refuses_deep_graphs) {
  for (unsigned depth = 30; depth < 40; depth++) {
    sample graph = {0};
    for (unsigned i = 0; i < depth; i++) {
      sample attribute = {0}, node = {0}, outer = {0};
      sample_pb_message(&attribute, 6, graph);
      sample_pb_message(&node, 5, attribute);
      sample_pb_message(&outer, 1, node);
      graph = outer;
    }
    sample s = sample_onnx_model(graph);
    if (depth > 32) {
      expect_refused("deep", "x.onnx", s, "graphs are nested over 32 deep");
      continue;
    }
    arena *a = arena_new();
    bool accepted;
    const char *text = parse_messages(a, "x.onnx", &s, &accepted);
    ck_assert_msg(accepted, "%s", text);
    sample_free(&s);
    arena_free(a);
  }
}
END_TEST

// ---- nodes -----------------------------------------------------------------------------------------------

// A model with codes I8 [4, 6], "s" F32 of the given shape, "z" I8 [6], and one node.
static sample model_with_node(const char *op, size_t rank, const int64_t *dims, const char *attribute, int64_t value) {
  static const float scales[24] = {1, 2, 3};
  sample graph = {0}, node = {0}, named = {0}, codes = sample_onnx_tensor("w", 3, DIMS(4, 6));
  sample scale = sample_onnx_tensor("s", 1, rank, dims), zero = sample_onnx_tensor("z", 3, DIMS(6));
  size_t count = 1;
  for (size_t i = 0; i < rank; i++) count *= (size_t)dims[i];
  sample_pb_bytes(&codes, 9, "abcdefghijklmnopqrstuvwx", 24);
  sample_pb_bytes(&scale, 9, scales, 4 * count);
  sample_pb_bytes(&zero, 9, "\0\1\2\3\4\5", 6);
  bool first = strcmp(op, "DequantizeLinear") == 0;
  static const char *const others[] = {"x", "xs", "xz"};
  for (size_t i = 0; i < 3 && !first; i++) sample_pb_text(&node, 1, others[i]);
  sample_pb_text(&node, 1, "w");
  sample_pb_text(&node, 1, "s");
  sample_pb_text(&node, 4, op);
  sample_pb_text(&named, 1, attribute);
  sample_pb_number(&named, 3, (uint64_t)value);
  sample_pb_message(&node, 5, named);
  sample_pb_message(&graph, 5, codes);
  sample_pb_message(&graph, 5, scale);
  sample_pb_message(&graph, 5, zero);
  sample_pb_message(&graph, 1, node);
  return sample_onnx_model(graph);
}

static const struct {
  const char *op;
  size_t rank;
  int64_t dims[2];
  const char *attribute;
  int64_t value;
  int axis;
  uint64_t block;
} ties[] = {
    {"DequantizeLinear", 0, {0}, "axis", 1, -1, 1},
    {"DequantizeLinear", 1, {1}, "axis", 0, -1, 1},
    {"DequantizeLinear", 1, {4}, "axis", 0, 0, 1},
    {"DequantizeLinear", 1, {6}, "axis", 1, 1, 1},
    {"DequantizeLinear", 1, {4}, "axis", -2, 0, 1},
    {"DequantizeLinear", 1, {6}, "other", 9, 1, 1},
    {"DequantizeLinear", 2, {4, 3}, "block_size", 2, 1, 2},
    {"DequantizeLinear", 2, {4, 2}, "block_size", 4, 1, 4},
    {"QLinearMatMul", 1, {6}, "x", 0, 1, 1},
    {"QLinearConv", 1, {4}, "x", 0, 0, 1},
    {"QGemm", 1, {4}, "transB", 1, 0, 1},
    {"QGemm", 1, {6}, "transB", 0, 1, 1},
};

START_TEST(ties_scales) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = model_with_node(ties[_i].op, ties[_i].rank, ties[_i].dims, ties[_i].attribute, ties[_i].value);
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  const tensor_quant *q = tensor_file_find(f, "w")->quant;
  ck_assert_ptr_nonnull(q);
  ck_assert_str_eq(q->by, ties[_i].op);
  ck_assert_int_eq(q->axis, ties[_i].axis);
  ck_assert_uint_eq(q->block, ties[_i].block);
  const tensor *scale = tensor_file_find(f, "w.scale");
  ck_assert_uint_eq(scale->rank, ties[_i].rank == 0 ? 1 : ties[_i].rank);
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
}
END_TEST

static const struct {
  const char *op;
  size_t rank;
  int64_t dims[2];
  const char *attribute;
  int64_t value;
} misfits[] = {
    {"DequantizeLinear", 1, {5}, "axis", 1},
    {"DequantizeLinear", 1, {6}, "axis", 0},
    {"DequantizeLinear", 1, {6}, "axis", 2},
    {"DequantizeLinear", 1, {6}, "axis", INT64_MIN},
    {"DequantizeLinear", 2, {4, 3}, "block_size", -2},
    {"DequantizeLinear", 2, {4, 3}, "block_size", 3},
    {"DequantizeLinear", 2, {2, 3}, "block_size", 2},
    {"DequantizeLinear", 1, {6}, "block_size", INT64_MAX},
    {"QLinearMatMul", 1, {4}, "x", 0},
    {"QLinearConv", 1, {6}, "x", 0},
};

START_TEST(refuses_scales) {
  sample s =
      model_with_node(misfits[_i].op, misfits[_i].rank, misfits[_i].dims, misfits[_i].attribute, misfits[_i].value);
  expect_refused(misfits[_i].op, "x.onnx", s, "the scales 's' F32 [");
}
END_TEST

// ---- packed codes ----------------------------------------------------------------------------------------

typedef struct packed_case {
  const char *label;
  const char *op;
  int64_t columns, rows, bits, block;
  int64_t bytes;  // of the codes
  int64_t scales; // F32
  int64_t zeros;  // U8; 0: none
  unsigned zero_type;
  const char *taken; // a name that is there already
} packed_case;

static void put_int(sample *node, const char *name, int64_t value) {
  sample s = {0};
  sample_pb_text(&s, 1, name);
  sample_pb_number(&s, 3, (uint64_t)value);
  sample_pb_message(node, 5, s);
}

static void put_zeros(sample *graph, const char *name, unsigned type, int64_t count, size_t width) {
  static const uint8_t zeros[4096];
  sample t = sample_onnx_tensor(name, type, 1, &count);
  sample_pb_bytes(&t, 9, zeros, (size_t)count * width);
  sample_pb_message(graph, 5, t);
}

static sample packed_model(const packed_case *c) {
  sample graph = {0}, node = {0};
  sample_pb_text(&node, 1, "x");
  sample_pb_text(&node, 1, "b");
  sample_pb_text(&node, 1, "s");
  sample_pb_text(&node, 1, c->zeros > 0 ? "z" : "");
  sample_pb_text(&node, 4, c->op);
  put_int(&node, "K", c->columns);
  put_int(&node, "N", c->rows);
  put_int(&node, "bits", c->bits);
  put_int(&node, "block_size", c->block);
  put_zeros(&graph, "b", 2, c->bytes, 1);
  put_zeros(&graph, "s", 1, c->scales, 4);
  if (c->zeros > 0) put_zeros(&graph, "z", c->zero_type, c->zeros, c->zero_type == 1 ? 4 : 1);
  if (c->taken != NULL) put_zeros(&graph, c->taken, 2, 1, 1);
  sample_pb_message(&graph, 1, node);
  return sample_onnx_model(graph);
}

static const packed_case packed_good[] = {
    {"whole blocks", "MatMulNBits", 64, 3, 4, 32, 96, 6, 3, 2, NULL},
    {"a block that is not full", "MatMulNBits", 40, 3, 4, 32, 96, 6, 3, 2, NULL},
    {"two bits", "MatMulNBits", 32, 2, 2, 16, 16, 4, 2, 2, NULL},
    {"bytes", "MatMulNBits", 32, 2, 8, 16, 64, 4, 4, 2, NULL},
    {"three bits", "MatMulNBits", 32, 2, 3, 16, 24, 4, 2, 2, NULL},
    {"float zero points", "MatMulNBits", 64, 3, 4, 32, 96, 6, 6, 1, NULL},
    {"no zero points", "MatMulNBits", 64, 3, 4, 32, 96, 6, 0, 0, NULL},
    {"one after the other", "MatMulBnb4", 10, 3, 4, 8, 15, 4, 0, 0, NULL},
    {"a name that is there already", "MatMulNBits", 64, 3, 4, 32, 96, 6, 0, 0, "b.scale"},
};

START_TEST(packed) {
  const packed_case *c = &packed_good[_i];
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = packed_model(c);
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  ck_assert_msg(f != NULL, "%s: %s", c->label, diag_text(d));
  const tensor_quant *q = tensor_file_find(f, "b")->quant;
  ck_assert_str_eq(q->by, c->op);
  ck_assert_uint_eq(q->rows, (uint64_t)c->rows);
  ck_assert_uint_eq(q->columns, (uint64_t)c->columns);
  ck_assert_uint_eq(q->bits, (unsigned)c->bits);
  ck_assert_uint_eq(q->block, (uint64_t)c->block);
  ck_assert_str_eq(q->scale, c->taken == NULL ? "b.scale" : "s");
  ck_assert((q->zero_point != NULL) == (c->zeros > 0));
  if (strcmp(c->op, "MatMulNBits") == 0 && c->taken == NULL) ck_assert_uint_eq(tensor_file_find(f, "b.scale")->rank, 2);
  sample_walk(a, f);
  sample_free(&s);
  arena_free(a);
}
END_TEST

static const packed_case packed_bad[] = {
    {"too few codes", "MatMulNBits", 64, 3, 4, 32, 95, 6, 0, 0, NULL},
    {"too few scales", "MatMulNBits", 64, 3, 4, 32, 96, 5, 0, 0, NULL},
    {"too few zero points", "MatMulNBits", 64, 3, 4, 32, 96, 6, 2, 2, NULL},
    {"blocks of nothing", "MatMulNBits", 64, 3, 4, 0, 96, 6, 0, 0, NULL},
    {"negative rows", "MatMulNBits", 64, -3, 4, 32, 96, 6, 0, 0, NULL},
    {"no columns", "MatMulNBits", 0, 3, 4, 32, 96, 6, 0, 0, NULL},
    {"sixty bits", "MatMulNBits", 64, 3, 60, 32, 96, 6, 0, 0, NULL},
    {"blocks of half bytes", "MatMulNBits", 3, 1, 4, 1, 2, 3, 0, 0, NULL},
    {"weights by the exabyte", "MatMulNBits", INT32_MAX, INT32_MAX, 8, 1, 96, 6, 0, 0, NULL},
    {"flat weights by the exabyte", "MatMulBnb4", INT32_MAX, INT32_MAX, 8, 1, 96, 6, 0, 0, NULL},
    {"numbers beyond all sizes", "MatMulNBits", INT64_MAX, INT64_MAX, 4, INT64_MAX, 96, 6, 0, 0, NULL},
    {"too few flat scales", "MatMulBnb4", 10, 3, 4, 8, 15, 3, 0, 0, NULL},
};

START_TEST(packed_refused) {
  const packed_case *c = &packed_bad[_i];
  expect_refused(c->label, "x.onnx", packed_model(c), "do not fit to 'b' U8");
}
END_TEST

// A scale that is no number, and what annotations of the graph say.
START_TEST(annotations) {
  sample graph = {0}, annotation = {0}, scale_pair = {0}, zero_pair = {0};
  put_zeros(&graph, "w", 3, 4, 1);
  put_zeros(&graph, "w_s", 1, 1, 4);
  put_zeros(&graph, "w_z", 3, 1, 1);
  sample_pb_text(&annotation, 1, "w");
  sample_pb_text(&scale_pair, 1, "SCALE_TENSOR");
  sample_pb_text(&scale_pair, 2, "w_s");
  sample_pb_text(&zero_pair, 1, "ZERO_POINT_TENSOR");
  sample_pb_text(&zero_pair, 2, "w_z");
  sample_pb_message(&annotation, 2, scale_pair);
  sample_pb_message(&annotation, 2, zero_pair);
  sample_pb_message(&graph, 14, annotation);
  sample s = sample_onnx_model(graph);
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  const tensor_quant *q = tensor_file_find(f, "w")->quant;
  ck_assert_str_eq(q->by, "annotation");
  ck_assert_str_eq(q->scale, "w.scale");
  ck_assert_str_eq(q->zero_point, "w.zero_point");
  expect_survives_damage("x.onnx", &s, s.size, 32);
  sample_free(&s);
  arena_free(a);
}
END_TEST

// Constants in the model's own functions.
START_TEST(functions) {
  sample function = {0}, node = {0}, attribute = {0}, value = sample_onnx_tensor(NULL, 6, DIMS(1));
  sample_pb_bytes(&value, 9, "\7\0\0\0", 4);
  sample_pb_text(&attribute, 1, "value");
  sample_pb_message(&attribute, 5, value);
  sample_pb_text(&node, 2, "local");
  sample_pb_text(&node, 4, "Constant");
  sample_pb_message(&node, 5, attribute);
  sample_pb_message(&function, 7, node);
  sample s = sample_onnx_model((sample){0});
  sample_pb_message(&s, 25, function);
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_uint_eq(tensor_file_count(f), 1);
  ck_assert_uint_eq(tensor_file_require(d, f, "local")->data[0], 7);
  sample_free(&s);
  arena_free(a);
}
END_TEST

START_TEST(scale_is_no_number) {
  sample graph = {0}, node = {0}, scale = sample_onnx_tensor("s", 1, DIMS(1));
  put_zeros(&graph, "w", 3, 4, 1);
  sample_pb_bytes(&scale, 9, "\0\0\xc0\x7f", 4);
  sample_pb_message(&graph, 5, scale);
  sample_pb_text(&node, 1, "w");
  sample_pb_text(&node, 1, "s");
  sample_pb_text(&node, 4, "DequantizeLinear");
  sample_pb_message(&graph, 1, node);
  expect_refused("nan", "x.onnx", sample_onnx_model(graph), "tensor 's': number 0 is nan, which is no scale");
}
END_TEST

// ---- bytes in other files --------------------------------------------------------------------------------

typedef struct entry {
  const char *key;
  const char *value;
} entry;

// A model whose tensor "t" F32 [2] is elsewhere.
static sample external_model(const entry *entries, size_t count) {
  sample t = sample_onnx_tensor("t", 1, DIMS(2));
  for (size_t i = 0; i < count && entries[i].key != NULL; i++) {
    sample pair = {0};
    sample_pb_text(&pair, 1, entries[i].key);
    sample_pb_text(&pair, 2, entries[i].value);
    sample_pb_message(&t, 13, pair);
  }
  sample_pb_number(&t, 14, 1);
  return model_of(t);
}

// A folder with weights below it, links, and a file beside it that no model may reach.
static scratch external_folder(void) {
  static const uint8_t bytes[16] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40};
  scratch s = scratch_new();
  ck_assert_int_eq(mkdir(scratch_path(&s, "in"), 0700), 0);
  ck_assert_int_eq(mkdir(scratch_path(&s, "in/deep"), 0700), 0);
  scratch_write(&s, "secret", bytes, sizeof bytes);
  scratch_write(&s, "in/w.bin", bytes, sizeof bytes);
  scratch_write(&s, "in/deep/w.bin", bytes, sizeof bytes);
  scratch_write(&s, "in/two", bytes, sizeof bytes);
  ck_assert_int_eq(link(scratch_path(&s, "in/two"), scratch_path(&s, "in/two names")), 0);
  ck_assert_int_eq(symlink("../secret", scratch_path(&s, "in/link")), 0);
  ck_assert_int_eq(symlink("..", scratch_path(&s, "in/up")), 0);
  ck_assert_int_eq(symlink("deep/w.bin", scratch_path(&s, "in/inner w.bin")), 0);
  ck_assert_int_eq(symlink("none", scratch_path(&s, "in/nowhere")), 0);
  ck_assert_int_eq(mkfifo(scratch_path(&s, "in/fifo"), 0600), 0);
  return s;
}

static const struct {
  entry entries[3];
  float first;
} reachable[] = {
    {{{"location", "w.bin"}}, 1},
    {{{"location", "w.bin"}, {"offset", "4"}}, 2},
    {{{"length", "8"}, {"location", "deep/w.bin"}, {"offset", "8"}}, 3},
    {{{"location", "w.bin"}, {"checksum", "abc"}}, 1},
    {{{"location", "./w.bin"}}, 1},
    {{{"location", "./deep/./w.bin"}, {"offset", "4"}}, 2},
    {{{"location", "inner w.bin"}}, 1},
};

START_TEST(external_data) {
  scratch s = external_folder();
  sample m = external_model(reachable[_i].entries, 3);
  const char *path = scratch_write(&s, "in/m.onnx", m.data, m.size);
  diag *d = diag_new(s.mem, NULL, false);
  tensor_file *f = tensor_file_open(d, s.mem, path);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  float first;
  const tensor *t = tensor_file_find(f, "t");
  ck_assert(tensor_read_f32(d, t, 0, 1, &first));
  ck_assert(first == reachable[_i].first);
  ck_assert_uint_eq(tensor_file_part_count(f), 2);
  ck_assert_ptr_nonnull(strstr(t->path, "w.bin"));
  sample_walk(s.mem, f);
  tensor_file_close(f);
  sample_free(&m);
  scratch_remove(&s);
}
END_TEST

static const struct {
  entry entries[3];
  const char *expected;
} unreachable[] = {
    {{{"location", "../secret"}}, "it is no plain relative path below the folder"},
    {{{"location", "deep/../../secret"}}, "it is no plain relative path below the folder"},
    {{{"location", "/etc/hostname"}}, "it is no plain relative path below the folder"},
    {{{"location", "nowhere"}}, "is a symbolic link or no folder"},
    {{{"location", "."}}, "is a directory"},
    {{{"location", "deep//w.bin"}}, "it is no plain relative path below the folder"},
    {{{"location", "w.bin/"}}, "is a symbolic link or no folder"},
    {{{"location", ""}}, "it is no plain relative path below the folder"},
    {{{"location", "..\\secret"}}, "it is no plain relative path below the folder"},
    {{{"location", "link"}}, "is a symbolic link or no folder"},
    {{{"location", "up/secret"}}, "is a symbolic link or no folder"},
    {{{"location", "two"}}, "it has more than one name"},
    {{{"location", "fifo"}}, "it is not a regular file"},
    {{{"location", "deep"}}, "it is a directory"},
    {{{"location", "absent"}}, "No such file"},
    {{{"location", "a\nb"}}, "UTF-8 text without control characters"},
    {{{"offset", "0"}}, "is in another file, but that is not named"},
    {{{"location", "w.bin"}, {"offset", "12"}}, "needs bytes 12 to 20 of 'w.bin', which has 16: it is truncated"},
    {{{"location", "w.bin"}, {"offset", "-8"}}, "its external offset '-8' is no number from 0 on"},
    {{{"location", "w.bin"}, {"offset", "18446744073709551615"}}, "it is truncated"},
    {{{"location", "w.bin"}, {"offset", "18446744073709551616"}}, "is no number from 0 on"},
    {{{"location", "w.bin"}, {"length", "7"}}, "its shape needs 8 bytes, but 7 are in 'w.bin'"},
    {{{"location", "w.bin"}, {"length", ""}}, "its external length '' is no number"},
};

START_TEST(external_data_refused) {
  scratch s = external_folder();
  sample m = external_model(unreachable[_i].entries, 3);
  const char *path = scratch_write(&s, "in/m.onnx", m.data, m.size);
  diag *d = diag_new(s.mem, NULL, false);
  ck_assert_msg(tensor_file_open(d, s.mem, path) == NULL, "accepted: %s", unreachable[_i].expected);
  ck_assert_msg(strstr(diag_text(d), unreachable[_i].expected) != NULL, "expected '%s' in:\n%s",
                unreachable[_i].expected, diag_text(d));
  sample_free(&m);
  scratch_remove(&s);
}
END_TEST

// A download cache has links from its snapshots to its blobs; and no others are followed out of the folder.
START_TEST(external_data_of_a_cache) {
  static const char *const folders[] = {"hub", "hub/blobs", "hub/other", "hub/snapshots", "hub/snapshots/r"};
  static const uint8_t bytes[8] = {0, 0, 0x80, 0x3f};
  scratch s = scratch_new();
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
    ck_assert_int_eq(mkdir(scratch_path(&s, folders[i]), 0700), 0);
  scratch_write(&s, "hub/blobs/b1", bytes, sizeof bytes);
  scratch_write(&s, "hub/other/b1", bytes, sizeof bytes);
  static const entry entries[] = {{"location", "w.bin"}};
  sample m = external_model(entries, 1);
  scratch_write(&s, "hub/blobs/b2", m.data, m.size);
  ck_assert_int_eq(symlink("../../blobs/b2", scratch_path(&s, "hub/snapshots/r/m.onnx")), 0);
  static const char *const targets[] = {"../../blobs/b1", "../../other/b1", "../../blobs/../other/b1"};
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    diag *d = diag_new(s.mem, NULL, false);
    ck_assert_int_eq(symlink(targets[i], scratch_path(&s, "hub/snapshots/r/w.bin")), 0);
    tensor_file *f = tensor_file_open(d, s.mem, scratch_path(&s, "hub/snapshots/r/m.onnx"));
    ck_assert_msg((f != NULL) == (i == 0), "%s: %s", targets[i], diag_text(d));
    if (i > 0) ck_assert_ptr_nonnull(strstr(diag_text(d), "is a symbolic link or no folder"));
    tensor_file_close(f);
    ck_assert_int_eq(unlink(scratch_path(&s, "hub/snapshots/r/w.bin")), 0);
  }
  ck_assert_int_eq(unlink(scratch_path(&s, "hub/snapshots/r/m.onnx")), 0);
  sample_free(&m);
  scratch_remove(&s);
}
END_TEST

START_TEST(external_data_in_memory) {
  static const entry entries[] = {{"location", "w.bin"}};
  expect_refused("memory", "x.onnx", external_model(entries, 1), "which can only be found by path");
}
END_TEST

// ---- single tensors --------------------------------------------------------------------------------------

START_TEST(single_tensor) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_onnx_tensor(_i == 0 ? "named" : NULL, 6, DIMS(2));
  sample_pb_bytes(&s, 9, "\1\0\0\0\xff\xff\xff\xff", 8);
  tensor_file *f = tensor_file_parse(d, a, "data/input_0.pb", s.data, s.size);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  ck_assert_str_eq(tensor_file_kind(f), "ONNX tensor");
  ck_assert_str_eq(tensor_file_at(f, 0)->name, _i == 0 ? "named" : "input_0");
  ck_assert_str_eq(tensor_describe(a, tensor_file_at(f, 0)), "I32 [2]");
  sample_walk(a, f);
  expect_survives_damage("x.pb", &s, s.size, 0);
  sample_free(&s);
  arena_free(a);
}
END_TEST

TCase *onnx_cases(void) {
  TCase *t = tcase_create("onnx");
  tcase_add_test(t, good_file);
  tcase_add_test(t, says_what_scales);
  tcase_add_test(t, survives_damage);
  tcase_add_test(t, survives_hostile_bytes);
  tcase_add_test(t, refuses_tensors);
  tcase_add_test(t, refuses_two_fields);
  tcase_add_test(t, refuses_sparse);
  tcase_add_test(t, refuses_deep_graphs);
  tcase_add_loop_test(t, ties_scales, 0, (int)(sizeof ties / sizeof *ties));
  tcase_add_loop_test(t, refuses_scales, 0, (int)(sizeof misfits / sizeof *misfits));
  tcase_add_loop_test(t, packed, 0, (int)(sizeof packed_good / sizeof *packed_good));
  tcase_add_loop_test(t, packed_refused, 0, (int)(sizeof packed_bad / sizeof *packed_bad));
  tcase_add_test(t, functions);
  tcase_add_test(t, annotations);
  tcase_add_test(t, scale_is_no_number);
  tcase_add_loop_test(t, external_data, 0, (int)(sizeof reachable / sizeof *reachable));
  tcase_add_loop_test(t, external_data_refused, 0, (int)(sizeof unreachable / sizeof *unreachable));
  tcase_add_test(t, external_data_of_a_cache);
  tcase_add_test(t, external_data_in_memory);
  tcase_add_loop_test(t, single_tensor, 0, 2);
  return t;
}
