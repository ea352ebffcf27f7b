// A format as a sum: the parts of a weight matrix that are multiplied on their own. Of
//
//   value = scale * (code - 8) + outlier + sum(r < 16, left[r] * right[r])
//
// the rest `scale * (code - 8)` is a dense matrix, the sparse field `outlier` a list of entries, and what is a row's number
// times a column's is the product of two thin matrices. What is a column's number alone, as in `- zero` with `zero` per
// column, is such a product with a column of constants; it belongs to the dense matrix, and sees activations as that does.
// Sections are parts already: rectangles of the matrix, each in a
// format of its own.
#ifndef QCC_FORMAT_SCHEME_PARTS_H
#define QCC_FORMAT_SCHEME_PARTS_H

#include "format/tensor_codes.h"

typedef enum part_kind {
  PART_REST,   // a matrix of the same shape
  PART_SPARSE, // the entries of one sparse field
  PART_LEFT,   // rows x rank; always followed by its PART_RIGHT
  PART_RIGHT,  // rank x columns
  PART_SECTION // some rows or columns
} part_kind;

typedef struct scheme_part {
  part_kind kind;
  const char *name;     // of the part among the others: "rest", "sparse0", "left", "right", "column_left", "section2"
  const scheme *scheme; // NULL: SPARSE. REST: the scheme itself when there is nothing else
  const unsigned *fields;
  const expr *element;        // SPARSE: the entry of a stored granule at a weight: a field, or an element of its table
  const expr *coefficient;    // SPARSE: what that is multiplied with, NULL: 1
  size_t rank;                // LEFT, RIGHT
  bool of_columns;            // LEFT, RIGHT: no row's number is in it
  const expr *const *vectors; // LEFT, RIGHT: the number of row n, or column k, for each of the ranks
  unsigned section;           // SECTION
} scheme_part;

// The parts of a scheme that scheme_verify has passed, in the order above. Their number; 0 (reported) when the value is no
// such sum. The value 0 alone has a rest of its own.
size_t scheme_split(diag *d, arena *a, const scheme *s, const scheme_part **out);

// Rows and columns of a part of a rows x columns matrix. False (reported) when a section lies outside of it.
typedef struct part_shape {
  uint64_t row, rows, column, columns; // of sections: where it begins; otherwise 0
} part_shape;
bool scheme_part_shape(diag *d, const scheme *s, const scheme_part *p, uint64_t rows, uint64_t columns,
                       part_shape *out);
// Whether the sections fill the matrix without meeting each other; else reported.
bool scheme_check_sections(diag *d, const scheme *s, uint64_t rows, uint64_t columns);

// The codes of a part (not SPARSE). REST shares the elements of the whole. NULL (reported) when they do not fit into
// memory.
tensor_codes *scheme_part_codes(diag *d, arena *a, const tensor_codes *whole, const scheme_part *p);

#endif
