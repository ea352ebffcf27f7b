// Which formats the differential test makes kernels of: every scheme of the schemes' folder, and those of
// tests/kernels/schemes, that only tests need. A format in a folder is one that is tested.
#ifndef QCC_TESTS_CASE_FORMATS_H
#define QCC_TESTS_CASE_FORMATS_H

#include "frontend/frontend.h"

typedef struct case_formats {
  fe_options options;
  size_t count;
  const char **names;
} case_formats;

// Lists them; false (reported) when a scheme of the folders cannot be read. `dirs` must outlive `out`.
bool case_formats_list(diag *d, arena *a, const char *const *dirs, size_t dir_count, case_formats *out);

// The scheme of names[index], with its default parameters; NULL (reported) when it is wrong.
const scheme *case_formats_find(diag *d, arena *a, const case_formats *f, size_t index);

// K that the format permits: the least number from `columns` on that its windows divide.
uint64_t case_columns(const scheme *s, uint64_t columns);

#endif
