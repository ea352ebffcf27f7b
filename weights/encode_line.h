// Codes of single weights whose value is slope * level + offset: all sums that a least-squares fit of the two needs, for the
// nearest levels. This is where the encoder spends its time, so that it works on several weights at once. Internal to weights/.
#ifndef QCC_WEIGHTS_ENCODE_LINE_H
#define QCC_WEIGHTS_ENCODE_LINE_H

#include "weights/encode_fit.h"

// Sums over the weights w of a span, each times what it counts: of 1, w, w * w, and with its level c of c, c * c, c * w.
typedef struct line_sums {
  double n, w, ww;
  double c, cc, cw;
} line_sums;

// The sums that do not depend on levels, and the least and the greatest weight.
void line_weights(const fit_span *s, line_sums *out, double *min, double *max);

// The sums over the nearest levels for coefficients u of a simple core_set; n, w and ww stay as they are. `store`: the codes
// are written, too. The order of additions is the same on every machine.
void line_measure(const core_set *c, const fit_span *s, const double *u, bool store, line_sums *out);

// The error as a function of u; only the terms that there are become defined.
void line_quad(const core_set *c, const line_sums *s, quad *out);

#endif
