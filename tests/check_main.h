// Runs one Check suite as a test program.
#ifndef QCC_TESTS_CHECK_MAIN_H
#define QCC_TESTS_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

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

#endif
