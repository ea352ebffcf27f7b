// Quantized matrices in a safetensors file, without a kernel's layout: what `qcc quantize` writes and the compiler reads
// back bit for bit. Two forms, both announced in the file's metadata:
//
//   qcc.scheme.<name> = "<scheme> <rows>x<columns>"   the format and the logical shape
//   qcc.digest.<name> = 16 hexadecimal digits          of the scheme's definition (format/identity.h)
//   qcc.layout.<name> = "<layout>"                     only with blocks
//
// Fields (no qcc.layout): for each field f of the scheme a tensor `<name>.<f>`. Its elements are in the order of the
// scheme: elements of a row along its length, rows outermost.
//   8 bits and wider: dtype U8 I8 U16 .. F16 BF16 F32; [rows, elements] per weight and per group, [rows] per row, [1]
//     per tensor; a field that is a table adds its own dimensions in place of the 1, or behind.
//   narrower: a dense stream of bits for every row, bit 0 first: U8 [rows, bytes], [bytes] per tensor.
//   sparse fields: three tensors, see weights/fields_sparse.h. Schemes of sections: `<name>.section<i>.<f>` for each.
// Blocks: one U8 tensor `<name>`, [rows, bytes of a row's blocks].
#ifndef QCC_WEIGHTS_FIELDS_H
#define QCC_WEIGHTS_FIELDS_H

#include "files/tensor_write.h"
#include "format/tensor_codes.h"

// What the metadata say of a tensor.
typedef struct fields_note {
  const char *scheme;
  uint64_t rows;
  uint64_t columns;
  const char *layout; // NULL: fields
  bool has_digest;
  uint64_t digest;
} fields_note;

typedef enum fields_answer {
  FIELDS_FOUND,
  FIELDS_ABSENT, // the file says nothing of that name
  FIELDS_WRONG   // what it says makes no sense (reported)
} fields_answer;

fields_answer fields_find(diag *d, arena *a, const tensor_file *f, const char *name, fields_note *out);

// The name in a key `qcc.scheme.<name>`, NULL for another key.
const char *fields_noted_name(const char *key);

// The note of what a layer's separate tensors are, "<scheme> <rows>x<columns> <layout>", which sizes and numbers may not tell.
tensor_meta fields_make_layout_note(arena *a, const char *layer, const tensor_codes *t, const scheme_layout *l);
// The same from a file's notes; false when there is none that makes sense. There is no digest in it.
bool fields_find_layout(arena *a, const tensor_file *f, const char *layer, fields_note *out);

// Whether the note is about this scheme and shape; otherwise reports and returns false.
bool fields_check(diag *d, const tensor_file *f, const char *name, const fields_note *note, const scheme *s,
                  uint64_t rows, uint64_t columns);

// The dtype that has the elements of the type as they are; false: they are stored as a stream of bits.
bool fields_natural_dtype(elem_type type, tensor_dtype *out);

// Checks that all tensors of the fields are there with their types and shapes.
bool fields_check_tensors(diag *d, const tensor_file *f, const char *name, const scheme *s, uint64_t rows,
                          uint64_t columns);

// The codes from tensors that fields_check_tensors has passed. NULL (reported) when they do not fit into memory.
tensor_codes *fields_read(diag *d, arena *a, const tensor_file *f, const char *name, const scheme *s, uint64_t rows,
                          uint64_t columns);

// How many tensors the fields of a scheme take, its sections' among them.
size_t fields_item_count(const scheme *s);
// Their names, in memory of `a`.
void fields_item_names(arena *a, const scheme *s, const char *name, const char **out);
// Makes the tensors of all fields, items[0 .. fields_item_count - 1], in memory of `a`.
void fields_make_items(arena *a, const tensor_codes *t, const char *name, safetensors_item *items);

// Makes the tensor of the codes in a block layout. False (reported) when the layout cannot store them.
bool fields_make_blocks(diag *d, arena *a, const tensor_codes *t, const scheme_layout *l, const char *name,
                        safetensors_item *item);

// The metadata for a tensor that is stored so: up to three entries (layout NULL: fields). Their number.
enum { FIELDS_MAX_NOTES = 3 };
size_t fields_make_notes(arena *a, const tensor_codes *t, const char *name, const scheme_layout *l,
                         tensor_meta notes[FIELDS_MAX_NOTES]);

#endif
