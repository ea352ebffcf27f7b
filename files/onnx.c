// ONNX models (a Protocol Buffer without a mark): initializers and constants of all graphs, and single tensors (.pb).
// The graph itself is read only for what it says of weights (files/onnx_use.c, files/onnx_quant.c).
#include <inttypes.h>
#include <string.h>

#include "files/name_index.h"
#include "files/onnx_read.h"

// Fields of ModelProto.
enum {
  IR_VERSION = 1,
  PRODUCER_NAME = 2,
  PRODUCER_VERSION = 3,
  DOMAIN = 4,
  MODEL_VERSION = 5,
  DOC_STRING = 6,
  GRAPH = 7,
  OPSET_IMPORT = 8,
  METADATA_PROPS = 14,
  TRAINING_INFO = 20,
  FUNCTIONS = 25,
  CONFIGURATION = 26,
};
// Of GraphProto, FunctionProto, NodeProto, AttributeProto and the small messages.
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { GRAPH_ANNOTATION = 14, GRAPH_SPARSE = 15, FUNCTION_NODE = 7 };
enum { NODE_OUTPUT = 2, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_TENSOR = 5, ATTRIBUTE_GRAPH = 6, ATTRIBUTE_GRAPHS = 11 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEMENT = 1, TENSOR_SHAPE = 2, SHAPE_DIM = 1 };
enum { DIM_VALUE = 1, DIM_NAME = 2, OPSET_DOMAIN = 1, OPSET_VERSION = 2, ENTRY_KEY = 1, ENTRY_VALUE = 2 };

enum { MAX_TEXT = 1 << 20 };

// ---- recognising it --------------------------------------------------------------------------------------

// Whether a field of the outermost message is one that models have.
static bool is_model_field(const pb_field *field) {
  static const uint8_t wires[CONFIGURATION + 1] = {
      [IR_VERSION] = PB_VARINT,    [MODEL_VERSION] = PB_VARINT,
      [PRODUCER_NAME] = PB_BYTES,  [PRODUCER_VERSION] = PB_BYTES,
      [DOMAIN] = PB_BYTES,         [DOC_STRING] = PB_BYTES,
      [GRAPH] = PB_BYTES,          [OPSET_IMPORT] = PB_BYTES,
      [METADATA_PROPS] = PB_BYTES, [TRAINING_INFO] = PB_BYTES,
      [FUNCTIONS] = PB_BYTES,      [CONFIGURATION] = PB_BYTES,
  };
  bool known = field->number <= CONFIGURATION &&
               (wires[field->number] != 0 || field->number == IR_VERSION || field->number == MODEL_VERSION);
  return known && field->wire == (pb_wire)wires[field->number];
}

// Walks at most this many fields: a model has few.
enum { LOOK_AT = 256 };

bool onnx_recognise(const uint8_t *data, size_t size) {
  enum { MAX_VERSION = 1000 };
  pb_cursor c = {.at = data, .end = data + size};
  pb_field field;
  bool version = false, graph = false;
  for (unsigned i = 0; i < LOOK_AT; i++) {
    pb_step step = pb_next(&c, &field);
    if (step != PB_FIELD && field.number != GRAPH) break;
    if (!is_model_field(&field)) return false;
    if (field.number == IR_VERSION && (field.value == 0 || field.value > MAX_VERSION)) return false;
    version = version || field.number == IR_VERSION;
    graph = graph || field.number == GRAPH;
    if (step != PB_FIELD) break; // cut off within the graph
  }
  return version && graph;
}

bool onnx_tensor_recognise(const uint8_t *data, size_t size) {
  enum { DIMS = 1, DATA_TYPE = 2, LAST = 16 };
  pb_cursor c = {.at = data, .end = data + size};
  pb_field field;
  bool typed = false;
  for (unsigned i = 0; i < LOOK_AT; i++) {
    pb_step step = pb_next(&c, &field);
    if (step == PB_END) return typed;
    if (step == PB_BAD || field.number > LAST) return false;
    if (field.number == DATA_TYPE) {
      if (field.wire != PB_VARINT || field.value == 0 || field.value > 64) return false;
      typed = true;
    }
    if (field.number == DIMS && field.wire != PB_VARINT && field.wire != PB_BYTES) return false;
    if (field.number > DATA_TYPE && field.wire == PB_VARINT && !typed) return false;
  }
  return typed;
}

// ---- metadata --------------------------------------------------------------------------------------------

static void add_meta(onnx_reader *r, const char *key, const char *type, const char *value) {
  tensor_meta m = {.key = key, .type = type, .value = value};
  vec_push(r->f->mem, &r->meta, m);
}

// Text of any form, such as a description of several lines.
static bool add_text(onnx_reader *r, const pb_cursor *c, const pb_field *field, const char *key) {
  if (!pb_expect(c, field, PB_BYTES, key)) return false;
  bool plain = field->size <= MAX_TEXT && tensor_utf8_valid(field->data, field->size, false);
  add_meta(r, key, plain ? "string" : "bytes",
           plain ? arena_strndup(r->f->mem, (const char *)field->data, field->size)
                 : arena_printf(r->f->mem, "%zu bytes", field->size));
  return true;
}

static bool add_number(onnx_reader *r, const pb_cursor *c, const pb_field *field, const char *key) {
  add_meta(r, key, "i64", arena_printf(r->f->mem, "%" PRId64, (int64_t)field->value));
  return pb_expect(c, field, PB_VARINT, key);
}

static bool read_opset(onnx_reader *r, pb_cursor c) {
  const char *domain = "";
  uint64_t version = 0;
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == OPSET_DOMAIN && (domain = pb_text(&c, &field, ONNX_MAX_NAME, "a domain")) == NULL) return false;
    if (field.number == OPSET_VERSION) version = field.value;
  }
  add_meta(r, arena_printf(r->f->mem, "opset.%s", domain[0] == '\0' ? "ai.onnx" : domain), "i64",
           arena_printf(r->f->mem, "%" PRId64, (int64_t)version));
  return step == PB_END;
}

static bool read_entry(onnx_reader *r, pb_cursor c) {
  const char *key = "";
  pb_field field, value = {.wire = PB_BYTES, .data = c.at};
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == ENTRY_KEY && (key = pb_text(&c, &field, ONNX_MAX_NAME, "a metadata key")) == NULL) return false;
    if (field.number == ENTRY_VALUE) value = field;
  }
  return step == PB_END && add_text(r, &c, &value, arena_printf(r->f->mem, "metadata.%s", key));
}

// ---- inputs and outputs: "name: F32 [1, batch, 3]" -------------------------------------------------------

static const char *element_name(uint64_t type) {
  static const struct {
    int number;
    const char *name;
  } names[] = {
#define X(name, bits, st, npy, gguf, onnx, tflite, load) {onnx, #name},
      TENSOR_DTYPES(X)
#undef X
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].number >= 0 && (uint64_t)names[i].number == type) return names[i].name;
  return "other";
}

static bool describe_dim(pb_cursor c, strbuf *out) {
  const char *name;
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == DIM_VALUE) strbuf_printf(out, "%" PRId64, (int64_t)field.value);
    if (field.number != DIM_NAME) continue;
    if ((name = pb_text(&c, &field, ONNX_MAX_NAME, "a dimension's name")) == NULL) return false;
    strbuf_printf(out, "%s", name);
  }
  return step == PB_END;
}

static bool describe_shape(pb_cursor c, strbuf *out) {
  const char *between = "";
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number != SHAPE_DIM || field.wire != PB_BYTES) continue;
    strbuf_printf(out, "%s", between);
    if (!describe_dim(pb_inside(&c, &field), out)) return false;
    between = ", ";
  }
  return step == PB_END;
}

static bool describe_tensor_type(pb_cursor c, strbuf *out) {
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == TENSOR_ELEMENT) strbuf_printf(out, ": %s", element_name(field.value));
    if (field.number != TENSOR_SHAPE || field.wire != PB_BYTES) continue;
    strbuf_printf(out, " [");
    if (!describe_shape(pb_inside(&c, &field), out)) return false;
    strbuf_putc(out, ']');
  }
  return step == PB_END;
}

static bool describe_type(pb_cursor c, strbuf *out) {
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD)
    if (field.number == TYPE_TENSOR && field.wire == PB_BYTES && !describe_tensor_type(pb_inside(&c, &field), out))
      return false;
  return step == PB_END;
}

static bool read_port(onnx_reader *r, pb_cursor c, const char *key, size_t index) {
  strbuf text = {.mem = r->f->mem};
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    const char *name = NULL;
    if (field.number == VALUE_NAME && (name = pb_text(&c, &field, ONNX_MAX_NAME, key)) == NULL) return false;
    if (name != NULL) strbuf_printf(&text, "%s", name);
    if (field.number == VALUE_TYPE && field.wire == PB_BYTES && !describe_type(pb_inside(&c, &field), &text))
      return false;
  }
  add_meta(r, arena_printf(r->f->mem, "%s[%zu]", key, index), "tensor", strbuf_text(&text));
  return step == PB_END;
}

// ---- graphs ----------------------------------------------------------------------------------------------

static bool read_inner(onnx_reader *r, const pb_cursor *c, const pb_field *field, unsigned depth);

// The tensor of a Constant, under the name of its output, and graphs in attributes.
static bool read_attribute(onnx_reader *r, pb_cursor c, const pb_field *output, unsigned depth) {
  pb_field field, value = {0};
  bool is_value = false;
  pb_cursor whole = c;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == ATTRIBUTE_NAME) is_value = pb_is(&field, "value");
    if (field.number == ATTRIBUTE_TENSOR && field.wire == PB_BYTES) value = field;
    bool graph = field.number == ATTRIBUTE_GRAPH || field.number == ATTRIBUTE_GRAPHS;
    if (graph && field.wire == PB_BYTES && !read_inner(r, &c, &field, depth)) return false;
  }
  if (step == PB_BAD) return false;
  if (output == NULL || !is_value || value.number == 0) return true;
  const char *name = pb_text(&whole, output, ONNX_MAX_NAME, "a constant's name");
  return name != NULL && onnx_read_tensor(r, pb_inside(&whole, &value), name);
}

static bool read_node(onnx_reader *r, pb_cursor node, unsigned depth) {
  pb_cursor c = node;
  pb_field field, op = {0}, output = {0};
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    if (field.number == NODE_OP) op = field;
    if (field.number == NODE_OUTPUT && output.number == 0) output = field;
  }
  if (step == PB_BAD) return false;
  bool constant = pb_is(&op, "Constant") && output.wire == PB_BYTES && output.number != 0;
  vec_push(r->f->mem, &r->nodes, node);
  for (c = node; pb_next(&c, &field) == PB_FIELD;)
    if (field.number == NODE_ATTRIBUTE && field.wire == PB_BYTES &&
        !read_attribute(r, pb_inside(&c, &field), constant ? &output : NULL, depth))
      return false;
  return true;
}

static bool read_graph_field(onnx_reader *r, const pb_cursor *c, const pb_field *field, unsigned depth) {
  switch (field->number) {
  case GRAPH_NODE: return pb_expect(c, field, PB_BYTES, "a node") && read_node(r, pb_inside(c, field), depth);
  case GRAPH_INITIALIZER:
    return pb_expect(c, field, PB_BYTES, "an initializer") && onnx_read_tensor(r, pb_inside(c, field), NULL);
  case GRAPH_SPARSE:
    return tensor_refuse(r->d, r->f, pb_offset(c, field->data),
                         "a tensor is stored sparse; save the model without sparse initializers");
  case GRAPH_ANNOTATION:
    if (field->wire == PB_BYTES) vec_push(r->f->mem, &r->annotations, pb_inside(c, field));
    return pb_expect(c, field, PB_BYTES, "an annotation");
  default: return true;
  }
}

static bool read_graph(onnx_reader *r, pb_cursor c, unsigned depth) {
  pb_field field;
  pb_step step;
  size_t inputs = 0, outputs = 0;
  while ((step = pb_next(&c, &field)) == PB_FIELD) {
    bool outermost = depth == 0 && field.wire == PB_BYTES;
    if (!read_graph_field(r, &c, &field, depth)) return false;
    if (outermost && field.number == GRAPH_NAME && !add_text(r, &c, &field, "graph")) return false;
    if (outermost && field.number == GRAPH_INPUT && !read_port(r, pb_inside(&c, &field), "inputs", inputs++))
      return false;
    if (outermost && field.number == GRAPH_OUTPUT && !read_port(r, pb_inside(&c, &field), "outputs", outputs++))
      return false;
  }
  return step == PB_END;
}

static bool read_inner(onnx_reader *r, const pb_cursor *c, const pb_field *field, unsigned depth) {
  if (depth == ONNX_MAX_DEPTH) {
    return tensor_refuse(r->d, r->f, pb_offset(c, field->data), "graphs are nested over %d deep", ONNX_MAX_DEPTH);
  }
  return read_graph(r, pb_inside(c, field), depth + 1);
}

static bool read_function(onnx_reader *r, pb_cursor c) {
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD)
    if (field.number == FUNCTION_NODE && field.wire == PB_BYTES && !read_node(r, pb_inside(&c, &field), 1))
      return false;
  return step == PB_END;
}

// ---- the model -------------------------------------------------------------------------------------------

static bool read_message(onnx_reader *r, const pb_cursor *c, const pb_field *field, const char *what,
                         bool (*read)(onnx_reader *r, pb_cursor c)) {
  return pb_expect(c, field, PB_BYTES, what) && read(r, pb_inside(c, field));
}

static bool read_outermost(onnx_reader *r, pb_cursor c) { return read_graph(r, c, 0); }

static bool read_model_field(onnx_reader *r, const pb_cursor *c, const pb_field *field) {
  switch (field->number) {
  case IR_VERSION: return add_number(r, c, field, "ir_version");
  case PRODUCER_NAME: return add_text(r, c, field, "producer_name");
  case PRODUCER_VERSION: return add_text(r, c, field, "producer_version");
  case DOMAIN: return add_text(r, c, field, "domain");
  case MODEL_VERSION: return add_number(r, c, field, "model_version");
  case DOC_STRING: return add_text(r, c, field, "doc_string");
  case GRAPH: return read_message(r, c, field, "the graph", read_outermost);
  case OPSET_IMPORT: return read_message(r, c, field, "an operator set", read_opset);
  case METADATA_PROPS: return read_message(r, c, field, "metadata", read_entry);
  case FUNCTIONS: return read_message(r, c, field, "a function", read_function);
  default: return true;
  }
}

static const char *position_name(arena *a, const void *row, size_t position) {
  const tensor *t = row;
  return arena_printf(a, "%s#%zu", t->name, position);
}

static void hand_over(onnx_reader *r) {
  r->f->tensors = r->tensors.data;
  r->f->count = r->tensors.len;
  r->f->meta = r->meta.data;
  r->f->meta_count = r->meta.len;
}

static pb_cursor whole_file(diag *d, const tensor_file *f) {
  return (pb_cursor){.d = d, .f = f, .at = f->bytes.data, .end = f->bytes.data + f->bytes.size};
}

bool onnx_parse(diag *d, tensor_file *f) {
  onnx_reader r = {.d = d, .f = f};
  pb_cursor c = whole_file(d, f);
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD)
    if (!read_model_field(&r, &c, &field)) return false;
  if (step == PB_BAD) return false;
  name_index_separate(f->mem, r.tensors.data, sizeof(tensor), r.tensors.len, position_name);
  if (!onnx_read_uses(&r) || !onnx_read_quant(&r)) return false;
  hand_over(&r);
  return true;
}

bool onnx_tensor_parse(diag *d, tensor_file *f) {
  onnx_reader r = {.d = d, .f = f};
  if (!onnx_read_tensor(&r, whole_file(d, f), NULL)) return false;
  if (r.tensors.len == 0) return tensor_refuse(d, f, 0, "a tensor of texts, which are no numbers");
  if (strcmp(r.tensors.data[0].name, ONNX_UNNAMED) == 0) r.tensors.data[0].name = path_stem(f->mem, f->bytes.path);
  hand_over(&r);
  return true;
}
