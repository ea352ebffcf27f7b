// What the parts of the ONNX reader share. Internal to files/onnx*.c.
#ifndef QCC_FILES_ONNX_READ_H
#define QCC_FILES_ONNX_READ_H

#include "files/companions.h"
#include "files/name_index.h"
#include "files/protobuf.h"

enum { ONNX_MAX_NAME = 4096, ONNX_MAX_INPUTS = 16, ONNX_MAX_DEPTH = 32 };

// What a tensor without a name is called.
#define ONNX_UNNAMED "unnamed"

// A file beside the model that holds tensors' bytes.
typedef struct onnx_external {
  const char *location; // as the model names it
  mapped_file bytes;
} onnx_external;

typedef struct onnx_reader {
  diag *d;
  tensor_file *f;
  tensor_list tensors;
  VEC(tensor_meta) meta;
  VEC(onnx_external) external;
  VEC(pb_cursor) nodes; // messages of all nodes
  VEC(pb_cursor) annotations;
} onnx_reader;

/* onnx_tensor.c */
// Adds the tensor of a TensorProto, under `name` if that is not NULL, else under its own. Tensors of texts are left out.
// False when reported.
bool onnx_read_tensor(onnx_reader *r, pb_cursor message, const char *name);

/* onnx_external.c */
// The entries of a tensor's external_data.
typedef struct onnx_place {
  const char *location;
  uint64_t offset;
  uint64_t length;
  bool has_length;
} onnx_place;

// Reads one entry into *out; false when reported.
bool onnx_read_place(onnx_reader *r, pb_cursor entry, const char *name, onnx_place *out);
// Gives t its `size` bytes from the file that the place names; false when reported.
bool onnx_map_place(onnx_reader *r, const onnx_place *place, uint64_t size, tensor *t);

/* onnx_node.c */
// Attributes that say how codes, scales and matrices lie.
typedef enum onnx_attribute {
  ONNX_AXIS,
  ONNX_BLOCK_SIZE,
  ONNX_QUANTIZE_AXIS,
  ONNX_TRANSPOSED_A,
  ONNX_TRANSPOSED_B,
  ONNX_COLUMNS,
  ONNX_ROWS,
  ONNX_BITS,
  ONNX_PREPACKED, // in an order of the machine that made it
  ONNX_ATTRIBUTES
} onnx_attribute;

typedef struct onnx_node {
  pb_field op;
  pb_field inputs[ONNX_MAX_INPUTS];
  int input_count;
  pb_field output; // the first
  int64_t attributes[ONNX_ATTRIBUTES];
  bool keeps_order; // its `perm` leaves all dimensions where they are
} onnx_node;

// False, reported, when the message is malformed.
bool onnx_read_node(pb_cursor message, onnx_node *out);

// The tensors by their names. They stay where they are as long as it is used.
name_index onnx_index_tensors(onnx_reader *r);
// The tensor that a text names; NULL when there is none.
tensor *onnx_find_tensor(onnx_reader *r, const name_index *names, const pb_field *name);

/* onnx_use.c */
// Lets the nodes say what each tensor is (tensor.use); false when reported.
bool onnx_read_uses(onnx_reader *r);

/* onnx_quant.c */
// Lets the nodes and annotations say which tensors scale which, and adds the companions; false when reported.
bool onnx_read_quant(onnx_reader *r);

#endif
