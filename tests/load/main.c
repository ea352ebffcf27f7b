#include "tests/check_main.h"
#include "tests/load/kit.h"

int main(void) {
  Suite *suite = suite_create("load");
  TCase *(*const cases[])(void) = {load_tcase_load,   load_tcase_errors, load_tcase_qw,     load_tcase_quantize,
                                   load_tcase_fields, load_tcase_report, load_tcase_models, load_tcase_transforms};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    TCase *tcase = cases[i]();
    tcase_add_checked_fixture(tcase, load_setup, load_teardown);
    suite_add_tcase(suite, tcase);
  }
  return check_main(suite);
}
