// Runs one Check suite as a test program.
#ifndef QCC_TESTS_CHECK_MAIN_H
#define QCC_TESTS_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

#include "tests/sampling.h"

// Time limits guard against hanging only: a busy machine is no failure. Check reads this when a case is made.
__attribute__((constructor)) static void check_has_time(void) { setenv("CK_DEFAULT_TIMEOUT", "3600", 0); }

// Runs and frees the suite; the exit status for main.
static inline int check_main(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Adds the tests, an array ending in NULL, as one case of the suite.
static inline void check_add(Suite *suite, const char *name, const TTest *const *tests) {
  TCase *tcase = tcase_create(name);
  for (; *tests != NULL; tests++) tcase_add_test(tcase, *tests);
  suite_add_tcase(suite, tcase);
}

// Adds the rounds 0 .. count - 1 of a looped test that belong to this shard.
static inline void check_add_rounds(TCase *tcase, const TTest *test, int count) {
  unsigned index, shards;
  sampling_shard(&index, &shards);
  for (int i = (int)index; i < count; i += (int)shards) tcase_add_loop_test(tcase, test, i, i + 1);
}

#endif
