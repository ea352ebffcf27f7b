// Codes of single weights whose value is slope * level + offset: all sums that a least-squares fit of the two needs, for the
// nearest levels. This is where the encoder spends its time, so that it works on several weights at once. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_LINE_H
#define QCC_ENCODE_ENCODE_LINE_H

#include "encode/encode_fit.h"

// What does not depend on levels: `sums` has n, w and ww only.
line_weights line_weights_of(const fit_span *s);

// The sums over the nearest levels for coefficients u of a simple core_set; n, w and ww stay as they are. `store`: the codes
// are written, too. The order of additions is the same on every machine.
void line_measure(const core_set *c, const fit_span *s, const double *u, bool store, line_sums *out);

// The error as a function of u; only the terms that there are become defined.
void line_quad(const core_set *c, const line_sums *s, quad *out);

#endif
