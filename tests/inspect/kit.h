// Weight files of any format, made by the tests, and what is found in them.
#ifndef QCC_TESTS_INSPECT_KIT_H
#define QCC_TESTS_INSPECT_KIT_H

#include <check.h>

#include "inspect/convert_store.h"
#include "inspect/inspection.h"
#include "tests/weights/scratch.h"

// What a test works on: made once for a case of tests; each runs in a process of its own and leaves the others in peace.
typedef struct inspect_case {
  arena *mem;
  diag *d;
  scratch dir;
  catalogue *c; // of the standard schemes
  convert_output out;
} inspect_case;
extern inspect_case ic;

void inspect_setup(void);
void inspect_teardown(void);

// Numbers about 0 with deviation 0.05, the same everywhere.
float *inspect_weights(uint64_t rows, uint64_t columns, uint64_t seed);

// A scheme of the catalogue from its text.
const scheme *inspect_scheme(const char *text);

// Codes such as weights have, without the time that encoding takes.
const tensor_codes *inspect_likely(const scheme *s, uint64_t rows, uint64_t columns);

// Weights encoded; NULL when the encoder cannot.
const tensor_codes *inspect_encode(const scheme *s, uint64_t rows, uint64_t columns);

// Adds a tensor to the file being made.
void inspect_add(const char *name, tensor_dtype dtype, unsigned rank, const uint64_t *dims, const void *data);
void inspect_add_meta(const char *key, const char *value);
// Adds a layer in a layout; false when that cannot be written.
bool inspect_add_layer(const char *layer, const tensor_codes *codes, const scheme_layout *l);

// Writes what was added and opens it; the next file begins empty.
tensor_file *inspect_write(const char *name);

// The inspection of a file, which stays open; and the line about a name (fails without one).
const inspection *inspect_run(const tensor_file *f);
const inspected *inspect_line(const inspection *x, const char *name);

// ---- the suite: one case a file ----
TCase *inspect_tcase_recognise(void);
TCase *inspect_tcase_rank(void);
TCase *inspect_tcase_levels(void);
TCase *inspect_tcase_names(void);
TCase *inspect_tcase_json(void);
TCase *inspect_tcase_convert(void);
TCase *inspect_tcase_many(void);

#endif
