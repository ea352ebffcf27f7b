#include "tests/lower/lower_kit.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "network/passes.h"
#include "tests/kernels/kernel_case.h"

lower_kit kit_new(void) {
  lower_kit k = {.mem = arena_new(), .explain = tmpfile()};
  ck_assert_ptr_nonnull(k.explain);
  k.d = diag_new(k.mem, NULL, false);
  k.options = (lower_options){.target = target_get(0), .explain = k.explain, .verify = true};
  return k;
}

void kit_free(lower_kit *k) {
  fclose(k->explain);
  arena_free(k->mem);
}

const scheme *kit_scheme(lower_kit *k, const char *members) {
  const char *text = arena_printf(k->mem, "scheme s { %s }", members);
  ast *tree = fe_parse(k->d, k->mem, "scheme.q", text, strlen(text));
  const scheme *s = fe_find_scheme(k->d, k->mem, tree, &(fe_options){0}, "s");
  ck_assert_msg(s != NULL, "%s", diag_text(k->d));
  return s;
}

// "i8 static" is one with some scale and zero point.
act_spec kit_act(const char *text) {
  static const char *const statics[] = {"i8 static", "u8 static", "u4 static", "u2 static", "u1 static"};
  static const act_spec specs[] = {{.kind = ACT_STATIC, .type = ELEM_I8, .scale = 0.01, .zero = -5},
                                   {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.01, .zero = 123},
                                   {.kind = ACT_STATIC, .type = ELEM_U4, .scale = 0.1, .zero = 5},
                                   {.kind = ACT_STATIC, .type = ELEM_U2, .scale = 1 / 3.0},
                                   {.kind = ACT_STATIC, .type = ELEM_U1, .scale = 1}};
  for (size_t i = 0; i < sizeof statics / sizeof *statics; i++)
    if (strcmp(text, statics[i]) == 0) return specs[i];
  act_spec act;
  if (act_plain(text, &act)) return act;
  char type[16];
  const char *per = strstr(text, " per ");
  ck_assert_ptr_nonnull(per);
  snprintf(type, sizeof type, "%.*s", (int)(per - text), text);
  uint64_t group = strcmp(per, " per token") == 0 ? 0 : strtoull(per + strlen(" per "), NULL, 10);
  ck_assert_msg(act_dynamic(type, group, &act), "%s", text);
  return act;
}

const recipe *kit_recipe(lower_kit *k, const char *members, const char *act) {
  act_spec spec = kit_act(act);
  return lower_make_recipe(k->d, k->mem, kit_scheme(k, members), &spec, "r", &k->options);
}

ir_module *kit_module(lower_kit *k, const char *text) {
  ast *tree = fe_parse(k->d, k->mem, "model.q", text, strlen(text));
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  fe_options options = {.dirs = dirs, .dir_count = 1};
  ir_module *m = tree->has_errors ? NULL : fe_build(k->d, k->mem, tree, &options);
  ck_assert_msg(m != NULL, "%s\n%s", text, diag_text(k->d));
  return m;
}

const char *kit_explained(lower_kit *k) {
  long size = ftell(k->explain);
  char *text = ARENA_ARRAY(k->mem, char, (size_t)size + 1);
  rewind(k->explain);
  ck_assert_uint_eq(fread(text, 1, (size_t)size, k->explain), (size_t)size);
  return text;
}

bool kit_matmul(lower_kit *k, const recipe *r, const target_tier *tier, uint64_t tokens, uint64_t rows,
                uint64_t columns, int data, const char **message) {
  kernel_case *c = case_new(k->d, k->mem, r, tokens, rows, columns, 1, (sample_data)data);
  const float *y = c == NULL ? NULL : case_layer(c, tier);
  if (y != NULL) return case_check(c, y, message);
  *message = diag_text(k->d);
  return false;
}

const target_tier *kit_tier(unsigned lanes) {
  for (size_t i = 0; i < target_count(); i++)
    for (size_t j = 0; !target_get(i)->gpu && j < target_get(i)->tier_count; j++)
      if (target_get(i)->tiers[j].lanes == lanes) return &target_get(i)->tiers[j];
  ck_abort_msg("no tier has %u lanes", lanes);
}

uint64_t kit_next(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  return z ^ z >> 27;
}
