// What a kernel executes in one call, as a record for count_instructions.py.
#ifndef QCC_TESTS_BENCH_COUNT_H
#define QCC_TESTS_BENCH_COUNT_H

#include "tests/bench/side_qcc.h"

// Steps through the product of `tokens` tokens. The object goes to the folder, named after the format's number, the record to
// its file counts.jsonl. False (reported) on failure.
bool count_instructions(diag *d, meter *m, const qcc_kernels *k, const qcc_weights *w, const char *format,
                        uint64_t tokens, const char *folder);

#endif
