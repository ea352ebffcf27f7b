// Texts that are no module: each error names its line and column, and several are reported in one run.
#include <string.h>

#include "../check_main.h"
#include "edits.h"
#include "samples.h"

static const char *parse_errors(arena *mem, const char *text, size_t length) {
  diag *d = diag_new(mem, NULL, false);
  ck_assert_msg(ir_parse(d, mem, "text", text, length) == NULL, "parses: %s", text);
  ck_assert_uint_gt(diag_error_count(d), 0);
  return diag_text(d);
}

#define KERNEL "module \"m\" batch 1\nkernel @k(%x: buffer, %begin: index, %end: index) {\n"

static const struct {
  const char *text;
  const char *message;
} rows[] = {
    {"", "text:1:1: error: syntax error, unexpected end of file, expecting module"},
    {"module", "text:1:7: error: syntax error, unexpected end of file, expecting a text"},
    {"module \"m\" batch 1 nonsense", "text:1:20: error: syntax error, unexpected a word"},
    {"module \"m\" batch -1", "text:1:18: error: expected an integer that is not negative"},
    {"module \"m\" batch 99999999999999999999", "'99999999999999999999' does not fit 64 bits"},
    {"module \"m\" batch 1\nsource \"open\n", "text:2:8: error: this text does not end"},
    {"module \"m\" batch 1\nsource \"a\\q\"", "text:2:8: error: this text does not end, or has an unknown escape"},
    {"module \"m\" batch 1\nsource \"a\\x00b\"", "text:2:8: error: a text cannot hold the character 0"},
    {"module \"m\" batch 1\n$", "text:2:1: error: unexpected character"},
    {"module \"m\" batch 1\nkernel @k(%x: buffer {", "text:2:22: error: syntax error, unexpected '{'"},
    {"module \"m\" batch 1\nkernel @k(%x: bufer) { }", "text:2:15: error: expected a type"},
    {"module \"m\" batch 1\nkernel @k(%x: vector<4 x i8 x i8>) { }",
     "text:2:15: error: expected a type, for example vector<16 x i8>"},
    {"module \"m\" batch 1\nkernel @k(%x: vector<-4 x i8>) { }",
     "text:2:22: error: expected an integer that is not negative"},
    {"module \"m\" batch 1\nkernel @k(%x: vector<4294967296 x i8>) { }", "does not fit 32 bits"},
    {"module \"m\" batch 1\nkernel @k(%x: tensor<1 x 2 x 3 x 4 x 5 x f32>) { }", "a tensor has at most 4 dimensions"},
    {"module \"m\" batch 1\nkernel @k(%x: tensor<4 x f33>) { }", "text:2:26: error: expected an element type"},
    {"module \"m\" batch 1\nkernel @k(%x: index, %x: index) { }", "text:2:22: error: %x is defined twice"},
    {KERNEL "  %y = thread : index\n  %y = thread : index\n}", "text:4:3: error: %y is defined twice"},
    {KERNEL "  %y = index.add %begin, %z : index\n}", "text:3:26: error: %z is not defined before this"},
    {KERNEL "  %y = index.ad %begin, %end : index\n}", "text:3:8: error: there is no operation 'index.ad'"},
    {KERNEL "  %y = index.ad %begin, %end : index\n}", "did you mean 'index.add'?"},
    {KERNEL "  %y = index {valu = 1} : index\n}", "text:3:15: error: there is no attribute 'valu'"},
    {KERNEL "  %y = index {valu = 1} : index\n}", "did you mean 'value'?"},
    {KERNEL "  %y = index {value = 1.5} : index\n}", "text:3:23: error: expected an integer"},
    {KERNEL "  %y = index {value = 9223372036854775808} : index\n}", "does not fit 64 signed bits"},
    {KERNEL "  %y = index {value = } : index\n}", "text:3:23: error: syntax error, unexpected '}'"},
    {KERNEL "  %y, %z = thread : index\n}", "text:3:3: error: there are 2 results, but 1 types"},
    {KERNEL "  %y = vector {real = @x} : vector<1 x f32>\n}", "text:3:23: error: expected a number"},
    {KERNEL "  %y = lookup %x {table = [1]} : vector<1 x i8>\n}", "expected bytes"},
    {KERNEL "  %y = lookup.f32 %x {levels = 1} : vector<1 x f32>\n}", "expected a list in brackets"},
    {KERNEL "  %y = linear %x {weight = w} : index\n}", "expected a name with '@'"},
    {KERNEL "  %y = linear %x {act = i8} : index\n}", "expected an activation mode"},
    {KERNEL "  %y = linear %x {act = i8 per row dynamic} : index\n}",
     "syntax error, unexpected a word, expecting an integer or token"},
    {KERNEL "  %y = matmul %x {epilogue = 3} : index\n}", "expected a word"},
    {KERNEL "  for %i = %begin to %end step %one {\n    yield ()\n  }\n}", "text:3:32: error: %one is not defined"},
    {KERNEL "  for %i = %begin to %end {\n    yield ()\n  }\n}", "expecting step"},
    {KERNEL "  for %i = %begin to %end step %begin {\n    yield ()\n  }\n  %y = index.add %i, %i : index\n}", "{ok}"},
    {KERNEL "  store %x\n", "text:4:1: error: syntax error, unexpected end of file"},
    {"module \"m\" batch 1\nscheme @s {\n  field @c : u4 per weight\n}",
     "text:2:8: error: scheme 's' does not say what"},
    {"module \"m\" batch 1\nscheme @s {\n  field @c : u17 per weight\n  value = 1\n}",
     "text:3:14: error: expected an element type"},
    {"module \"m\" batch 1\nscheme @s {\n  field @c : u4 per column\n  value = 1\n}", "expected weight, row, tensor"},
    {"module \"m\" batch 1\nscheme @s {\n  field @c : u4 [1, 2, 3, 4, 5] per row\n  value = 1\n}",
     "at most 4 dimensions"},
    {"module \"m\" batch 1\nscheme @s {\n  value = field @d\n}", "text:3:17: error: there is no field 'd'"},
    {"module \"m\" batch 1\nscheme @s {\n  value = table @d(1)\n}", "there is no table 'd'"},
    {"module \"m\" batch 1\nscheme @s {\n  value = add(1)\n}", "'add' takes 2 arguments, not 1"},
    {"module \"m\" batch 1\nscheme @s {\n  value = plus(1, 2)\n}", "'plus' is no operator"},
    {"module \"m\" batch 1\nscheme @s {\n  value = int(1)\n}", "'int' is no operator"},
    {"module \"m\" batch 1\nscheme @s {\n  value = m\n}", "there is no variable 'm'"},
    {"module \"m\" batch 1\nscheme @s {\n  value = %j\n}", "%j is no index of this place"},
    {"module \"m\" batch 1\nscheme @s {\n  value = \"text\"\n}", "expected an expression"},
    {"module \"m\" batch 1\nscheme @s {\n  value = 1\n  value = 2\n}", "has two values"},
    {"module \"m\" batch 1\nscheme @s {\n  value = load @t(1)\n}", "there is no tensor of the layout 't'"},
    {"module \"m\" batch 1\nscheme @s {\n  value = stream 0(1)\n}", "a stream needs its axis"},
    {"module \"m\" batch 1\nscheme @s {\n  value = lock @s(1)\n}",
     "expected table, element, load, stream, order, find, rank, float or window"},
    {"module \"m\" batch 1\nplan { }\n", "text:2:6: error: the plan lacks 'inputs'"},
    {"module \"m\" batch 1\nweight @w {rows = 1, rows = 2, columns = 1, offset = 0, size = 0}",
     "text:2:22: error: 'rows' is given twice"},
    {"module \"m\" batch 1\nweight @w {row = 1, columns = 1, offset = 0, size = 0}",
     "text:2:12: error: a weight has no 'row'"},
    {"module \"m\" batch 1\nweight @w {rows = 1, columns = 1, offset = 0}", "the weight lacks 'size'"},
    {"module \"m\" batch 1\nweight @w {scheme = @s, rows = 1, columns = 1, offset = 0, size = 0}",
     "there is no scheme 's' before this"},
    {"module \"m\" batch 1\nweight @w {recipe = @r, rows = 1, columns = 1, offset = 0, size = 0}",
     "there is no recipe 'r' before this"},
    {"module \"m\" batch 1\nweight @w {layout = \"l\", rows = 1, columns = 1, offset = 0, size = 0}",
     "has no layout 'l'"},
};

START_TEST(a_bad_text) {
  arena *mem = arena_new();
  const char *text = rows[_i].text;
  if (strcmp(rows[_i].message, "{ok}") == 0) { // names are found by text order; scopes are the verifier's
    ck_assert_ptr_nonnull(ir_parse(diag_new(mem, NULL, false), mem, "text", text, strlen(text)));
  } else {
    const char *said = parse_errors(mem, text, strlen(text));
    ck_assert_msg(strstr(said, rows[_i].message) != NULL, "expected '%s', got:\n%s", rows[_i].message, said);
  }
  arena_free(mem);
}
END_TEST

// Edits of a whole module, for what needs one around it.
static const edit_row edits[] = {
    {"mode = table-dot", "mode = fast", "expected a compute mode"},
    {"levels = [", "levels = [1, ", "there are 17 levels for 16 codes"},
    {"code_bits = 4", "code_bits = 20", "a code of 20 bits is too wide for a table"},
    {"planes = [x\"", "planes = [x\"00", "expected 16 bytes, one for each code"},
    {"planes = [x\"", "planes = [x\"\", x\"\", x\"\", x\"", "at most 4 planes"},
    {"affine = false", "affine = maybe", "expected true or false"},
    {"table_field = none", "table_field = @nothing", "there is no field 'nothing'"},
    {"core = 0", "core = 2147483648", "does not fit 32 bits"},
    {"k_group = 32", "k_group = -32", "expected an integer that is not negative"},
    {"step = 0.10000000149011612", "step = \"0.1\"", "expected a number"},
    {"store = f16", "store = 16", "expected an element type"},
    {"width = 4, shift = 0, offset = 0", "width = 4, shift = 0", "the plane lacks 'offset'"},
    {"input 0 at 0", "input at 0", "expected input N, output N, weights or workspace"},
    {"input 0 at 0", "weights 0 at 0", "expected input N, output N, weights or workspace"},
    {"input 0 at 0", "cache at 0", "expected input N, output N, weights or workspace"},
    {"input 0 at 0", "12", "expected none, or a space and its offset"},
    {"kernel = @k", "kernel = \"k\"", "expected a name with '@'"},
    {"\nplan", "\nplan { inputs = [], outputs = [], workspace = 0, weights_size = 0, max_batch = 0, steps = [] }\nplan",
     "two plans"},
    {"field @book : f16 [16]", "field @book : f16 [-16]", "expected an integer that is not negative"},
    {"(%n, %k)", "(%n, %k, %a, %b)", "a place has at most 3 indices"},
    {"stream @qweight/1", "stream @qweights/1", "there is no tensor of the layout 'qweights'"},
};

START_TEST(a_bad_edit) {
  arena *mem = arena_new();
  const char *text = apply_edit(mem, ir_print(mem, sample_model(mem)), &edits[_i]);
  const char *said = parse_errors(mem, text, strlen(text));
  ck_assert_msg(strstr(said, edits[_i].message) != NULL, "expected '%s', got:\n%s", edits[_i].message, said);
  arena_free(mem);
}
END_TEST

START_TEST(errors_show_the_line_and_a_caret) {
  arena *mem = arena_new();
  const char *text = KERNEL "  %y = index.add %begin, %z : index\n}";
  const char *said = parse_errors(mem, text, strlen(text));
  ck_assert_str_eq(said, "text:3:26: error: %z is not defined before this\n"
                         "    3 |   %y = index.add %begin, %z : index\n"
                         "      |                          ^~\n");
  arena_free(mem);
}
END_TEST

START_TEST(several_errors_are_reported_at_once) {
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  const char *text =
      KERNEL "  %a = nothing : index\n  %b = index.add %a, %c : index\n  %d = index {valu = 1} : index\n}";
  ck_assert_ptr_null(ir_parse(d, mem, "text", text, strlen(text)));
  ck_assert_uint_eq(diag_error_count(d), 3);
  arena_free(mem);
}
END_TEST

START_TEST(operations_know_their_lines) {
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  const char *text = KERNEL "  %y = add.f %begin, %end : index\n}";
  const ir_module *m = ir_parse(d, mem, "text", text, strlen(text));
  ck_assert_ptr_nonnull(m);
  ck_assert(!ir_verify(d, m));
  ck_assert_msg(strstr(diag_text(d), "text:3:8: error: kernel 'k': 'add.f' of %y") != NULL, "%s", diag_text(d));
  arena_free(mem);
}
END_TEST

START_TEST(comments_and_layout_are_free) {
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  const char text[] =
      "// first\nmodule\t\"m\" batch 1 // then\r\nkernel@k(%begin:index,%end:index){%y=thread:index}// end";
  const ir_module *m = ir_parse(d, mem, "text", text, sizeof text - 1);
  ck_assert_msg(m != NULL && ir_verify(d, m), "%s", diag_text(d));
  arena_free(mem);
}
END_TEST

START_TEST(texts_need_no_end) {
  arena *mem = arena_new();
  const char text[] = {'m', 'o', 'd', 'u', 'l', 'e', '\0', '"'};
  ck_assert(strstr(parse_errors(mem, text, sizeof text), "text:1:7: error: unexpected character") != NULL);
  arena_free(mem);
}
END_TEST

// Nesting deeper than the parser's stack is an error, not a crash; a thousand levels are fine for nobody.
START_TEST(deep_nesting_is_refused) {
  arena *mem = arena_new();
  strbuf text = {.mem = mem};
  strbuf_printf(&text, "module \"m\" batch 1\nscheme @s {\n  value = ");
  for (int i = 0; i < 100000; i++) strbuf_printf(&text, "neg(");
  ck_assert(strstr(parse_errors(mem, text.data, text.len), "memory exhausted") != NULL);
  arena_free(mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ir parser");
  TCase *bad = tcase_create("rows");
  tcase_add_loop_test(bad, a_bad_text, 0, (int)(sizeof rows / sizeof rows[0]));
  tcase_add_loop_test(bad, a_bad_edit, 0, (int)(sizeof edits / sizeof edits[0]));
  suite_add_tcase(suite, bad);
  check_add(suite, "messages",
            (const TTest *const[]){errors_show_the_line_and_a_caret, several_errors_are_reported_at_once,
                                   operations_know_their_lines, comments_and_layout_are_free, texts_need_no_end,
                                   deep_nesting_is_refused, NULL});
  return check_main(suite);
}
