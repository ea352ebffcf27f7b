// The table of layers, letter by letter.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/load/kit.h"

static char *print(const weight_stats *stats, size_t count) {
  char *text = NULL;
  size_t size = 0;
  FILE *f = open_memstream(&text, &size);
  weights_print_table(f, stats, count);
  fclose(f);
  return text;
}

START_TEST(table) {
  const weight_stats stats[] = {
      {.layer = "fc1",
       .format = "small(group=32)",
       .rows = 128,
       .columns = 64,
       .bytes = 4608,
       .scheme_bits = 4.5,
       .stored_bits = 4.5,
       .has_error = true,
       .error = {.relative_rms = 0.0725, .sqnr_db = 22.79, .max_abs = 0.3125}},
      {.layer = "fc1.bias", .rows = 1, .columns = 128, .bytes = 512, .scheme_bits = 32, .stored_bits = 32},
      {.layer = "l\xc3\xa4yer2",
       .format = "plain",
       .rows = 10,
       .columns = 128,
       .bytes = 5120,
       .scheme_bits = 32,
       .stored_bits = 32,
       .has_error = true,
       .error = {.sqnr_db = INFINITY}},
      {.layer = "fc3",
       .format = "stored",
       .rows = 10,
       .columns = 10,
       .bytes = 900,
       .scheme_bits = 8.5,
       .stored_bits = 72},
  };
  char *text = print(stats, 4);
  ck_assert_str_eq(
      text, "layer   format              shape  bits/weight  stored  relative error  largest error     SQNR\n"
            "fc1     small(group=32)  128 x 64         4.50    4.50          0.0725          0.312  22.8 dB\n"
            "l\xc3\xa4yer2  plain            10 x 128        32.00   32.00               0              0    exact\n"
            "fc3     stored            10 x 10         8.50   72.00               -              -        -\n"
            "128 numbers are kept as f32\n"
            "total: 11.14 KB for 9700 numbers, 9.19 bits each: 28.7 % of f32, 57.4 % of f16\n");
  free(text);
}
END_TEST

START_TEST(nothing_but_vectors) {
  const weight_stats stats = weight_stats_new("fc.bias", NULL, 1, 10, 40);
  char *text = print(&stats, 1);
  ck_assert_str_eq(text, "10 numbers are kept as f32\n"
                         "total: 40 bytes for 10 numbers, 32.00 bits each: 100.0 % of f32, 200.0 % of f16\n");
  free(text);
}
END_TEST

START_TEST(nothing_at_all) {
  char *text = print(NULL, 0);
  ck_assert_str_eq(text, "");
  free(text);
}
END_TEST

TCase *load_tcase_report(void) {
  TCase *t = tcase_create("report");
  tcase_add_test(t, table);
  tcase_add_test(t, nothing_but_vectors);
  tcase_add_test(t, nothing_at_all);
  return t;
}
