// Operators and entries are written out: what becomes of a text, or what is said of it. The work is bounded.
#include <string.h>
#include <time.h>

#include "frontend/frontend.h"
#include "frontend/operators.h"
#include "tests/check_main.h"

enum { MOST_SECONDS = 30 }; // generous for slow machines and sanitizers

// `operators` stand before the network, whose only entry is `entry`. The computation's text or the messages contain
// `expected`, and not `absent` where that is given.
typedef struct expand_row {
  const char *what;
  const char *operators;
  const char *entry;
  size_t errors; // 0: it is right. One error has none that follow from it
  const char *expected;
  const char *absent;
} expand_row;

static const expand_row rows[] = {
    // What is right.
    {"an index is an integer in a statement, and becomes real beside reals",
     "operator f(x : T[n]) { y : T[n] = x[n] / n; }", "run(x : f32[3]) { return y = f(x); }", 0,
     "for n.0 < 3: %0[n.0] = div($0[n.0], real(n.0))", NULL},
    {"the condition of a choice proves the read in its branch",
     "operator f(x : T[n]) { y : T[n] = n < count(n) - 1 ? x[n + 1] : 0; }", "run(x : f32[3]) { return y = f(x); }", 0,
     "select(lt(n.0, 2), $0[add(n.0, 1)], 0.0)", NULL},
    {"a condition on sizes is taken to hold after it is required", "",
     "run(x : f32[n]) { require n >= 2, \"two\"; y[j < 2] = x[j]; return y; }", 0, "%0[j.0] = $0[j.0]", NULL},
    // Reads that may be outside.
    {"a read behind the end", "operator f(x : T[n]) { y : T[n] = x[n + 1]; }", "run(x : f32[3]) { return y = f(x); }",
     1, "this read may be outside of 'x': index 1 is 1 .. 3, and the dimension has 3", NULL},
    {"each level of calls is named", "operator g(x : T[n]) { y : T[n] = x[n - 1]; } operator f(x : T[n]) { y = g(x); }",
     "run(x : f32[3]) { return y = f(x); }", 1, "note: called here, as 'f'", NULL},
    {"an integer tensor whose bound is beyond a size", "",
     "run(x : f32[n], k : i32[4] < 9) { y[j] = x[k[j]]; return y; }", 1, "index 1 is 0 .. 8, and the dimension has n",
     "nothing here is named"},
    // Sizes and types that do not fit.
    {"one size has two values", "operator f(x : T[n, k], w : T[k]) { y : T[n] = sum(k, x[n, k] * w[k]); }",
     "run(x : f32[3, 4], w : f32[5]) { return y = f(x, w); }", 1, "k of 'w' is 5, and was 4 before", NULL},
    {"leading dimensions", "operator f(x : T[.., n], b : T[..]) { y : T[.., n] = x[.., n] + b[..]; }",
     "run(x : f32[2, 3, 4], b : f32[5]) { return y = f(x, b); }", 1,
     "a leading dimension of 'b' is 5, and was 3 before", NULL},
    {"two ranges of one index", "operator f(x : T[n], z : T[m]) { y : T[i] = x[i] + z[i]; }",
     "run(x : f32[3], z : f32[4]) { return y = f(x, z); }", 1, "the index 'i' ranges over 3 in 'x' and 4 in 'z'", NULL},
    {"a type variable", "operator f(x : T[n], z : T[n]) { y : T[n] = x[n] + z[n]; }",
     "run(x : f32[3], z : f16[3]) { return y = f(x, z); }", 1, "'z' is f16 here, and T wants f32", NULL},
    {"reals are not stored as integers", "operator f(x : T[n]) { y : i32[n] = x[n]; }",
     "run(x : f32[3]) { return y = f(x); }", 1, "a real number is stored as i32", NULL},
    {"remainders of reals", "", "run(x : f32[3]) { y[i] = x[i] % 2; return y; }", 1, "works on integers",
     "nothing here is named"},
    {"a requirement that does not hold", "operator f(x : T[n]) { require count(n) == 4, \"four\"; y : T[n] = x[n]; }",
     "run(x : f32[3]) { return y = f(x); }", 1, "error: four", NULL},
    {"a choice by a size", "", "run(x : f32[n]) { if n < 4 { y = x; } else { y = x; } return y; }", 1,
     "what 'if' chooses by has to be known", "nothing here is named"},
    // Names and indices.
    {"an unknown name", "operator f(x : T[n]) { y : T[n] = xx[n]; }", "run(x : f32[3]) { return y = f(x); }", 1,
     "did you mean 'x'?", NULL},
    {"an unknown parameter", "operator f(x : T[n], eps = 1) { y : T[n] = x[n] + eps; }",
     "run(x : f32[3]) { return y = f(x, epps = 2); }", 1, "did you mean 'eps'?", NULL},
    {"an unknown operator", "operator softmax(x : T[n]) { y : T[n] = x[n]; }",
     "run(x : f32[3]) { return y = sofmax(x); }", 1, "did you mean 'softmax'?", NULL},
    {"an index has no value by itself", "operator f(x : T[n]) { s = n; y : T[n] = x[n] / s; }",
     "run(x : f32[3]) { return y = f(x); }", 1, "how many there are is count(n)", "nothing here is named"},
    {"an index is bound twice", "operator f(x : T[n]) { y : T[n] = sum(n, x[n]); }",
     "run(x : f32[3]) { return y = f(x); }", 1, "'n' is an index of this statement already", NULL},
    {"an index stands twice on the left", "", "run(x : f32[3]) { y[i, i] = x[i]; return y; }", 1,
     "the index 'i' stands twice on the left", "nothing here is named"},
    {"what an error left without a meaning is no second error, nor is a range by it", "",
     "run(x : f32[3]) { y[i] = x[i] + q[i]; z[i] = y[i] * 2; return z; }", 1, "nothing here is named 'q'",
     "is not known"},
    {"errors of other statements are found too", "",
     "run(x : f32[3]) { y[i] = x[i] + q[i]; z[i] = x[i] + r[i]; return z; }", 2, "nothing here is named 'r'", NULL},
    // Work that has no end.
    {"a call of itself on tensors", "operator f(x : T[n]) { y = f(x); }", "run(x : f32[3]) { return y = f(x); }", 1,
     "'f' calls itself, and 64 calls within one another do not end that", NULL},
    {"a call of itself by way of another", "operator f(x) { y = g(x); } operator g(x) { y = f(x); }",
     "run(x : f32[3]) { y[i] = f(x[i]); return y; }", 1, "calls itself, and 64 calls", NULL},
    {"two calls of itself beside one another are one error", "operator f(x) { y = f(x) * f(x); }",
     "run(x : f32[3]) { y[i] = f(x[i]); return y; }", 1, "'f' calls itself", NULL},
    {"calls of itself that a size ends",
     "operator f(x : T[n]) { if count(n) == 1 { y : T[i < 1] = x[i]; } else { y = f(tail(x)); } } "
     "operator tail(x : T[n < N]) { y : T[i < N - 1] = x[i + 1]; }",
     "run(x : f32[3]) { return y = f(x); }", 0, "return", NULL},
    {"many rounds", "",
     "run(x : f32[3]) { n = 0; for i < 100000 { for j < 100000 { n = i + j; } } y[i] = x[i] + n; return y; }", 1,
     "statements and rounds of 'for'", NULL},
    {"many rounds without statements", "", "run(x : f32[3]) { for i < 100000000 { } return y = x; }", 1,
     "statements and rounds of 'for'", NULL},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static st_computation *expand(diag *d, arena *a, const strbuf *text) {
  const ast *tree = fe_parse(d, a, "test.q", strbuf_text(text), text->len);
  ex_library *l = ex_library_new(d, a);
  if (tree == NULL || tree->has_errors || !ex_library_add(l, tree, false)) return NULL;
  const ast_node *network = tree->items.data[tree->items.len - 1];
  return network->kind == AST_MODEL ? ex_entry(l, network, NULL) : NULL;
}

START_TEST(texts) {
  const expand_row *r = &rows[_i];
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  strbuf text = {.mem = a};
  strbuf_printf(&text, "%s\nnetwork t { dim n <= 8; entry %s }\n", r->operators, r->entry);
  const st_computation *c = expand(d, a, &text);
  ck_assert_msg((c != NULL) == (r->errors == 0), "%s: %s", r->what, diag_text(d));
  ck_assert_msg(diag_error_count(d) == r->errors, "%s: %s", r->what, diag_text(d));
  const char *got = c != NULL ? st_text(a, c) : diag_text(d);
  ck_assert_msg(strstr(got, r->expected) != NULL, "%s: %s", r->what, got);
  ck_assert_msg(r->absent == NULL || strstr(got, r->absent) == NULL, "%s: %s", r->what, got);
  arena_free(a);
}
END_TEST

// Calls take time in proportion to their number.
START_TEST(chain_of_calls) {
  enum { COUNT = 12800 };
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  strbuf text = {.mem = a};
  strbuf_printf(&text, "operator g(x : T[n]) { y : T[n] = x[n] * 2 + 1; }\nnetwork t { entry run(h0 : f32[3]) {\n");
  for (int i = 1; i <= COUNT; i++) strbuf_printf(&text, "h%d = g(h%d);\n", i, i - 1);
  strbuf_printf(&text, "return y = h%d; } }\n", (int)COUNT);
  clock_t begin = clock();
  const st_computation *c = expand(d, a, &text);
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  ck_assert_msg(c != NULL, "%s", diag_text(d));
  ck_assert_uint_eq(c->statements.len, COUNT);
  ck_assert_msg(seconds < (double)MOST_SECONDS, "%d calls take %.1f s", (int)COUNT, seconds);
  arena_free(a);
}
END_TEST

// Macros that double what they are given: their expressions are shared, and the calls have a limit of their own.
START_TEST(doubling_macros) {
  enum { COUNT = 40 };
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  strbuf text = {.mem = a};
  strbuf_printf(&text, "operator d0(x) { y = x * x + 1; }\n");
  for (int i = 1; i < COUNT; i++) strbuf_printf(&text, "operator d%d(x) { y = d%d(d%d(x)); }\n", i, i - 1, i - 1);
  strbuf_printf(&text, "network t { entry run(x : f32[3]) { y[i] = d%d(x[i]); return y; } }\n", COUNT - 1);
  ck_assert_ptr_null(expand(d, a, &text));
  ck_assert_msg(strstr(diag_text(d), "statements and rounds of 'for'") != NULL, "%s", diag_text(d));
  ck_assert_uint_eq(diag_error_count(d), 1);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("operators written out");
  TCase *tcase = tcase_create("expand");
  tcase_add_loop_test(tcase, texts, 0, ROWS);
  tcase_add_test(tcase, chain_of_calls);
  tcase_add_test(tcase, doubling_macros);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
