// Everything in a module survives ir_print -> ir_parse -> ir_print, byte by byte.
#include <math.h>
#include <string.h>

#include "../check_main.h"
#include "samples.h"

static ir_module *reread(arena *mem, const char *text) {
  diag *d = diag_new(mem, NULL, false);
  ir_module *m = ir_parse(d, mem, "module", text, strlen(text));
  ck_assert_msg(m != NULL, "the text does not parse:\n%s", diag_text(d));
  return m;
}

static void expect_verified(arena *mem, const ir_module *m) {
  diag *d = diag_new(mem, NULL, false);
  ck_assert_msg(ir_verify(d, m), "%s", diag_text(d));
}

static const char *round_trip(arena *mem, const ir_module *m) {
  const char *first = ir_print(mem, m);
  const ir_module *back = reread(mem, first);
  ck_assert_str_eq(ir_print(mem, back), first);
  expect_verified(mem, m);
  expect_verified(mem, back);
  return first;
}

START_TEST(kernels_survive) {
  arena *mem = arena_new();
  round_trip(mem, sample_kernels(mem));
  arena_free(mem);
}
END_TEST

START_TEST(models_survive) {
  arena *mem = arena_new();
  round_trip(mem, sample_model(mem));
  arena_free(mem);
}
END_TEST

// ---- the samples are complete ----------------------------------------------------------------------------

typedef struct census {
  bool ops[IR_OPCODE_COUNT];
  bool attrs[IR_ATTR_COUNT];
  bool exprs[EXPR_COUNT];
} census;

static void count_block(census *c, const ir_block *block) {
  for (size_t i = 0; i < block->ops.len; i++) {
    const ir_op *op = block->ops.data[i];
    c->ops[op->code] = true;
    for (size_t j = 0; j < op->attr_count; j++) c->attrs[op->attrs[j].key] = true;
    if (op->body != NULL) count_block(c, op->body);
  }
}

static void count_expr(census *c, const expr *e) {
  c->exprs[e->op] = true;
  for (unsigned i = 0; i < e->arg_count; i++) count_expr(c, e->args[i]);
}

static void count_scheme(census *c, const scheme *s) {
  if (s->value != NULL) count_expr(c, s->value);
  for (size_t i = 0; i < s->layout_count; i++)
    for (size_t j = 0; j < s->layouts[i].place_count; j++) count_expr(c, s->layouts[i].places[j].raw);
}

START_TEST(samples_hold_every_op_attribute_and_operator) {
  arena *mem = arena_new();
  census c = {0};
  const ir_module *modules[] = {sample_kernels(mem), sample_model(mem)};
  for (size_t i = 0; i < 2; i++)
    for (size_t j = 0; j < modules[i]->funcs.len; j++) count_block(&c, modules[i]->funcs.data[j]->body);
  for (size_t i = 0; i < modules[1]->schemes.len; i++) count_scheme(&c, modules[1]->schemes.data[i]);
  for (unsigned i = 0; i < IR_OPCODE_COUNT; i++) ck_assert_msg(c.ops[i], "no '%s'", ir_op_get_info((ir_opcode)i)->name);
  for (unsigned i = 0; i < IR_ATTR_COUNT; i++) ck_assert_msg(c.attrs[i], "no '%s'", ir_attr_name((ir_attr_key)i));
  for (unsigned i = 0; i < EXPR_COUNT; i++) ck_assert_msg(c.exprs[i], "no '%s'", expr_get_info((expr_op)i)->name);
  arena_free(mem);
}
END_TEST

// ---- what survives is the same, not only the same text ---------------------------------------------------

START_TEST(schemes_and_recipes_mean_the_same) {
  arena *mem = arena_new();
  const ir_module *m = sample_model(mem);
  const ir_module *back = reread(mem, ir_print(mem, m));
  const recipe *a = m->recipes.data[0], *b = back->recipes.data[0];
  ck_assert(expr_equal(m->schemes.data[1]->value, back->schemes.data[1]->value));
  ck_assert(prepared_equal(&a->prepared, &b->prepared));
  ck_assert(act_equal(&a->act, &b->act));
  ck_assert_mem_eq(a->normal.terms[0].levels, b->normal.terms[0].levels, 16 * sizeof(double));
  ck_assert_mem_eq(a->cores[0].planes[1], b->cores[0].planes[1], 16);
  ck_assert(b->normal.terms[1].levels == NULL && b->normal.terms[1].table_field == 3);
  ck_assert(b->flush == 7 && b->float_span == PREPARED_ROW && b->cores[1].offset == INT64_MIN);
  ck_assert(back->weights.data[0]->source == back->sources.data[0]);
  ck_assert(back->weights.data[0]->layout == &back->schemes.data[1]->layouts[0]);
  ck_assert(back->weights.data[1]->recipe == NULL && back->weights.data[1]->scheme == NULL);
  ck_assert(back->plan->steps.data[1]->layer == NULL && back->plan->steps.data[0]->buffers[3].offset.per_batch == 128);
  arena_free(mem);
}
END_TEST

// Codes of 32 bits have no tables, whose lengths would be 2^32.
START_TEST(wide_codes_survive) {
  arena *mem = arena_new();
  ir_module *m = ir_module_new(mem, "floats");
  recipe *r = sample_recipe(mem, m, sample_rich_scheme(mem, m));
  const recipe_core plain = {.step = 1, .offset = 0};
  const recipe_term term = {.value = {.table_field = -1, .float_field = 1}};
  r->normal = (normal_form){.code_bits = 32, .term_count = 1, .terms = &term.value};
  r->core_count = r->term_count = 1;
  r->cores = &plain;
  r->terms = &term;
  const char *text = ir_print(mem, m);
  const ir_module *back = reread(mem, text);
  ck_assert_str_eq(ir_print(mem, back), text);
  ck_assert(back->recipes.data[0]->terms[0].value.float_field == 1);
  arena_free(mem);
}
END_TEST

static const double reals[] = {0.0,      -0.0,      0.1,       1.0 / 3,   1e308, 5e-324, -2.2250738585072014e-308,
                               INFINITY, -INFINITY, 123456789, 0x1p-1074, 1e22,  1e16,   3.4028234663852886e38};

START_TEST(real_numbers_are_exact) {
  arena *mem = arena_new();
  ir_module *m = ir_module_new(mem, "reals");
  ir_func *f = ir_func_new(m, "k", IR_FUNC_KERNEL);
  ir_builder b = {.mem = mem, .func = f, .block = f->body};
  ir_add_param(&b, f->body, ir_index(), "begin");
  ir_add_param(&b, f->body, ir_index(), "end");
  for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) ir_vector_real(&b, ir_vector(ELEM_F32, 1), reals[i]);
  ir_vector_real(&b, ir_vector(ELEM_F32, 1), NAN);
  const ir_module *back = reread(mem, round_trip(mem, m));
  for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
    double value = ir_get_attr(back->funcs.data[0]->body->ops.data[i], IR_ATTR_REAL)->r;
    ck_assert_mem_eq(&value, &reals[i], sizeof value);
  }
  arena_free(mem);
}
END_TEST

static const char *const names[] = {"plain",
                                    "with.dots-and_more",
                                    "9starts with a digit",
                                    "",
                                    "a b",
                                    "\"\\",
                                    "caf\xc3\xa9",
                                    "-x",
                                    "kernel",
                                    "\x7f\x01",
                                    "%@",
                                    "batch",
                                    "x",
                                    "inf",
                                    "nan"};

START_TEST(names_may_hold_anything) {
  arena *mem = arena_new();
  ir_module *m = ir_module_new(mem, names[5]);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    vec_push(mem, &m->sources, names[i]);
    ir_func *f = ir_func_new(m, names[i], IR_FUNC_KERNEL);
    ir_builder b = {.mem = mem, .func = f, .block = f->body};
    for (int j = 0; j < 3; j++) ir_add_param(&b, f->body, ir_index(), names[i]);
    ir_add_param(&b, f->body, ir_index(), "plain.1");
  }
  const ir_module *back = reread(mem, round_trip(mem, m));
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    ck_assert_str_eq(back->funcs.data[i]->name, names[i]);
    ck_assert_str_eq(back->sources.data[i], names[i]);
    ck_assert_str_eq(back->funcs.data[i]->body->params[0]->name, names[i]);
  }
  arena_free(mem);
}
END_TEST

START_TEST(one_function_prints_alone) {
  arena *mem = arena_new();
  const ir_module *m = sample_kernels(mem);
  const char *text = ir_print_func(mem, m, m->funcs.data[0]);
  ck_assert(strncmp(text, "kernel @\"all of it\"(%\"in put\": buffer, %offset: index, %offset.1: index", 70) == 0);
  ck_assert(strstr(ir_print(mem, m), text) != NULL);
  arena_free(mem);
}
END_TEST

static const struct {
  act_spec act;
  const char *text;
} acts[] = {{{.kind = ACT_PLAIN, .type = ELEM_F32}, "f32"},
            {{.kind = ACT_PLAIN, .type = ELEM_BF16}, "bf16"},
            {{.kind = ACT_PLAIN, .type = ELEM_F16}, "f16"},
            {{.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32}, "i8 per 32 dynamic"},
            {{.kind = ACT_SYMMETRIC, .type = ELEM_I8}, "i8 per token dynamic"},
            {{.kind = ACT_SYMMETRIC, .type = ELEM_I4, .group = 32}, "i4 per 32 dynamic"},
            {{.kind = ACT_ASYMMETRIC, .type = ELEM_U8}, "u8 per token dynamic"},
            {{.kind = ACT_SYMMETRIC, .type = ELEM_F8E4M3}, "f8e4m3 per token dynamic"},
            {{.kind = ACT_SIGN, .type = ELEM_U1, .group = 128}, "i1 per 128 dynamic"},
            {{.kind = ACT_STATIC, .type = ELEM_I8, .scale = 0.05, .zero = -3}, "i8 static(0.05, -3)"},
            {{.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.05, .zero = 131}, "u8 static(0.05, 131)"}};

START_TEST(activation_modes_have_their_texts) {
  enum { COUNT = sizeof acts / sizeof *acts };
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  for (int i = 0; i < COUNT; i++) {
    ck_assert_str_eq(act_text(mem, &acts[i].act), acts[i].text);
    for (int j = 0; j < COUNT; j++) ck_assert(act_equal(&acts[i].act, &acts[j].act) == (i == j));
    const char *text = arena_printf(mem,
                                    "module \"m\" batch 1\nmodel @m(%%x: tensor<4 x f32>) -> () {\n"
                                    "  %%p = prepare %%x {act = %s} : prepared<4 x f32>\n  return ()\n}\n",
                                    acts[i].text);
    const ir_module *m = ir_parse(d, mem, "act", text, strlen(text));
    ck_assert_msg(m != NULL, "%s", diag_text(d));
    ck_assert_msg(strstr(ir_print(mem, m), arena_printf(mem, "act = %s", acts[i].text)) != NULL, "%s", acts[i].text);
  }
  arena_free(mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ir round trip");
  check_add(suite, "print and parse",
            (const TTest *const[]){kernels_survive, models_survive, samples_hold_every_op_attribute_and_operator,
                                   schemes_and_recipes_mean_the_same, wide_codes_survive, real_numbers_are_exact,
                                   names_may_hold_anything, one_function_prints_alone,
                                   activation_modes_have_their_texts, NULL});
  return check_main(suite);
}
