// What the parts of the TFLite reader share. Internal to files/tflite*.c.
#ifndef QCC_FILES_TFLITE_READ_H
#define QCC_FILES_TFLITE_READ_H

#include "files/companions.h"
#include "files/flatbuffer.h"

// Numbers of the fields of a subgraph.
enum { SUBGRAPH_TENSORS = 0, SUBGRAPH_INPUTS = 1, SUBGRAPH_OUTPUTS = 2, SUBGRAPH_OPERATORS = 3 };

// A constant tensor being read.
typedef struct tflite_constant {
  const char *name; // first: rows are indexed by it
  fb_table table;
  uint32_t subgraph;
  uint32_t index; // in its subgraph
  size_t at;      // of its tensor in the list
} tflite_constant;

typedef struct tflite_reader {
  fb_reader fb;
  diag *d;
  tensor_file *f;
  fb_vector buffers;
  fb_vector subgraphs;
  VEC(tflite_constant) constants;
  tensor_list tensors;
  VEC(tensor_meta) meta;
  uint64_t budget; // what may still be read, see tflite_spend
} tflite_reader;

/* tflite.c */
// Counts what is copied or looked through; false, reported, when it is far more than the file has.
bool tflite_spend(tflite_reader *r, uint64_t amount);
// The constant at position `index` of a subgraph; NULL when there is none.
const tflite_constant *tflite_find(const tflite_reader *r, uint32_t subgraph, uint64_t index);

/* tflite_use.c */
// Lets the operators say what each constant is (tensor.use); false when reported.
bool tflite_read_uses(tflite_reader *r, const fb_table *model);

#endif
