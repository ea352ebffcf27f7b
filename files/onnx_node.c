// Nodes of ONNX graphs, as far as they say what a tensor is.
#include <string.h>

#include "files/onnx_read.h"

// Fields of NodeProto and AttributeProto.
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_INT = 3, ATTRIBUTE_INTS = 8 };

static const struct {
  const char *name;
  int64_t value; // when it is left out
} attributes[ONNX_ATTRIBUTES] = {
    [ONNX_AXIS] = {"axis", 1},
    [ONNX_BLOCK_SIZE] = {"block_size", 0},
    [ONNX_QUANTIZE_AXIS] = {"quantize_axis", 1},
    [ONNX_TRANSPOSED_A] = {"transA", 0},
    [ONNX_TRANSPOSED_B] = {"transB", 0},
    [ONNX_COLUMNS] = {"K", 0},
    [ONNX_ROWS] = {"N", 0},
    [ONNX_BITS] = {"bits", 4},
    [ONNX_PREPACKED] = {"weight_prepacked", 0},
};

// A list of numbers of which the next ones are given.
typedef struct number_list {
  uint64_t count;
  bool counts_up; // it is 0, 1, 2, ..
} number_list;

static void add_number(number_list *list, uint64_t number) {
  list->counts_up = list->counts_up && number == list->count;
  list->count++;
}

static bool add_numbers(number_list *list, const pb_cursor *c, const pb_field *field) {
  uint64_t number;
  if (field->wire == PB_VARINT) add_number(list, field->value);
  if (field->wire != PB_BYTES) return true;
  for (pb_cursor packed = pb_inside(c, field); packed.at < packed.end;) {
    if (!pb_varint(&packed, &number)) return false;
    add_number(list, number);
  }
  return true;
}

static bool read_attribute(pb_cursor c, onnx_node *n) {
  pb_field field, name = {0}, value = {0};
  number_list list = {.counts_up = true};
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == ATTRIBUTE_NAME) name = field;
    if (field.number == ATTRIBUTE_INT && field.wire == PB_VARINT) value = field;
    if (field.number == ATTRIBUTE_INTS && !add_numbers(&list, &c, &field)) return false;
  }
  for (unsigned i = 0; i < ONNX_ATTRIBUTES && value.number != 0; i++)
    if (pb_is(&name, attributes[i].name)) n->attributes[i] = (int64_t)value.value;
  if (pb_is(&name, "perm")) n->keeps_order = list.counts_up && list.count > 0;
  return step == PB_END;
}

bool onnx_read_node(pb_cursor c, onnx_node *out) {
  pb_field field;
  pb_step step;
  *out = (onnx_node){0};
  for (unsigned i = 0; i < ONNX_ATTRIBUTES; i++) out->attributes[i] = attributes[i].value;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == NODE_OP) out->op = field;
    if (field.number == NODE_OUTPUT && field.wire == PB_BYTES && out->output.number == 0) out->output = field;
    if (field.number == NODE_INPUT && field.wire == PB_BYTES && out->input_count < ONNX_MAX_INPUTS)
      out->inputs[out->input_count++] = field;
    if (field.number == NODE_ATTRIBUTE && field.wire == PB_BYTES && !read_attribute(pb_inside(&c, &field), out))
      return false;
  }
  return step == PB_END;
}

name_index onnx_index_tensors(onnx_reader *r) {
  name_index x = {.rows = (const char *)r->tensors.data, .row_size = sizeof(tensor)};
  name_index_build(r->f->mem, r->tensors.data, sizeof(tensor), r->tensors.len, &x.order);
  return x;
}

tensor *onnx_find_tensor(onnx_reader *r, const name_index *names, const pb_field *name) {
  tensor_list *all = &r->tensors;
  char text[ONNX_MAX_NAME + 1];
  if (name->size == 0 || name->size > ONNX_MAX_NAME || memchr(name->data, 0, name->size) != NULL) return NULL;
  memcpy(text, name->data, name->size);
  text[name->size] = '\0';
  size_t at = name_index_find(names, all->len, text);
  return at == all->len ? NULL : &all->data[names->order[at]];
}
