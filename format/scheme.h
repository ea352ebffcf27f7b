// A weight format as data: fields with a granularity, constant tables, one value expression, storage layouts.
// Parameters are already bound: `q4_g(group = 64)` is a scheme of its own.
#ifndef QCC_FORMAT_SCHEME_H
#define QCC_FORMAT_SCHEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/elem.h"
#include "support/arena.h"
#include "support/diag.h"
#include "support/vec.h"

// How many weights share one element of a field. Groups lie along the reduction axis K of a row; the last group of a
// row may be shorter. Tiles span several rows; those at the edges may be smaller. Every other kind is a tile with a name
// of its own, and GRAN_TILE stands for none of them.
typedef enum gran_kind { GRAN_WEIGHT, GRAN_GROUP, GRAN_ROW, GRAN_TENSOR, GRAN_TILE } gran_kind;

typedef struct granularity {
  gran_kind kind;
  uint64_t group; // columns of an element: for GRAN_GROUP and GRAN_TILE (0: all); 1 for GRAN_WEIGHT; 0 otherwise
  uint64_t rows;  // rows of an element, for GRAN_TILE only (0: all)
} granularity;

// Columns and rows that share an element; 0: all of the matrix.
uint64_t granularity_columns(const granularity *g);
uint64_t granularity_rows(const granularity *g);
// Whether an element is shared by some columns, but neither one weight's own nor all columns'.
bool granularity_is_grouped(const granularity *g);
// The granularity of that many rows and columns (0: all) under its own name.
granularity granularity_of(uint64_t rows, uint64_t columns);

#define SCHEME_MAX_RANK 4
#define SCHEME_MAX_SPAN 65536 // weights within which a window wraps
// Weight-granular fields have at most SCHEME_MAX_FIELD_BITS when they are integers. Codes of at most SCHEME_MAX_CODE_BITS
// together are enumerated; others are decoded weight by weight.
#define SCHEME_MAX_FIELD_BITS 16
#define SCHEME_MAX_CODE_BITS 8

// A stored quantity. rank 0: one number per granule; otherwise a table of dims[0] x .. numbers per granule. Of a sparse
// field only some granules are stored, with their places; all numbers of the others are zero.
typedef struct scheme_field {
  const char *name;
  elem_type type;
  granularity gran;
  unsigned rank;
  uint64_t dims[SCHEME_MAX_RANK];
  bool sparse;
  double density; // of a sparse field: the share of its granules that float weights keep when they are encoded
  src_loc loc;
} scheme_field;

// A constant table of `count` numbers (already rounded to `type`).
typedef struct scheme_table {
  const char *name;
  elem_type type;
  size_t count;
  const double *values;
  src_loc loc;
} scheme_table;

typedef enum expr_op {
#define EXPR(id, text, args, integer) EXPR_##id,
#include "format/expr.def"
#undef EXPR
  EXPR_COUNT
} expr_op;

// Index variables. In a value: k (0 .. K-1 along the row) and n (row). In a layout place: the binders in order
// (block layouts: the element's index within the block; tensor layouts: row then element within the row, row alone for
// per-row fields, none per tensor; a table field adds its element index last), and the tensor's K and N.
typedef enum expr_var { VAR_K, VAR_N, VAR_BINDER0, VAR_BINDER1, VAR_BINDER2, VAR_ROWS, VAR_COLUMNS } expr_var;

typedef struct expr expr;
struct expr {
  expr_op op;
  bool is_int;    // the value is an integer, computed exactly
  unsigned index; // FIELD, VAR, TABLE, ELEMENT, LOAD, STREAM, ORDER, FIND, RANK
  unsigned axis;  // STREAM, ORDER, FIND, RANK
  int64_t i;      // INT
  double r;       // REAL
  unsigned arg_count;
  const expr *const *args;
  src_loc loc;
};

typedef struct expr_info {
  const char *name;
  int arg_count; // -1: varies
  bool integer_only;
} expr_info;

const expr_info *expr_get_info(expr_op op);
// STREAM, ORDER, FIND and RANK speak of the elements of a tensor along one axis: their arguments are an index for every
// other dimension and then so many more. 0 for all other operators.
unsigned expr_line_args(expr_op op);
expr_op expr_op_by_name(const char *name); // EXPR_COUNT if there is none

// Constructors; is_int is derived from the operator and its arguments. Arguments are not copied.
const expr *expr_int(arena *a, int64_t value, src_loc loc);
const expr *expr_real(arena *a, double value, src_loc loc);
const expr *expr_leaf(arena *a, expr_op op, unsigned index, bool is_int, src_loc loc);
const expr *expr_make(arena *a, expr_op op, unsigned index, unsigned axis, size_t count, const expr *const *args,
                      src_loc loc);
// TABLE or ELEMENT with its result type: integers (is_int) only where the table's or field's type is one. expr_make
// gives look-ups that are real numbers.
const expr *expr_lookup(arena *a, expr_op op, unsigned index, bool is_int, const expr *at, src_loc loc);
bool expr_equal(const expr *a, const expr *b);

// The types of stored elements that a layout may leave open.
#define LAYOUT_MAX_TYPES 6

// A tensor of a separate-tensor layout: `<weight name><suffix>` in the file, with dimensions over K and N
// (VAR_COLUMNS, VAR_ROWS).
typedef struct layout_tensor {
  const char *name;   // as used in places
  const char *suffix; // appended to the layer's name, e.g. ".qweight"
  elem_type type;     // of the elements as places see them; it holds every number of the stored types
  unsigned stored_count;
  elem_type stored[LAYOUT_MAX_TYPES]; // what the file may have; none: `type` alone
  unsigned rank;
  const expr *dims[SCHEME_MAX_RANK]; // NULL: as many as the file has
  src_loc loc;
} layout_tensor;

// Where the raw bits of a field's elements are: an integer expression over the binders. Its value, masked to the
// field's width, is the raw element (a float field's bits are its IEEE encoding).
typedef struct layout_place {
  unsigned field;
  unsigned binder_count;
  const char *binder_names[3];
  const expr *raw;
  // A sparse field may be stored as a list. Then raw binds the number of an entry (and of its table's element), and these
  // are the column of that entry and either its row or, bound to a row, the number of the row's first entry; in granules.
  const expr *column; // NULL: raw tells all elements, those of zero granules too
  const expr *row;
  const expr *first;
  src_loc loc;
} layout_place;

// A storage layout. block_weights > 0: rows of consecutive blocks of block_weights weights and block_bytes bytes;
// otherwise separate tensors. Every field has exactly one place. type_id is the container's number for the block
// type (-1: none). A layout of one tensor may have such a number, too: the tensor is all the bytes then that the
// container has for the weights, however rows begin or are interleaved.
typedef struct scheme_layout {
  const char *name;
  uint64_t block_weights;
  uint64_t block_bytes;
  int64_t type_id;
  int64_t file_type; // the container's number for files of this type mostly (-1: none); texts of the IR do not have it
  bool fit; // separate tensors: the fields of the value's dense part have no place, they are fitted to float weights
  size_t tensor_count;
  const layout_tensor *tensors;
  size_t place_count;
  const layout_place *places;
  src_loc loc;
} scheme_layout;

// One step of what happens to the activations before the product, or to the results after it. Both are vectors: the K
// activations of a token, or its N results; `factor` is evaluated for each of their elements (column k, row n).
typedef enum transform_kind {
#define TRANSFORM(id, text) TRANSFORM_##id,
#include "format/transform.def"
#undef TRANSFORM
  TRANSFORM_COUNT
} transform_kind;

// Whether `factor` belongs to the kind of step; the others have `block`.
#define TRANSFORM_HAS_FACTOR(kind) ((kind) != TRANSFORM_HADAMARD)
#define SCHEME_MAX_HADAMARD (1u << 20)

typedef struct transform_step {
  transform_kind kind;
  const expr *factor; // GATHER: which element; MUL, DIV: what it is multiplied with or divided by
  uint64_t block;     // HADAMARD: elements, a power of two; 0: all that there are
  src_loc loc;
} transform_step;

// The steps in the order in which they are done. layer(x) = output(value * input(x)) + bias.
typedef struct transform {
  size_t count;
  const transform_step *steps;
} transform;

// A part of the matrix in a format of its own: rows, or columns, from .. to - 1 (expressions over K, N and constants).
typedef struct scheme scheme;
typedef struct scheme_section {
  bool is_rows;
  const expr *from, *to;
  const scheme *scheme;
  src_loc loc;
} scheme_section;

// A scheme has either fields and a value or sections, which follow one another along one axis and fill the matrix.
struct scheme {
  const char *name; // with bound parameters, "mine(group=64)"; without any, "mine"
  size_t field_count;
  const scheme_field *fields;
  size_t table_count;
  const scheme_table *tables;
  const expr *value;
  transform input;  // over the columns
  transform output; // over the rows
  size_t layout_count;
  const scheme_layout *layouts;
  size_t section_count;
  const scheme_section *sections;
  src_loc loc;
};

// Rows and columns of granules of a matrix.
uint64_t scheme_granule_rows(const scheme_field *f, uint64_t rows);
uint64_t scheme_granule_columns(const scheme_field *f, uint64_t columns);
// Granules of a sparse field that are kept of encoded float weights: its density's share, rounded up.
uint64_t scheme_sparse_count(const scheme_field *f, uint64_t rows, uint64_t columns);

// Numbers in one granule of a field (1 for rank 0), false on overflow.
bool scheme_field_size(const scheme_field *f, uint64_t *out);

// Elements of a field for a tensor of `rows` x `columns` weights (tables count each number), false on overflow. Those of
// a sparse field do not follow from the shape: here it has none.
bool scheme_field_count(const scheme_field *f, uint64_t rows, uint64_t columns, uint64_t *out);
// Elements of a field in one row, or row of tiles, tables counting each number; and how many such rows there are.
bool scheme_field_per_row(const scheme_field *f, uint64_t columns, uint64_t *out);
uint64_t scheme_field_rows(const scheme_field *f, uint64_t rows);
// Index of the element of field f that the weight (n, k) uses, in the canonical element order: row-major, rows
// outermost. For a table field it is the index of the first number of the granule's table.
uint64_t scheme_field_index(const scheme_field *f, uint64_t columns, uint64_t n, uint64_t k);
// Elements of a granule: 1, or those of a table or vector field.
uint64_t scheme_field_elements(const scheme_field *f);

// Whether an expression uses a field.
bool expr_uses_field(const expr *e, unsigned field);
// Whether the field belongs to the input or the output alone: kernels of the product do not have it.
bool scheme_is_transform_field(const scheme *s, unsigned field);

// True bits per weight of the fields of a rows x columns tensor, without padding.
double scheme_bits_per_weight(const scheme *s, uint64_t rows, uint64_t columns);

// Whether a file's elements of type `found` are what the tensor declares. Words of either sign hold the same bits, and bytes
// those of a float of 8 bits; a float of the file is never taken for a number that is none.
// `stored` (unless NULL) is the declared type that they match.
bool layout_tensor_takes(const layout_tensor *t, elem_type found, elem_type *stored);

// Whether a tensor whose elements places see as `type` may be stored as `stored`: it has all those numbers, or its bits are the
// bytes.
bool layout_type_holds(elem_type type, elem_type stored);
// The type in which the tensor is written.
elem_type layout_tensor_written(const layout_tensor *t);

// The dimensions of a file's tensor as the layout declares them. Dimensions of 1 may be anywhere or missing ([], [1] and
// [1, 1]; [N], [N, 1] and [1, N] hold the same numbers in the same order), and one more in front of the rows stacks matrices
// of which each has some of the rows. False when the number of dimensions differs otherwise. `out` has SCHEME_MAX_RANK.
enum { LAYOUT_MAX_FILE_RANK = 8 };
bool layout_tensor_view(const layout_tensor *t, unsigned rank, const uint64_t *dims, uint64_t *out);

// The types that it takes, for messages: "f16", "f16 or f32".
const char *layout_tensor_types(arena *a, const layout_tensor *t);

// The tensor's name in the file: the layer's and the suffix; or the suffix, with the layer's name in place of its `*`.
const char *layout_tensor_name(arena *a, const layout_tensor *t, const char *layer);

// Whether it is all in the tensor that has the weights' own name: blocks, or the bytes of a type that a container numbers.
bool layout_is_one_tensor(const scheme_layout *l);

// The first layout after `after` (NULL: of all) with the container's number; NULL if there is none. A file cannot tell which
// of several it is.
const scheme_layout *scheme_typed_layout(const scheme *s, int64_t type, const scheme_layout *after);

const scheme_layout *scheme_find_layout(const scheme *s, const char *name); // NULL if there is none

// Internal consistency: field indices, integer-only operators, table sizes, binder counts, a place for every field.
// Reports to `d`; false when something is wrong.
bool scheme_verify(diag *d, const scheme *s);

#endif
