// What numbers a tensor holds: read once, from its first to its last.
#ifndef QCC_INSPECT_VALUES_H
#define QCC_INSPECT_VALUES_H

#include "inspect/recognise.h"

// Numbers this many times as large as the root mean square, or more, are outliers.
#define VALUES_OUTLIER 6.0

typedef struct value_facts {
  bool known;
  double min, max; // of the finite ones, as f32; 0 when there are none
  double rms;      // root mean square of these
  uint64_t finite, nan, infinite;
  uint64_t outliers; // where the limit lies between eighths of an octave, it is the upper one of them
} value_facts;

// All weights of what was found, decoded where they are quantized; of other tensors all elements. Not known of what cannot be
// read. Takes 4 bytes of memory a weight of a quantized matrix.
value_facts values_measure(const subject *s, const found *w);

#endif
