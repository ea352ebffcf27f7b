#include "tests/check_main.h"
#include "tests/inspect/kit.h"

int main(void) {
  Suite *suite = suite_create("inspect");
  suite_add_tcase(suite, inspect_tcase_recognise());
  suite_add_tcase(suite, inspect_tcase_rank());
  suite_add_tcase(suite, inspect_tcase_levels());
  suite_add_tcase(suite, inspect_tcase_names());
  suite_add_tcase(suite, inspect_tcase_json());
  suite_add_tcase(suite, inspect_tcase_convert());
  suite_add_tcase(suite, inspect_tcase_many());
  return check_main(suite);
}
