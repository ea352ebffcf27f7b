// Whether the names that a header would declare are C: what no compiler takes, or takes for something else, is reported.
#ifndef QCC_DRIVER_C_NAMES_H
#define QCC_DRIVER_C_NAMES_H

#include "driver/job.h"

// The model's name or --prefix, and its inputs and outputs, of a text that was parsed. False (all reported).
bool c_names_check(const job *j);

#endif
