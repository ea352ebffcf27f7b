// Weight files - safetensors, .npy and GGUF - behind one interface: a list of named tensors over a read-only mapping.
//
// A file's bytes are hostile until proved otherwise. Opening checks every count, length, offset and name; what the
// accessors then return can be read without further checks. The bytes stay in the mapping: if another program
// truncates the file meanwhile, reading them raises SIGBUS, as with every memory-mapped reader.
//
// No quantized format is known here. GGUF tensors that are not plain numbers are "blocks": a type number, a shape and
// the bytes up to the next tensor. What a block holds comes from a declared layout (see tensor_blocks_check).
#ifndef QCC_WEIGHTS_TENSOR_FILE_H
#define QCC_WEIGHTS_TENSOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/diag.h"

// The plain element types, one row each:
//   name   enum suffix and the name in safetensors
//   bits   size of one element; below 8 the elements are packed without gaps
//   npy    kind and size in a .npy `descr`, NULL when the file type lacks it
//   gguf   type number in a GGUF file, -1 when the file type lacks it
//   load   how tensor_read_f32 reads it (weights/tensor_read.c), `none` when it cannot
#define TENSOR_DTYPES(X)            \
  X(BOOL, 8, "b1", -1, bool8)       \
  X(U8, 8, "u1", -1, u8)            \
  X(I8, 8, "i1", 24, i8)            \
  X(U16, 16, "u2", -1, u16)         \
  X(I16, 16, "i2", 25, i16)         \
  X(U32, 32, "u4", -1, u32)         \
  X(I32, 32, "i4", 26, i32)         \
  X(U64, 64, "u8", -1, u64)         \
  X(I64, 64, "i8", 27, i64)         \
  X(F16, 16, "f2", 1, f16)          \
  X(BF16, 16, NULL, 30, bf16)       \
  X(F32, 32, "f4", 0, f32)          \
  X(F64, 64, "f8", 28, f64)         \
  X(C64, 64, NULL, -1, none)        \
  X(F8_E4M3, 8, NULL, -1, e4m3)     \
  X(F8_E5M2, 8, NULL, -1, e5m2)     \
  X(F8_E8M0, 8, NULL, -1, e8m0)     \
  X(F8_E4M3FNUZ, 8, NULL, -1, none) \
  X(F8_E5M2FNUZ, 8, NULL, -1, none) \
  X(F6_E2M3, 6, NULL, -1, none)     \
  X(F6_E3M2, 6, NULL, -1, none)     \
  X(F4, 4, NULL, -1, none)

typedef enum tensor_dtype {
  TENSOR_BLOCKS, // quantized blocks of a type known only by number
#define X(name, bits, npy, gguf, load) TENSOR_##name,
  TENSOR_DTYPES(X)
#undef X
      TENSOR_DTYPE_COUNT
} tensor_dtype;

// "F32", ...; "blocks" for TENSOR_BLOCKS.
const char *tensor_dtype_name(tensor_dtype type);
// Bits of one element; 0 for TENSOR_BLOCKS.
unsigned tensor_dtype_bits(tensor_dtype type);

enum { TENSOR_MAX_RANK = 8 };

// One tensor of a file. All pointers live as long as the tensor_file (data) and its arena (the rest).
typedef struct tensor {
  const char *name;     // valid UTF-8 without control characters, 1 to 255 bytes
  tensor_dtype dtype;   // TENSOR_BLOCKS: see block_type
  uint32_t block_type;  // the file's type number when dtype is TENSOR_BLOCKS
  unsigned rank;        // 0 (a single value) to TENSOR_MAX_RANK
  const uint64_t *dims; // outermost first (C order), also for GGUF; each at most 2^31 - 1; may be 0 except in GGUF
  uint64_t count;       // product of dims; 1 for rank 0
  const uint8_t *data;  // little-endian elements; no alignment promised
  size_t size;          // plain: exactly their bytes. Blocks: bytes available, until tensor_blocks_check
  const char *path;     // the file, for messages
} tensor;

// A key and its value as text, from safetensors' __metadata__ or GGUF's key/value list. `type` is "string", "u32", ...;
// arrays are summarised ("array of 512 string").
typedef struct tensor_meta {
  const char *key;
  const char *type;
  const char *value;
} tensor_meta;

typedef struct tensor_file tensor_file;

// Maps and checks a file; the kind is recognised by content, not by extension. Problems go to `d`, naming file, tensor
// and byte offset; then NULL. The result lives in `a` and must be closed to release the mapping.
tensor_file *tensor_file_open(diag *d, arena *a, const char *path);

// The same over bytes in memory (not copied, must outlive the result); `name` stands for the path in messages.
tensor_file *tensor_file_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size);

// Releases the mapping (not the arena). NULL is allowed.
void tensor_file_close(tensor_file *f);

const char *tensor_file_path(const tensor_file *f);
// "safetensors", "npy" or "GGUF".
const char *tensor_file_kind(const tensor_file *f);

// Tensors in the order of the file. A .npy file holds one, named after the file without its extension.
size_t tensor_file_count(const tensor_file *f);
const tensor *tensor_file_at(const tensor_file *f, size_t index);

// By name, in O(log n). `find` returns NULL when there is none; `require` also reports it with the closest name.
const tensor *tensor_file_find(const tensor_file *f, const char *name);
const tensor *tensor_file_require(diag *d, const tensor_file *f, const char *name);

// Metadata in the order of the file; `tensor_file_meta` returns the value's text or NULL.
size_t tensor_file_meta_count(const tensor_file *f);
const tensor_meta *tensor_file_meta_at(const tensor_file *f, size_t index);
const char *tensor_file_meta(const tensor_file *f, const char *key);

// "F32 [512, 64]" or "blocks of type 2 [64, 64]", for messages and listings.
const char *tensor_describe(arena *a, const tensor *t);

// Checks that a block tensor is made of blocks of `block_weights` weights along its last dimension (K) and
// `block_bytes` bytes (both from a declared layout, not zero): K is a multiple, and the bytes fit the room up to the
// next tensor exactly (but for zero padding to the file's alignment), so that a wrong block size is found out.
// Sets *data and *size (rows * K / block_weights * block_bytes), or reports and returns false.
bool tensor_blocks_check(diag *d, const tensor_file *f, const tensor *t, uint64_t block_weights, uint64_t block_bytes,
                         const uint8_t **data, size_t *size);

// Converts elements [first, first + count) of a plain tensor to float (rounding to nearest even). False, reported, when
// the type has no numbers to read or the range is not inside.
bool tensor_read_f32(diag *d, const tensor *t, uint64_t first, size_t count, float *out);

#endif
