// Texts of many declarations take time in proportion to their length. The limits on processor time are generous for slow
// machines and sanitizers: with a search through the names before it for each name, each of these would take minutes.
#include <string.h>
#include <time.h>

#include "frontend/frontend.h"
#include "tests/check_main.h"

enum { MOST_SECONDS = 30 };

typedef struct many_row {
  const char *what;
  unsigned count;
  const char *before;
  const char *each; // with %1$u for its number, and %2$u for the one before
  const char *after;
  const char *message; // NULL: it is right
  bool all;            // every error is shown, as with -ferror-limit=0
} many_row;

static const many_row rows[] = {
    {"constants", 300000, "", "const c%1$u = 1;\n", "", NULL, false},
    {"constants of constants", 200000, "const c0 = 1;", "const c%1$u = c%2$u;\n", "", NULL, false},
    {"constants of a scheme", 200000, "scheme s {", "const c%1$u = 1;\n", "c : u4; value = c; }", NULL, false},
    {"schemes", 100000, "", "scheme s%1$u { c : u4; value = c; }\n", "", NULL, false},
    {"rules with names", 100000, "scheme s { c : u4; value = c; }", "rule r%1$u = s;\n", "", NULL, false},
    {"rules", 100000, "scheme s { c : u4; value = c; } quantize {", "\"a%1$u\" : s;\n", "}", NULL, false},
    {"inputs", 100000, "model m {", "input x%1$u : f32[4];\n", "output y = relu(x1); }", NULL, false},
    {"values", 100000, "model m { input h0 : f32[4];", "h%1$u = relu(h%2$u);\n", "output y = relu(h0); }", NULL, false},
    {"outputs", 100000, "model m { input x : f32[4];", "output y%1$u = relu(x);\n", "}", NULL, false},
    {"files of weights", 100000, "model m { input x : f32[4];", "weights \"w%1$u\";\n", "output y = relu(x); }", NULL,
     false},
    {"unknown names", 200000, "", "const c%1$u = d%1$u;\n", "", "nothing here is named 'd1'", false},
    {"names given twice", 200000, "const c = 1;", "const c = 1;\n", "", "the name 'c' is declared twice", false},
    {"syntax errors", 200000, "", "const = ;\n", "", "expected a name", false},
    {"unknown names, all shown", 50000, "", "const c%1$u = d%1$u;\n", "", "nothing here is named 'd50000'", true},
    {"syntax errors, all shown", 50000, "", "const = ;\n", "", "many.q:50000:7: error: expected a name", true},
    {"models", 100000, "", "model m { input x : f32[4]; output y = relu(x); }\n", "", "this is a second", false},
    {"fields", 100000, "scheme s {", "c%1$u : u4;\n", "value = c1; }", "more than 1000 fields and tables", false},
    {"parameters", 100000, "scheme s(p0 = 1", ", p%1$u = 1", ") { c : u4; value = c; }", "more than 1000 parameters",
     false},
    {"arguments", 100000, "scheme s { c : u4; value = c; } quantize { \"*\" : s(p0 = 1", ", p%1$u = 1", "); }",
     "more than 1000 parameters", false},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void write_each(arena *a, strbuf *text, const char *each, unsigned count) {
  for (unsigned i = 1; i <= count; i++) {
    const char *one = arena_printf(a, each, i, i - 1);
    strbuf_write(text, one, strlen(one));
  }
}

START_TEST(many) {
  const many_row *r = &rows[_i];
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  strbuf text = {.mem = a};
  if (r->all) diag_set_error_limit(d, 0);
  strbuf_write(&text, r->before, strlen(r->before));
  write_each(a, &text, r->each, r->count);
  strbuf_write(&text, r->after, strlen(r->after));
  clock_t begin = clock();
  const ast *tree = fe_parse(d, a, "many.q", strbuf_text(&text), text.len);
  const ir_module *m = fe_build(d, a, tree, NULL);
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  ck_assert_msg((m != NULL) == (r->message == NULL), "%s: %s", r->what, diag_text(d));
  if (r->message != NULL) ck_assert_msg(strstr(diag_text(d), r->message) != NULL, "%s: %s", r->what, diag_text(d));
  ck_assert_msg(seconds < (double)MOST_SECONDS, "%u %s take %.1f s", r->count, r->what, seconds);
  arena_free(a);
}
END_TEST

// A rule for each of many layers.
START_TEST(rules_of_layers) {
  enum { COUNT = 100000 };
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  strbuf text = {.mem = a};
  strbuf_printf(&text, "scheme s { c : u4; value = c; } model m { input h0 : f32[4];");
  write_each(a, &text, "h%1$u = linear(h%2$u, \"l%1$u\", out = 4);\n", COUNT);
  strbuf_printf(&text, "output y = relu(h%u); } quantize {", (unsigned)COUNT);
  write_each(a, &text, "\"l%1$u\" : s;\n", COUNT);
  strbuf_printf(&text, "}");
  clock_t begin = clock();
  const ast *tree = fe_parse(d, a, "many.q", strbuf_text(&text), text.len);
  ck_assert_msg(fe_build(d, a, tree, NULL) != NULL, "%s", diag_text(d));
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  ck_assert_msg(seconds < (double)MOST_SECONDS, "%d layers with a rule each take %.1f s", (int)COUNT, seconds);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("many declarations");
  TCase *tcase = tcase_create("many");
  tcase_set_timeout(tcase, 600);
  tcase_add_loop_test(tcase, many, 0, ROWS);
  tcase_add_test(tcase, rules_of_layers);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
