// Builders of small weight files, valid or damaged in one named place.
#ifndef QCC_TESTS_WEIGHTS_SAMPLES_H
#define QCC_TESTS_WEIGHTS_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "files/tensor_file.h"
#include "support/arena.h"

// Where a field of a built file lies.
typedef struct sample_mark {
  const char *name;
  size_t offset;
} sample_mark;

enum { SAMPLE_MAX_MARKS = 96 };

// A file in memory. `data` is a malloc'ed block of exactly `size` bytes, so that AddressSanitizer sees every read
// beyond it; free with sample_free.
typedef struct sample {
  uint8_t *data;
  size_t size;
  sample_mark marks[SAMPLE_MAX_MARKS];
  size_t mark_count;
} sample;

void sample_free(sample *s);

// Building: bytes, a little-endian number, 1 2 3 .., the place that comes next.
void sample_append(sample *s, const void *bytes, size_t size);
void sample_append_int(sample *s, unsigned width, uint64_t value);
void sample_append_counting(sample *s, size_t size);
void sample_mark_here(sample *s, const char *name);

// A copy cut or extended with zero bytes to `size`.
sample sample_resized(const sample *s, size_t size);

// Offset of a mark; ends the process when the name is unknown.
size_t sample_at(const sample *s, const char *mark);

// Overwrites `width` bytes at an offset with a little-endian value.
void sample_put(sample *s, size_t offset, unsigned width, uint64_t value);

// A safetensors file: header text and `data_size` bytes 1, 2, 3, ...
sample sample_safetensors(const char *header, size_t data_size);
// A valid header and its data size: three tensors, metadata, an empty tensor.
extern const char *const sample_safetensors_header;
enum { SAMPLE_SAFETENSORS_DATA = 48 + 6 + 3 };

// A .npy file of a version with a header text and `data_size` bytes 1, 2, 3, ...
sample sample_npy(unsigned major, const char *header, size_t data_size);
extern const char *const sample_npy_header;
enum { SAMPLE_NPY_DATA = 24 };

// A member of a ZIP archive.
typedef struct sample_member {
  const char *name;
  sample content;
  bool deflate; // as deflate blocks that store
} sample_member;

// A ZIP archive; `wide` writes 64-bit sizes and a 64-bit end. Frees the contents. Marks, numbered by member: "local 0",
// "data 0", "entry 0"; "end" and, if wide, "locator" and "end64".
sample sample_zip(sample_member *members, size_t count, bool wide);
// Two arrays, "w.npy" F32 [2, 3] stored and "b.npy" deflated.
sample sample_npz(bool wide);

// A valid TFLite model: an input, "fc" I8 [2, 3] with a scale and a zero point for each row, "bias" F32 [2], and a second
// "fc" I4 [3] of one scale, which is listed `shared` times more. Its marks name places in it (see samples_tflite.c).
sample sample_tflite(size_t shared);

// Fields of Protocol Buffers: a number, bytes, a text, a message (freed), numbers packed into one field.
void sample_pb_number(sample *s, unsigned field, uint64_t value);
void sample_pb_bytes(sample *s, unsigned field, const void *bytes, size_t size);
void sample_pb_text(sample *s, unsigned field, const char *text);
void sample_pb_message(sample *s, unsigned field, sample message);
void sample_pb_numbers(sample *s, unsigned field, size_t count, const int64_t *values);

// A tensor of an ONNX model still without data; a model around a graph (freed); a valid model with tensors in all ways of
// storing them and nodes that quantize two of them (see samples_onnx.c).
sample sample_onnx_tensor(const char *name, unsigned type, size_t rank, const int64_t *dims);
sample sample_onnx_model(sample graph);
sample sample_onnx(void);

// An ONNX model with w F32 [2, 2], c I8 [2, 2], s and t F32 [], k F32 [2, 2, 1], codes U8 [96], norms F32 [6], all zero, and nodes as
// "a=Transpose(w;perm=10) y=Gemm(x,a;transB=1)": a result, the operator, its inputs, its integer attributes.
sample sample_onnx_graph(const char *nodes);

// A valid GGUF file: metadata of every type, plain and block tensors. Its marks name the fields (see samples.c).
sample sample_gguf(void);
// A part of a GGUF file with one tensor F32 [2]. The first part has a key "first" of its own. Marks: "number", "parts",
// "tensors" (all with " type"), and those of the tensor "t".
sample sample_gguf_part(unsigned number, unsigned parts, unsigned tensors, const char *tensor_name);
// What a declared layout would say about the block types in it.
enum {
  SAMPLE_BLOCK_WEIGHTS = 32,
  SAMPLE_BLOCK_TYPE_A = 2,
  SAMPLE_BLOCK_BYTES_A = 18,
  SAMPLE_BLOCK_TYPE_B = 8,
  SAMPLE_BLOCK_BYTES_B = 34
};

// Uses everything that an accepted file offers: reads every element and every metadata text, looks every name up.
// Returns a checksum, so that nothing is optimised away.
uint64_t sample_walk(arena *a, const tensor_file *f);

#endif
