// Weight files - safetensors, .npy, GGUF and others (see tensor_file_kinds) - behind one interface: a list of named
// tensors and a list of metadata over read-only mappings.
//
// A file's bytes are hostile until proved otherwise. Opening checks every count, length, offset and name; what the
// accessors then return can be read without further checks. The bytes stay in the mapping: if another program
// truncates the file meanwhile, reading them raises SIGBUS, as with every memory-mapped reader (see file_survive_cuts
// and tensor_file_unchanged). Deflated
// arrays of .npz files are unpacked, one after the other, into files without names that are mapped like others; small ones,
// and numbers that ONNX stores in variable length, into the arena.
//
// No quantized format is known here. GGUF tensors that are not plain numbers are "blocks": a type number, a shape and
// the bytes up to the next tensor. What a block holds comes from a declared layout (see tensor_blocks_check). Graph
// files (TFLite, ONNX) say which tensor scales which: see tensor_quant.
#ifndef QCC_FILES_TENSOR_FILE_H
#define QCC_FILES_TENSOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/diag.h"

// The plain element types, one row each. Numbers of other file types are -1 where they lack the type:
//   name    enum suffix, and the name in safetensors if `st` is 1
//   bits    size of one element; below 8 the elements are packed without gaps, the first one in the lowest bits
//   st      whether safetensors has it
//   npy     kind and size in a .npy `descr`, NULL when the file type lacks it
//   gguf    type number in a GGUF file
//   onnx    TensorProto.DataType
//   tflite  TensorType
//   load    how tensor_read_f32 reads it (files/tensor_read.c), `none` when it cannot
#define TENSOR_DTYPES(X)                           \
  X(BOOL, 8, 1, "b1", -1, 9, 6, bool8)             \
  X(U8, 8, 1, "u1", -1, 2, 3, u8)                  \
  X(I8, 8, 1, "i1", 24, 3, 9, i8)                  \
  X(U16, 16, 1, "u2", -1, 4, 16, u16)              \
  X(I16, 16, 1, "i2", 25, 5, 7, i16)               \
  X(U32, 32, 1, "u4", -1, 12, 15, u32)             \
  X(I32, 32, 1, "i4", 26, 6, 2, i32)               \
  X(U64, 64, 1, "u8", -1, 13, 12, u64)             \
  X(I64, 64, 1, "i8", 27, 7, 4, i64)               \
  X(F16, 16, 1, "f2", 1, 10, 1, f16)               \
  X(BF16, 16, 1, NULL, 30, 16, 18, bf16)           \
  X(F32, 32, 1, "f4", 0, 1, 0, f32)                \
  X(F64, 64, 1, "f8", 28, 11, 10, f64)             \
  X(C64, 64, 1, NULL, -1, 14, 8, none)             \
  X(C128, 128, 0, NULL, -1, 15, 11, none)          \
  X(F8_E4M3, 8, 1, NULL, -1, 17, 21, e4m3)         \
  X(F8_E5M2, 8, 1, NULL, -1, 19, 22, e5m2)         \
  X(F8_E8M0, 8, 1, NULL, -1, 24, -1, e8m0)         \
  X(F8_E4M3FNUZ, 8, 1, NULL, -1, 18, -1, e4m3fnuz) \
  X(F8_E5M2FNUZ, 8, 1, NULL, -1, 20, -1, e5m2fnuz) \
  X(F6_E2M3, 6, 1, NULL, -1, 27, -1, e2m3)         \
  X(F6_E3M2, 6, 1, NULL, -1, 28, -1, e3m2)         \
  X(F4, 4, 1, NULL, -1, 23, -1, e2m1)              \
  X(U4, 4, 0, NULL, -1, 21, 20, u8)                \
  X(I4, 4, 0, NULL, -1, 22, 17, i4)                \
  X(U2, 2, 0, NULL, -1, 25, -1, u8)                \
  X(I2, 2, 0, NULL, -1, 26, 19, i2)

typedef enum tensor_dtype {
  TENSOR_BLOCKS, // quantized blocks of a type known only by number
#define X(name, bits, st, npy, gguf, onnx, tflite, load) TENSOR_##name,
  TENSOR_DTYPES(X)
#undef X
      TENSOR_DTYPE_COUNT
} tensor_dtype;

// "F32", ...; "blocks" for TENSOR_BLOCKS.
const char *tensor_dtype_name(tensor_dtype type);
// Bits of one element; 0 for TENSOR_BLOCKS.
unsigned tensor_dtype_bits(tensor_dtype type);

enum {
  TENSOR_MAX_RANK = 8,
  TENSOR_MAX_NAME = 4096,                    // bytes, of names that other programs gave
  TENSOR_MAX_FULL_NAME = 2 * TENSOR_MAX_NAME // with what is added to them when a layer is written as several tensors
};

// Which other tensors of the same file give the numbers of a tensor their meaning, where the file says so in its own
// terms (a graph's nodes or the tensor's record): number = scale * (element - zero_point).
typedef struct tensor_quant {
  const char *by;         // what ties them: "TFLite", or the type of the graph's node
  const char *scale;      // names of tensors in the file; NULL: none
  const char *zero_point; // NULL: zero
  const char *groups;     // of each column, where they are not in order; NULL: they are
  int axis;               // the dimension that scales run along; -1: one scale for all
  uint64_t block;         // indices of that axis which share a scale; 1: each has its own
  bool several;           // other nodes say otherwise: what the numbers are is not known
  unsigned bits;          // of one code; narrower than the element when several are packed into one, else 0
  uint64_t rows;          // the weights' logical shape [rows, columns] when codes are packed, else 0
  uint64_t columns;
} tensor_quant;

// In which order a matrix of weights lies, by what reads it in the file's graph.
typedef enum tensor_order {
  TENSOR_ORDER_UNKNOWN, // nothing reads it, or an operator of which nothing is known here
  TENSOR_OUTPUTS_FIRST, // [outputs, inputs]
  TENSOR_INPUTS_FIRST,  // [inputs, outputs]
  TENSOR_ORDER_BOTH,    // it is read in both ways
  TENSOR_NO_WEIGHTS     // it is something else: a bias, scales, the kernel of a convolution
} tensor_order;

// What the graph of a file does with a tensor.
typedef struct tensor_use {
  tensor_order order;
  const char *what; // "weights of MatMul", "kernel of Conv": what reads it first; NULL: nothing does
} tensor_use;

// One tensor of a file. All pointers live as long as the tensor_file (data) and its arena (the rest).
typedef struct tensor {
  const char *name;          // valid UTF-8 without control characters, 1 to TENSOR_MAX_FULL_NAME bytes
  tensor_dtype dtype;        // TENSOR_BLOCKS: see block_type
  uint32_t block_type;       // the file's type number when dtype is TENSOR_BLOCKS
  unsigned rank;             // 0 (a single value) to TENSOR_MAX_RANK
  const uint64_t *dims;      // outermost first (C order), also for GGUF; each at most 2^31 - 1; may be 0 except in GGUF
  uint64_t count;            // product of dims; 1 for rank 0
  const uint8_t *data;       // little-endian elements; no alignment promised
  size_t size;               // plain: exactly their bytes. Blocks: bytes available, until tensor_blocks_check
  const char *path;          // the file that holds its bytes, for messages: of a file in parts, the part
  const tensor_quant *quant; // NULL when the file does not say
  const tensor_use *use;     // NULL when the file has no graph that says what reads it
  // Of a matrix whose columns lie apart and rows side by side (see tensor_as_matrix): elements from one column to the
  // next; 0: C order.
  uint64_t column_stride;
  const char
      *alias_of; // a reader has added this tensor, from the one of this name (the same bytes, or its text); else NULL
} tensor;

// A key and its value as text: safetensors' __metadata__, GGUF's key/value list, what a graph file says of its origin.
// `type` is "string", "u32", ... Arrays have "array", their value is a summary ("array of 512 string"), and
// tensor_meta_next reads their items.
typedef struct tensor_meta {
  const char *key;
  const char *type;
  const char *value;
  uint64_t count;        // items of an array
  const char *item_type; // of an array, "string", "u32", ...; NULL: no array
  const uint8_t *items;  // for tensor_meta_next
  const uint8_t *entry;  // of a GGUF file: key, type and value as they are there; else NULL
  size_t entry_size;
} tensor_meta;

// Position in an array; begins as {0}.
typedef struct tensor_meta_cursor {
  uint64_t index;
  size_t offset;
} tensor_meta_cursor;

// The next item of an array as text in `a` (quoted, with \xNN for its bytes, if a string is not UTF-8); NULL behind the last one, and for what is no array.
const char *tensor_meta_next(arena *a, const tensor_meta *m, tensor_meta_cursor *at);

typedef struct tensor_file tensor_file;

// Maps and checks a file; the kind is recognised by content, not by extension. Problems go to `d`, naming file, tensor
// and byte offset; then NULL. The result lives in `a` and must be closed to release the mappings.
//
// A model in parts is opened whole: name any part of a split GGUF file (..-00001-of-00003.gguf), the index of sharded
// safetensors, one of the shards beside it, or the folder. Bytes in memory are always one part.
tensor_file *tensor_file_open(diag *d, arena *a, const char *path);

// The same over bytes in memory (not copied, must outlive the result); `name` stands for the path in messages.
tensor_file *tensor_file_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size);

// Releases the mapping (not the arena). NULL is allowed.
void tensor_file_close(tensor_file *f);

const char *tensor_file_path(const tensor_file *f);
// The kind's name: "safetensors", "GGUF", ...
const char *tensor_file_kind(const tensor_file *f);
// All kinds that can be opened, as text for a message: "safetensors, GGUF, ..".
const char *tensor_file_kinds(arena *a);
// Whether a path ends as weight files do, those that are refused (pickles) among them. The content decides what it is.
bool tensor_file_is_named(const char *path);

// Lets go of the memory behind bytes of the file that are not needed soon: they come back when they are read again.
void tensor_file_forget(const tensor_file *f, const void *bytes, size_t size);

// Files may be written to while they are read. Remembers what the bytes are from here on; and tells, false when reported,
// whether size, time of modification and bytes are still what they were: all bytes of small files, samples of large ones.
void tensor_file_watch(const tensor_file *f);
bool tensor_file_unchanged(diag *d, const tensor_file *f);

// Paths of all files that were read for it: itself, the parts of a set, an index. At least one.
size_t tensor_file_part_count(const tensor_file *f);
const char *tensor_file_part(const tensor_file *f, size_t index);

// Tensors in the order of the file. A .npy file holds one, named after the file without its extension.
size_t tensor_file_count(const tensor_file *f);
const tensor *tensor_file_at(const tensor_file *f, size_t index);

// Where its bytes begin in the file that holds them. False when they were unpacked, and are nowhere so.
bool tensor_file_offset(const tensor_file *f, const tensor *t, uint64_t *out);

// By name, in O(log n). `find` returns NULL when there is none; `require` also reports it with the closest name.
const tensor *tensor_file_find(const tensor_file *f, const char *name);
const tensor *tensor_file_require(diag *d, const tensor_file *f, const char *name);

// The tensors whose names begin with a prefix: positions [begin, end) in the order of names. In O(log n).
typedef struct tensor_range {
  size_t begin, end;
  size_t length; // of the prefix
} tensor_range;
tensor_range tensor_file_range(const tensor_file *f, const char *prefix);

// The tensor at a position in the order of names.
const tensor *tensor_file_by_name(const tensor_file *f, size_t position);

// The tensor named prefix + ending; NULL when there is none. In O(log n) of the range.
const tensor *tensor_file_find_in(const tensor_file *f, const tensor_range *range, const char *ending);

// Metadata in the order of the file; `tensor_file_meta` returns the value's text or NULL.
size_t tensor_file_meta_count(const tensor_file *f);
const tensor_meta *tensor_file_meta_at(const tensor_file *f, size_t index);
const char *tensor_file_meta(const tensor_file *f, const char *key);

// "F32 [512, 64]" or "blocks of type 2 [64, 64]", for messages and listings.
const char *tensor_describe(arena *a, const tensor *t);

// Checks that a block tensor is made of blocks of `block_weights` weights along its last dimension (K) and
// `block_bytes` bytes (both from a declared layout, not zero): K is a multiple, and the bytes fit the room up to the
// next tensor exactly (but for padding to the file's alignment), so that a wrong block size is found out. Padding that is
// not zero, and bytes behind the last tensor, are a warning.
// Sets *data and *size (rows * K / block_weights * block_bytes), or reports and returns false.
bool tensor_blocks_check(diag *d, const tensor_file *f, const tensor *t, uint64_t block_weights, uint64_t block_bytes,
                         const uint8_t **data, size_t *size);

// The same for a tensor of one numbered type that is `need` bytes long, as a layout says for its shape.
bool tensor_bytes_check(diag *d, const tensor_file *f, const tensor *t, uint64_t need, const uint8_t **data);

// Whether the graph of the file has a square tensor of plain numbers that is no more [outputs, inputs] than the other way
// round: nothing reads it as weights, or what does reads it in both ways.
bool tensor_order_open(const tensor *t);

// Whether plain numbers are weights [inputs, outputs], by what reads them.
bool tensor_is_transposed(const tensor *t);

// The tensor as a matrix [outputs, inputs]: itself, or in `a` a view of it with its dimensions exchanged.
const tensor *tensor_as_matrix(arena *a, const tensor *t);

// The elements of a plain tensor in C order: its data, or a copy in `a`.
const uint8_t *tensor_in_order(arena *a, const tensor *t);

// Where element i of a plain tensor of whole bytes is, whatever their order.
const uint8_t *tensor_element(const tensor *t, uint64_t i);

// Converts elements [first, first + count) of a plain tensor to float (rounding to nearest even). False, reported, when
// the type has no numbers to read or the range is not inside.
bool tensor_read_f32(diag *d, const tensor *t, uint64_t first, size_t count, float *out);

// How many numbers of a plain tensor are no f32, so that tensor_read_f32 rounds them; *first (may be NULL) is the first.
// Only F64 has such; for integers it is 0.
uint64_t tensor_count_rounded(const tensor *t, double *first);

// The elements of a plain tensor whose type has less than 8 bits, one in a byte: t->count bytes. Raw, or with the sign of
// integers that have one spread over the byte.
void tensor_unpack(const tensor *t, bool spread_sign, uint8_t *out);

#endif
