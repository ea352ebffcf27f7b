// What the readers of weight files share: the tensor_file under construction, error reports with byte offsets,
// checks of names and shapes. Internal to files/.
#ifndef QCC_FILES_TENSOR_PARSE_H
#define QCC_FILES_TENSOR_PARSE_H

#include "files/tensor_file.h"
#include "support/file.h"
#include "support/num.h"
#include "support/vec.h"

typedef struct tensor_file_kind_row {
  const char *name;
  // Whether the first bytes say that the file is of this kind (the rest may still be damaged).
  bool (*recognise)(const uint8_t *data, size_t size);
  // Fills f->tensors and f->meta from f->bytes; false when anything was reported.
  bool (*parse)(diag *d, tensor_file *f);
  // Of a file that was opened by path and may be one of a set: reads the others. NULL: there are no sets.
  bool (*complete)(diag *d, tensor_file *f);
  bool vague; // it has no mark: other kinds are believed first
} tensor_file_kind_row;

// A file that was read, and the rule for where its tensors' data end.
typedef struct tensor_part {
  mapped_file bytes;
  uint64_t alignment; // of tensor data; 1 where the kind has no such rule
  bool watched;       // the next one is known
  uint64_t digest;    // of its bytes when they began to be used
} tensor_part;

struct tensor_file {
  const tensor_file_kind_row *kind;
  arena *mem;
  mapped_file bytes; // the file that is being parsed
  bool mapped;       // it was opened by path: files beside it may be looked for
  uint64_t alignment;
  tensor *tensors;
  size_t count;
  tensor_meta *meta;
  size_t meta_count;
  VEC(mapped_file) unpacked; // what was unpacked into files without names
  VEC(tensor_part) parts;    // all files that were read; tensors' `path` is that of their part
  // Indices sorted by name and key.
  uint32_t *by_name;
  uint32_t *by_key;
};

/* tensor_file.c */
// An empty one for a path; its bytes are to be filled in.
tensor_file *tensor_file_new(arena *a, const char *path);
// Recognises and parses f->bytes, which become a part, also when they are refused. False when reported.
bool tensor_file_parse_part(diag *d, tensor_file *f);
// Bytes that are unmapped with the file.
void tensor_file_add_part(tensor_file *f, mapped_file bytes, uint64_t alignment);

/* safetensors.c */
// Whether the file type has elements of that type.
bool safetensors_has(tensor_dtype type);

/* tensor_set.c */
// The file to open for what a user has named: of a folder the weight file in it. NULL when reported.
const char *tensor_set_find(diag *d, arena *a, const char *path);
// Opens and parses another file for the set of f, which must be of the kind `kind`; NULL when reported. Its mapping
// belongs to f at once.
tensor_file *tensor_set_open(diag *d, tensor_file *f, const char *path, const tensor_file_kind_row *kind);
// Makes f the sum of the members, in their order: all tensors, and each metadata key once. Keys that occur with
// different values are reported (false) when `strict`, but for `own`, which each member has; else the first one counts.
bool tensor_set_merge(diag *d, tensor_file *f, const tensor_file *const *members, size_t count, bool strict,
                      const char *own);

/* tensor_kinds.c */
// The kind by content; NULL, reported with what to do instead, for a file that cannot be read.
const tensor_file_kind_row *tensor_kind_find(diag *d, const tensor_file *f);
const tensor_file_kind_row *tensor_kind_safetensors(void);

bool safetensors_recognise(const uint8_t *data, size_t size);
bool safetensors_parse(diag *d, tensor_file *f);
bool npy_recognise(const uint8_t *data, size_t size);
bool npy_parse(diag *d, tensor_file *f);
bool npz_recognise(const uint8_t *data, size_t size);
bool npz_parse(diag *d, tensor_file *f);
bool tflite_recognise(const uint8_t *data, size_t size);
bool tflite_parse(diag *d, tensor_file *f);
bool onnx_recognise(const uint8_t *data, size_t size);
bool onnx_parse(diag *d, tensor_file *f);
bool onnx_tensor_recognise(const uint8_t *data, size_t size);
bool onnx_tensor_parse(diag *d, tensor_file *f);
bool gguf_recognise(const uint8_t *data, size_t size);
bool gguf_parse(diag *d, tensor_file *f);
bool gguf_complete(diag *d, tensor_file *f);
bool safetensors_complete(diag *d, tensor_file *f);
bool safetensors_index_recognise(const uint8_t *data, size_t size);
bool safetensors_index_parse(diag *d, tensor_file *f);

// Reports "<path>: error: <message> (at byte <offset>)": the file breaks the rules of its kind.
void tensor_report_damage(diag *d, const tensor_file *f, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// The same for a file that may well be sound, but is not for us; the message says what to do instead.
void tensor_report_refusal(diag *d, const tensor_file *f, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// The same as expressions that are false, which compilers see too.
#define tensor_parse_error(...) (tensor_report_damage(__VA_ARGS__), false)
#define tensor_refuse(...) (tensor_report_refusal(__VA_ARGS__), false)

// Little-endian integers at any address.
static inline uint16_t tensor_le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t tensor_le32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t tensor_le64(const uint8_t *p) {
  return (uint64_t)tensor_le32(p) | (uint64_t)tensor_le32(p + 4) << 32;
}

// Valid UTF-8 (no overlong forms, surrogates or values above U+10FFFF); with `plain` also no control characters.
bool tensor_utf8_valid(const uint8_t *text, size_t length, bool plain);

// Printable copy of doubtful bytes for a message: others as \xNN, at most 60 bytes, quoted.
const char *tensor_quote(arena *a, const void *bytes, size_t length);

// Whether `bytes` can name a tensor: 1 to `limit` bytes of printable UTF-8. Otherwise reports and returns false.
bool tensor_name_check(diag *d, const tensor_file *f, uint64_t offset, const uint8_t *bytes, size_t length,
                       size_t limit);

// Of a file with a graph: nothing reads it.
extern const tensor_use tensor_unused;

// Lets one more reader of a tensor in the file's graph say in which order it takes it, and what it is there ("weights",
// "input") of which operator.
void tensor_note_use(arena *a, tensor *t, tensor_order order, const char *what, const char *op);

// Whether a tensor may have so many dimensions. Otherwise reports, as damage only what no program would write, and returns
// false. Without a name (NULL) the message speaks of "a tensor".
bool tensor_rank_check(diag *d, const tensor_file *f, uint64_t offset, const char *name, uint64_t rank);

// Sets t->count from its dims, each at most 2^31 - 1, and *size to the bytes of a plain tensor. The reason why it
// cannot be, as text for a message, or NULL.
const char *tensor_shape_check(tensor *t, uint64_t *size);
// The same for kinds of files in which a last byte need not be full.
const char *tensor_shape_check_padded(tensor *t, uint64_t *size);
// Reports what either of them said; false. A tensor that can be in `have` bytes is too large for us, any other is damaged.
bool tensor_shape_refused(diag *d, const tensor_file *f, uint64_t offset, const tensor *t, uint64_t have,
                          const char *reason);

#endif
