// What the options of a compilation mean, checked.
#ifndef QCC_DRIVER_SETTINGS_H
#define QCC_DRIVER_SETTINGS_H

#include "driver/options.h"
#include "driver/stages.h"
#include "targets/target.h"

// The command's exit statuses. Internal errors end the process with 70 where they are found.
typedef enum exit_status { STATUS_OK = 0, STATUS_ERROR = 1, STATUS_USAGE = 2 } exit_status;

typedef VEC(const target_tier *) tier_list;

typedef struct settings {
  const char *input; // a path, or "-"; NULL: --kernels only
  bool is_ir;        // the input is IR text
  stage stage;
  const char *output; // -o, or NULL
  const char *triple;
  const target *target;
  tier_list tiers;  // best first
  bool tiers_named; // by the user
  unsigned opt_level;
  const char *cpu;      // or NULL
  const char *features; // or NULL
  const char *prefix;   // or NULL: the model's name
  bool embed;
  bool bundled;
  bool explain;
  bool exact_size;  // see lower_options
  const char *dump; // or NULL
} settings;

// Checks everything that can be checked without reading the input.
exit_status settings_read(diag *d, arena *a, const options *o, settings *out);

// -W, -w, -ferror-limit: tells `d`. Usage errors are reported.
exit_status settings_apply_warnings(diag *d, arena *a, const options *o);

// A whole number from the text of an option, reported when it is none or larger than `max`.
bool settings_number(diag *d, const char *option, const char *text, uint64_t max, uint64_t *out);

// Of --shape; *rows and *columns stay as they are without it. False when reported.
bool settings_shape(diag *d, arena *a, const options *o, uint64_t *rows, uint64_t *columns);
// --threads: `otherwise` without it, and for 0 as many as there are processors that this process may use.
bool settings_threads(diag *d, const options *o, unsigned otherwise, unsigned *out);

#endif
