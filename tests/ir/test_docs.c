// docs/ir.md tells of every operation, attribute and operator, and its examples are modules.
#include <stdio.h>
#include <string.h>

#include "../check_main.h"
#include "ir/ir.h"

static const char *page(arena *mem) {
  FILE *in = fopen(QCC_SOURCE_DIR "/docs/ir.md", "rb");
  ck_assert_ptr_nonnull(in);
  strbuf text = {.mem = mem};
  for (int c = fgetc(in); c != EOF; c = fgetc(in)) strbuf_putc(&text, (char)c);
  fclose(in);
  return strbuf_text(&text);
}

// `name`, or in a longer code span that begins with it.
static void expect_code(arena *mem, const char *text, const char *name) {
  bool alone = strstr(text, arena_printf(mem, "`%s`", name)) != NULL;
  bool applied = strstr(text, arena_printf(mem, "`%s(", name)) != NULL;
  bool named = strstr(text, arena_printf(mem, "`%s @", name)) != NULL;
  ck_assert_msg(alone || applied || named, "docs/ir.md does not tell of `%s`", name);
}

START_TEST(every_operation_is_told) {
  arena *mem = arena_new();
  const char *text = page(mem);
  for (unsigned i = 0; i < IR_OPCODE_COUNT; i++) expect_code(mem, text, ir_op_get_info((ir_opcode)i)->name);
  arena_free(mem);
}
END_TEST

START_TEST(every_attribute_is_told) {
  arena *mem = arena_new();
  const char *text = page(mem);
  for (unsigned i = 0; i < IR_ATTR_COUNT; i++) expect_code(mem, text, ir_attr_name((ir_attr_key)i));
  arena_free(mem);
}
END_TEST

START_TEST(every_expression_operator_is_told) {
  arena *mem = arena_new();
  const char *text = page(mem);
  for (unsigned i = 0; i < EXPR_COUNT; i++) expect_code(mem, text, expr_get_info((expr_op)i)->name);
  arena_free(mem);
}
END_TEST

START_TEST(the_examples_are_modules) {
  static const char open[] = "\n```ir\n";
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  int examples = 0;
  for (const char *at = strstr(page(mem), open); at != NULL; at = strstr(at, open)) {
    at += sizeof open - 1;
    const char *end = strstr(at, "\n```\n");
    ck_assert_ptr_nonnull(end);
    const ir_module *m = ir_parse(d, mem, "docs/ir.md", at, (size_t)(end - at));
    ck_assert_msg(m != NULL && ir_verify(d, m), "%s", diag_text(d));
    at = end;
    examples++;
  }
  ck_assert_int_ge(examples, 3);
  arena_free(mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("docs/ir.md");
  check_add(suite, "completeness",
            (const TTest *const[]){every_operation_is_told, every_attribute_is_told, every_expression_operator_is_told,
                                   the_examples_are_modules, NULL});
  return check_main(suite);
}
