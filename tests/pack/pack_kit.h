// Random files of every format, for tests and benchmarks of packing.
#ifndef QCC_TESTS_PACK_KIT_H
#define QCC_TESTS_PACK_KIT_H

#include "format/recipe.h"
#include "pack/pack.h"

// A tensor as a file has it.
typedef struct pack_file {
  const scheme *scheme;
  const scheme_layout *layout;
  uint64_t rows, columns;
  uint64_t bytes; // of all inputs
  layout_input *inputs;
  uint8_t **memory; // of each
} pack_file;

// Random bytes in the layout's shapes, `skew` bytes from an aligned address; indices of columns are in order. False when
// the layout has no file of that shape, or leaves its shape open.
bool pack_file_new(arena *a, const scheme *s, const scheme_layout *l, uint64_t rows, uint64_t columns, unsigned skew,
                   uint64_t seed, pack_file *out);

void pack_file_free(pack_file *f);

// All of it as codes; NULL when random bytes are no weights of that format.
const tensor_codes *pack_file_codes(arena *a, const pack_file *f);

// A recipe for these activations, NULL when there is none.
const recipe *pack_recipe(arena *a, const scheme *s, const act_spec *act);

#endif
