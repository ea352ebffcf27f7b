// A small ONNX model. Messages are built inside out: a message is a sample that is put into the one around it.
#include <stdlib.h>
#include <string.h>

#include "support/fp.h"
#include "tests/weights/samples.h"

static void put_varint(sample *s, uint64_t value) {
  for (; value >= 0x80; value >>= 7) sample_append_int(s, 1, (value & 0x7f) | 0x80);
  sample_append_int(s, 1, value);
}

void sample_pb_number(sample *s, unsigned field, uint64_t value) {
  put_varint(s, field << 3);
  put_varint(s, value);
}

void sample_pb_bytes(sample *s, unsigned field, const void *bytes, size_t size) {
  put_varint(s, field << 3 | 2);
  put_varint(s, size);
  sample_append(s, bytes, size);
}

void sample_pb_text(sample *s, unsigned field, const char *text) { sample_pb_bytes(s, field, text, strlen(text)); }

void sample_pb_message(sample *s, unsigned field, sample message) {
  sample_pb_bytes(s, field, message.data, message.size);
  sample_free(&message);
}

void sample_pb_numbers(sample *s, unsigned field, size_t count, const int64_t *values) {
  sample packed = {0};
  for (size_t i = 0; i < count; i++) put_varint(&packed, (uint64_t)values[i]);
  sample_pb_message(s, field, packed);
}

sample sample_onnx_tensor(const char *name, unsigned type, size_t rank, const int64_t *dims) {
  sample s = {0};
  for (size_t i = 0; i < rank; i++) sample_pb_number(&s, 1, (uint64_t)dims[i]);
  sample_pb_number(&s, 2, type);
  if (name != NULL) sample_pb_text(&s, 8, name);
  return s;
}

#define DIMS(...) \
  sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]) { __VA_ARGS__ }

static sample raw_tensor(const char *name, unsigned type, size_t rank, const int64_t *dims, size_t bytes) {
  sample s = sample_onnx_tensor(name, type, rank, dims);
  sample raw = {0};
  sample_append_counting(&raw, bytes);
  sample_pb_message(&s, 9, raw);
  return s;
}

// Numbers in a field of varints.
static sample typed_tensor(const char *name, unsigned type, size_t rank, const int64_t *dims, unsigned field,
                           size_t count, const int64_t *values) {
  sample s = sample_onnx_tensor(name, type, rank, dims);
  sample_pb_numbers(&s, field, count, values);
  return s;
}

static sample float_tensor(const char *name, size_t rank, const int64_t *dims, size_t count, const float *values,
                           bool packed) {
  sample s = sample_onnx_tensor(name, 1, rank, dims);
  sample all = {0};
  for (size_t i = 0; i < count; i++) {
    if (!packed) put_varint(&s, 4 << 3 | 5);
    sample_append_int(packed ? &all : &s, 4, fp_bits32(values[i]));
  }
  if (packed) sample_pb_message(&s, 4, all);
  return s;
}

static void put_attribute(sample *node, const char *name, int64_t value) {
  sample s = {0};
  sample_pb_text(&s, 1, name);
  sample_pb_number(&s, 3, (uint64_t)value);
  sample_pb_message(node, 5, s);
}

static sample node_of(const char *op, size_t count, const char *const *inputs) {
  sample s = {0};
  for (size_t i = 0; i < count; i++) sample_pb_text(&s, 1, inputs[i]);
  sample_pb_text(&s, 2, "y");
  sample_pb_text(&s, 4, op);
  return s;
}

#define NODE(op, ...) \
  node_of(op, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

// A Constant of the name y in a graph in an attribute of an If.
static sample branch_node(void) {
  sample value = {0}, constant = {0}, graph = {0}, attribute = {0}, branch = NODE("If", "x");
  sample_pb_text(&value, 1, "value");
  sample_pb_message(&value, 5, typed_tensor(NULL, 7, 0, NULL, 7, 1, (const int64_t[]){-5}));
  sample_pb_text(&constant, 2, "inner");
  sample_pb_text(&constant, 4, "Constant");
  sample_pb_message(&constant, 5, value);
  sample_pb_message(&graph, 1, constant);
  sample_pb_text(&attribute, 1, "then_branch");
  sample_pb_message(&attribute, 6, graph);
  sample_pb_message(&branch, 5, attribute);
  return branch;
}

static void put_initializers(sample *graph) {
  sample_pb_message(graph, 5, raw_tensor("w", 3, DIMS(3, 2), 6));
  sample_pb_message(graph, 5, float_tensor("w_scale", DIMS(2), 2, (const float[]){0.5f, 0.25f}, true));
  sample_pb_message(graph, 5, typed_tensor("w_zero", 3, DIMS(2), 5, 2, (const int64_t[]){-1, 1}));
  sample_pb_message(graph, 5, raw_tensor("q", 2, DIMS(2, 2, 8), 32));
  sample_pb_message(graph, 5,
                    typed_tensor("q_scale", 10, DIMS(4), 5, 4, (const int64_t[]){0x3c00, 0x4000, 0x3800, 0xbc00}));
  sample_pb_message(graph, 5, raw_tensor("q_zero", 2, DIMS(2), 2));
  sample_pb_message(graph, 5, typed_tensor("four", 22, DIMS(3), 5, 2, (const int64_t[]){0xf1, 0x07}));
  sample_pb_message(graph, 5, typed_tensor("six", 27, DIMS(3), 5, 3, (const int64_t[]){0x01, 0x21, 0x1f}));
  sample_pb_message(graph, 5, typed_tensor("wide", 13, DIMS(2), 11, 2, (const int64_t[]){-1, 300}));
  sample_pb_message(graph, 5, float_tensor("loose", 0, NULL, 1, (const float[]){-1.5f}, false));
  sample_pb_message(graph, 5, raw_tensor("four", 1, DIMS(1), 4)); // a name once more
  sample_pb_message(graph, 5, sample_onnx_tensor("none", 1, DIMS(0, 5)));
  sample_pb_message(graph, 5, sample_onnx_tensor("texts", 8, DIMS(1)));
}

static void put_input(sample *graph) {
  sample one = {0}, named = {0}, shape = {0}, element = {0}, type = {0}, value = {0};
  sample_pb_number(&one, 1, 3);
  sample_pb_text(&named, 2, "batch");
  sample_pb_message(&shape, 1, named);
  sample_pb_message(&shape, 1, one);
  sample_pb_number(&element, 1, 1);
  sample_pb_message(&element, 2, shape);
  sample_pb_message(&type, 1, element);
  sample_pb_text(&value, 1, "x");
  sample_pb_message(&value, 2, type);
  sample_pb_message(graph, 11, value);
}

static sample packed_node(void) {
  sample s = NODE("MatMulNBits", "x", "q", "q_scale", "q_zero");
  put_attribute(&s, "K", 32);
  put_attribute(&s, "N", 2);
  put_attribute(&s, "bits", 4);
  put_attribute(&s, "block_size", 16);
  return s;
}

sample sample_onnx_model(sample graph) {
  sample s = {0}, opset = {0}, entry = {0};
  sample_pb_number(&s, 1, 8);
  sample_pb_text(&s, 2, "samples");
  sample_pb_number(&opset, 2, 21);
  sample_pb_text(&entry, 1, "note");
  sample_pb_text(&entry, 2, "of\nthe model");
  sample_pb_message(&s, 7, graph);
  sample_pb_message(&s, 8, opset);
  sample_pb_message(&s, 14, entry);
  return s;
}

sample sample_onnx(void) {
  sample graph = {0};
  sample dequantize = NODE("DequantizeLinear", "w", "w_scale", "w_zero");
  put_attribute(&dequantize, "axis", -1);
  sample_pb_message(&graph, 1, dequantize);
  sample_pb_message(&graph, 1, packed_node());
  sample_pb_message(&graph, 1, branch_node());
  sample_pb_text(&graph, 2, "g");
  put_initializers(&graph);
  put_input(&graph);
  return sample_onnx_model(graph);
}
