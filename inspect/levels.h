// Float tensors that hold few numbers: weights that were quantized and written as floats again. Recognised are the
// numbers themselves: evenly spaced, powers of two, one or two magnitudes, or those of a declared format.
#ifndef QCC_INSPECT_LEVELS_H
#define QCC_INSPECT_LEVELS_H

#include "files/tensor_file.h"
#include "inspect/codebooks.h"

// One row each: suffix, the word in reports, what it is.
#define LEVEL_KINDS(X)                                                       \
  X(MANY, "many", "as many numbers as floats have")                          \
  X(CONSTANT, "constant", "one number")                                      \
  X(BINARY, "binary", "-a and a")                                            \
  X(TERNARY, "ternary", "-a, 0 and a, or -a, 0 and b")                       \
  X(UNIFORM, "uniform", "evenly spaced numbers")                             \
  X(POWERS, "powers of two", "numbers of one magnitude times powers of two") \
  X(CODEBOOK, "codebook", "the numbers of a declared format, times a scale") \
  X(OTHER, "own codebook", "few numbers that are none of these")

typedef enum level_kind {
#define X(id, word, what) LEVELS_##id,
  LEVEL_KINDS(X)
#undef X
} level_kind;

const char *level_kind_word(level_kind kind);

typedef struct level_facts {
  level_kind kind;
  uint64_t group;       // neighbours in a row that share levels; 0: a row, or with `whole` the tensor
  bool whole;           // the same levels everywhere
  unsigned count;       // levels, as far as they occur; of UNIFORM from the least to the largest
  unsigned bits;        // of a code for so many
  bool not_finite;      // the part has numbers that are NaN or infinite
  bool symmetric;       // with every number there is its negative
  double step;          // UNIFORM of the whole tensor: the distance
  double offset;        // and the number nearest to zero
  const scheme *format; // CODEBOOK
} level_facts;

// Looks at a bounded part of a matrix of plain floats; LEVELS_MANY for everything else.
level_facts levels_find(const catalogue *c, const codebook_list *books, const tensor *t);

#endif
