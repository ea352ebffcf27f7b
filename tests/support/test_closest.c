// "Did you mean".
#include <string.h>

#include "support/diag.h"
#include "tests/check_main.h"

static const char *const names[] = {"scale", "zero", "code", "absmax", "group", "value", "Level"};
enum { COUNT = sizeof names / sizeof names[0] };

typedef struct guess {
  const char *typed;
  const char *meant;
} guess;

START_TEST(guesses) {
  static const guess table[] = {
      {.typed = "scal", .meant = "scale"},
      {.typed = "sclae", .meant = "scale"},
      {.typed = "scaale", .meant = "scale"},
      {.typed = "Scale", .meant = "scale"},
      {.typed = "cod", .meant = "code"},
      {.typed = "coed", .meant = "code"},
      {.typed = "abs_max", .meant = "absmax"},
      {.typed = "level", .meant = "Level"},
      {.typed = "gruop", .meant = "group"},
      {.typed = "scale", .meant = "scale"},
      {.typed = "weights", .meant = NULL},
      {.typed = "x", .meant = NULL},
      {.typed = "", .meant = NULL},
      {.typed = "qqqq", .meant = NULL},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const char *found = diag_closest(table[i].typed, names, COUNT);
    if (table[i].meant == NULL)
      ck_assert_msg(found == NULL, "'%s' should have no guess, has '%s'", table[i].typed, found);
    else
      ck_assert_msg(found != NULL && strcmp(found, table[i].meant) == 0, "'%s' should mean '%s', not '%s'",
                    table[i].typed, table[i].meant, found == NULL ? "nothing" : found);
  }
}
END_TEST

START_TEST(the_closest_wins_and_the_first_of_equals) {
  static const char *const near[] = {"fc11", "fc1", "fc2"};
  ck_assert_str_eq(diag_closest("fc1", near, 3), "fc1");
  ck_assert_str_eq(diag_closest("fc3", near, 3), "fc1");
}
END_TEST

START_TEST(case_is_a_smaller_difference_than_a_letter) {
  static const char *const near[] = {"relo", "RELU"};
  ck_assert_str_eq(diag_closest("reLU", near, 2), "RELU");
}
END_TEST

START_TEST(no_candidates_and_very_long_names) {
  char name[5000];
  memset(name, 'a', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  const char *const itself[] = {name};
  ck_assert_ptr_null(diag_closest("code", NULL, 0));
  ck_assert_ptr_null(diag_closest(name, itself, 1));
  ck_assert_ptr_null(diag_closest("code", itself, 1));
}
END_TEST

int main(void) {
  Suite *s = suite_create("support/closest");
  check_add(s, "closest",
            (const TTest *const[]){guesses, the_closest_wins_and_the_first_of_equals,
                                   case_is_a_smaller_difference_than_a_letter, no_candidates_and_very_long_names,
                                   NULL});
  return check_main(s);
}
