// A corner of a stored matrix: enough to tell what its numbers look like, whatever its size. Only the pages are touched
// that the corner needs.
#ifndef QCC_INSPECT_SAMPLE_H
#define QCC_INSPECT_SAMPLE_H

#include "format/tensor_codes.h"
#include "inspect/fit.h"

// Corners are at most this large.
enum { SAMPLE_ROWS = 32, SAMPLE_COLUMNS = 512 };

// What a corner tells.
typedef struct sample_facts {
  bool known;      // the corner could be read
  bool finite;     // no weight is infinite or no number
  bool has_codes;  // each weight has one code of at most 8 bits: the next two are known
  bool symmetric;  // the numbers of a group lie around zero, up to one step
  double centre;   // how far the middle of a group's numbers is from zero, in steps: 0 to half a step is the usual
  double bias;     // |mean| / standard deviation of the weights; 0 when all are equal
  double groups;   // numbers in the corner that several weights share: how much `centre` is to be trusted
  double weights;  // finite weights in the corner: how much `bias` is
  double sparsity; // share of weights that are zero
  uint64_t digest; // of the weights: corners with other numbers have others
} sample_facts;

// The inputs that the layout's tensors are, in order, in memory of the catalogue; NULL when one has a type that the language lacks.
layout_input *sample_inputs(catalogue *c, const scheme_layout *l, const tensor *const *tensors);

// The corner of separate tensors, or of `data` with rows of blocks. NULL when it cannot be read (reported to d).
tensor_codes *sample_tensors(diag *d, arena *a, const scheme *s, const scheme_layout *l, const layout_input *inputs,
                             uint64_t rows, uint64_t columns);
tensor_codes *sample_blocks(diag *d, arena *a, const scheme *s, const scheme_layout *l, const uint8_t *data,
                            uint64_t rows, uint64_t columns);

// Whether the codes of a corner were all read whole: they are those that were read with more bits, but for a number that is
// added to all.
bool sample_is_whole(const tensor_codes *corner, const tensor_codes *wide);

// `corner` may be NULL: nothing is known then. Codes are changed and put back.
sample_facts sample_measure(tensor_codes *corner);

#endif
