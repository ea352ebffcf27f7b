// Schedules change no result; the cost model counts what a kernel does; what was measured is found again.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cost/tuning.h"
#include "tests/check_main.h"
#include "tests/kernels/kernel_case.h"
#include "tests/lower/lower_kit.h"

#define AFFINE "code : u4; scale : f16 per 32; value = scale * (code - 8);"
#define TABLE \
  "code : u3; scale : f16 per 32; table t : f32[8] = { -9, -4, -2, 0, 1, 3, 5, 8 }; value = scale * t[code];"
#define ROWS "code : i8; scale : f32 per row; value = scale * code;"

static const struct {
  const char *members, *act;
} formats[] = {{AFFINE, "i8 per 32"}, {AFFINE, "f32"},  {TABLE, "i8 per 32"}, {ROWS, "i8 per token"},
               {ROWS, "f16"},         {AFFINE, "bf16"}, {AFFINE, "u8 per 32"}};

// Results of the recipe's kernel on the case, for these schedules.
static float *run(lower_kit *k, const kernel_case *c, const target_tier *tier, const schedule *schedules) {
  ir_module *m = ir_module_new(k->mem, "one");
  matmul_shape shape = {.epilogue = "", .schedules = schedules};
  const ir_func *f = lower_emit_matmul(m, c->recipe, tier, false, &shape, "kernel");
  uint64_t sizes[16];
  size_t size_count = case_sizes(c, sizes);
  float *y = ARENA_ARRAY(k->mem, float, c->tokens * c->rows);
  ir_memory buffers[] = {c->packed, c->prepared, {.data = (uint8_t *)y, .size = 4 * c->tokens * c->rows}};
  ck_assert_msg(ir_verify(k->d, m), "%s", diag_text(k->d));
  ck_assert_msg(ir_interpret(k->d, f, 3, buffers, size_count, sizes, 0, case_tiles(c)), "%s", diag_text(k->d));
  return y;
}

static const schedule odd_schedules[] = {{1, 1, 4, 0, 0},   {1, 2, 1, 1, 0},    {2, 3, 2, 64, 64}, {4, 5, 4, 4096, 0},
                                         {2, 8, 1, 100, 0}, {8, 13, 2, 0, 128}, {1, 16, 1, 512, 0}};

START_TEST(tiles_change_no_result) {
  static const unsigned lanes[] = {16, 4};
  static const uint64_t tokens[] = {1, 3, 14};
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, formats[_i].members, formats[_i].act);
  unsigned tried = 0;
  for (size_t n = 0; n < sizeof tokens / sizeof *tokens; n++) {
    const kernel_case *c = case_new(k.d, k.mem, r, tokens[n], 33, 70, 1, SAMPLE_RANDOM);
    for (size_t l = 0; l < sizeof lanes / sizeof *lanes; l++) {
      const target_tier *tier = kit_tier(lanes[l]);
      const float *expected = run(&k, c, tier, NULL);
      schedule chosen[SCHEDULE_CLASS_COUNT], schedules[SCHEDULE_CLASS_COUNT];
      for (schedule_class x = SCHEDULE_ONE; x < SCHEDULE_CLASS_COUNT; x++) chosen[x] = schedule_choose(r, tier, x);
      for (size_t i = 0; i < sizeof odd_schedules / sizeof *odd_schedules; i++)
        for (schedule_class of = SCHEDULE_ONE; of < SCHEDULE_CLASS_COUNT; of++) {
          schedule t = odd_schedules[i];
          if (schedule_fixed_chains(r) > 0) t.chains = schedule_fixed_chains(r);
          if (!schedule_possible(r, tier, of, &t)) continue;
          memcpy(schedules, chosen, sizeof schedules);
          schedules[of] = t;
          const float *y = run(&k, c, tier, schedules);
          ck_assert_msg(memcmp(y, expected, 4 * c->tokens * c->rows) == 0, "%s, %s: %u lanes, %s %ux%u, %llu tokens",
                        formats[_i].members, formats[_i].act, lanes[l], schedule_class_name(of), t.vectors, t.tokens,
                        (unsigned long long)tokens[n]);
          tried++;
        }
    }
  }
  ck_assert_uint_gt(tried, 20);
  kit_free(&k);
}
END_TEST

START_TEST(absurd_tiles_are_refused) {
  lower_kit k = kit_new();
  const recipe *ints = kit_recipe(&k, AFFINE, "i8 per 32"), *floats = kit_recipe(&k, AFFINE, "f32");
  const target_tier *tier = kit_tier(16);
  schedule good = schedule_choose(ints, tier, SCHEDULE_MANY), t;
  ck_assert(schedule_possible(ints, tier, SCHEDULE_MANY, &good));
#define REFUSED(r, of, member, number) \
  t = good, t.member = number, ck_assert_msg(!schedule_possible(r, tier, of, &t), #member " = " #number)
  REFUSED(ints, SCHEDULE_MANY, vectors, 0);
  REFUSED(ints, SCHEDULE_MANY, vectors, 64);
  REFUSED(ints, SCHEDULE_MANY, tokens, 0);
  REFUSED(ints, SCHEDULE_MANY, tokens, 17);
  REFUSED(ints, SCHEDULE_MANY, chains, 0);
  REFUSED(ints, SCHEDULE_MANY, chains, 5);
  REFUSED(ints, SCHEDULE_MANY, prefetch, UINT64_C(1) << 40);
  REFUSED(ints, SCHEDULE_MANY, stretch, UINT64_C(1) << 40);
  REFUSED(ints, SCHEDULE_ONE, tokens, 2);
  REFUSED(floats, SCHEDULE_MANY, chains, 1); // f32 sums always have the same number
  kit_free(&k);
}
END_TEST

START_TEST(candidates_are_possible_and_in_order) {
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, formats[_i].members, formats[_i].act);
  for (schedule_class c = SCHEDULE_ONE; c < SCHEDULE_CLASS_COUNT; c++) {
    schedule_candidate *list;
    size_t count = schedule_candidates(k.mem, r, kit_tier(16), c, &list);
    ck_assert_uint_ge(count, 1);
    for (size_t i = 0; i < count; i++) ck_assert(schedule_possible(r, kit_tier(16), c, &list[i].schedule));
    for (size_t i = 1; i < count; i++) ck_assert(list[i - 1].cycles <= list[i].cycles);
    for (size_t i = 0; i < count; i++) ck_assert(list[i].cycles > 0 && isfinite(list[i].cycles));
  }
  kit_free(&k);
}
END_TEST

// ---- the cost model --------------------------------------------------------------------------------------

START_TEST(dots_are_counted) {
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, AFFINE, "i8 per 32");
  const target_tier *tier = kit_tier(16);
  for (uint64_t tokens = 1; tokens <= 12; tokens += 11) {
    ir_module *m = ir_module_new(k.mem, "one");
    const ir_func *f = lower_emit_matmul(m, r, tier, false, &(matmul_shape){.epilogue = ""}, "kernel");
    const uint64_t sizes[] = {tokens, 64, 4096, 0, 0, 0, 0, 0, 64};
    kernel_counts c = lower_count(f, tier, true, 9, sizes, 4);
    // 64 rows are 4 vectors; each has a dot product for 4 of 4096 positions, with every token.
    double each = target_cost(tier, IR_DOT4, ELEM_I32, 16, 15);
    ck_assert_double_eq_tol(c.dots, 4 * 1024.0 * (double)tokens * each, 0.01 * c.dots);
    ck_assert(c.loads > 0 && c.decode > 0 && c.scales > 0 && c.gathers == 0);
  }
  kit_free(&k);
}
END_TEST

// Products of tiles take their time, and less than those of vectors would.
START_TEST(tiles_are_counted) {
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, ROWS, _i == 0 ? "i8 per token" : "bf16");
  const target_tier *tier = target_find_tier(target_get(0), "amx_bf16");
  target_tier vectors = *tier;
  vectors.tiles = NULL;
  kernel_counts of[2];
  for (int with = 0; with < 2; with++) {
    ir_module *m = ir_module_new(k.mem, "one");
    const target_tier *on = with == 1 ? tier : &vectors;
    const ir_func *f = lower_emit_matmul(m, r, on, false, &(matmul_shape){.epilogue = ""}, "kernel");
    const uint64_t sizes[] = {32, 64, 4096, 0, 0, 0, 0, 0, 64};
    of[with] = lower_count(f, on, true, 9, sizes, 4);
  }
  // 32 tokens times 64 rows are 8 matrix tiles; a product has 64 bytes of each.
  double products = 8 * 4096.0 / (_i == 0 ? 64 : 32);
  ck_assert_double_ge(of[1].dots, products * tier->tiles->cycles);
  ck_assert_double_lt(of[1].dots, of[0].dots);
  kit_free(&k);
}
END_TEST

START_TEST(the_slowest_part_is_the_bound) {
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, AFFINE, "i8 per 32");
  const target_tier *tier = kit_tier(16);
  machine m = lower_machine(tier);
  m.bandwidth = 1e9;
  prediction slow = lower_predict(r, tier, &m, NULL, 1);
  ck_assert_int_eq(slow.bound, BOUND_MEMORY);
  ck_assert_double_eq_tol(slow.bytes, 1e9, 1e7);
  m.bandwidth = 1e15;
  prediction fast = lower_predict(r, tier, &m, NULL, 1);
  ck_assert_int_ne(fast.bound, BOUND_MEMORY);
  ck_assert(fast.cycles < slow.cycles);
  for (bound b = BOUND_MEMORY; b < BOUND_COUNT; b++) ck_assert(fast.cycles >= fast.parts[b]);
  m.speed = 4;
  ck_assert(lower_predict(r, tier, &m, NULL, 1).cycles <= fast.cycles);
  // Decoding is shared by many tokens.
  m.speed = 1;
  ck_assert(lower_predict(r, tier, &m, NULL, 48).parts[BOUND_DECODE] < fast.parts[BOUND_DECODE]);
  kit_free(&k);
}
END_TEST

// ---- what was measured -----------------------------------------------------------------------------------

START_TEST(identity_is_of_the_kernel_not_of_names_and_numbers) {
  lower_kit k = kit_new();
  uint64_t affine = recipe_identity(kit_recipe(&k, AFFINE, "i8 per 32"));
  const char *other_names = "c : u4; s : f16 per 32; value = s * (c - 8);";
  const char *other_width = "code : u5; scale : f16 per 32; value = scale * (code - 8);";
  const char *other_group = "code : u4; scale : f16 per 64; value = scale * (code - 8);";
  const char *other_type = "code : u4; scale : f32 per 32; value = scale * (code - 8);";
  const char *other_levels = "code : u3; scale : f16 per 32; table t : f32[8] = { -9, -5, -2, 0, 2, 3, 6, 8 }; "
                             "value = scale * t[code];";
  ck_assert_uint_eq(affine, recipe_identity(kit_recipe(&k, other_names, "i8 per 32")));
  ck_assert_uint_ne(affine, recipe_identity(kit_recipe(&k, AFFINE, "i8 per token")));
  ck_assert_uint_ne(affine, recipe_identity(kit_recipe(&k, AFFINE, "f32")));
  ck_assert_uint_ne(affine, recipe_identity(kit_recipe(&k, other_width, "i8 per 32")));
  ck_assert_uint_ne(affine, recipe_identity(kit_recipe(&k, other_group, "i8 per 32")));
  ck_assert_uint_ne(affine, recipe_identity(kit_recipe(&k, other_type, "i8 per 32")));
  ck_assert_uint_eq(recipe_identity(kit_recipe(&k, TABLE, "i8 per 32")),
                    recipe_identity(kit_recipe(&k, other_levels, "i8 per 32")));
  kit_free(&k);
}
END_TEST

START_TEST(tiles_of_the_table_are_used) {
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, AFFINE, "i8 per 32");
  const target_tier *tier = kit_tier(16);
  tuning t = {.cpu = "one"};
  tuned e = {.kind = TUNED_SCHEDULE,
             .cpu = "one",
             .tier = tier->name,
             .recipe = recipe_identity(r),
             .tokens_class = SCHEDULE_MANY};
  e.schedule = (schedule){1, 3, 2, 4096, 0};
  ck_assert(!tuning_has_schedule(NULL, r, tier) && !tuning_has_schedule(&t, r, tier));
  tuning_put(k.mem, &t, &e);
  ck_assert(tuning_has_schedule(&t, r, tier));
  const schedule *schedules = schedule_choose_all(k.mem, r, tier, &t);
  ck_assert_uint_eq(schedules[SCHEDULE_MANY].tokens, 3);
  ck_assert_uint_eq(schedules[SCHEDULE_ONE].tokens, 1);
  e.schedule.vectors = 64; // in place of the other, and impossible
  tuning_put(k.mem, &t, &e);
  ck_assert_uint_eq(t.entries.len, 1);
  ck_assert(!tuning_has_schedule(&t, r, tier));
  ck_assert_uint_ne(schedule_choose_all(k.mem, r, tier, &t)[SCHEDULE_MANY].vectors, 64);
  t.cpu = "other";
  ck_assert_ptr_null(tuning_schedule(&t, tier, recipe_identity(r), SCHEDULE_MANY));
  kit_free(&k);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("tiles");
  TCase *tcase = tcase_create("tiles");
  tcase_add_loop_test(tcase, tiles_change_no_result, 0, (int)(sizeof formats / sizeof *formats));
  tcase_add_test(tcase, absurd_tiles_are_refused);
  tcase_add_loop_test(tcase, candidates_are_possible_and_in_order, 0, (int)(sizeof formats / sizeof *formats));
  tcase_add_test(tcase, dots_are_counted);
  tcase_add_loop_test(tcase, tiles_are_counted, 0, 2);
  tcase_add_test(tcase, the_slowest_part_is_the_bound);
  tcase_add_test(tcase, identity_is_of_the_kernel_not_of_names_and_numbers);
  tcase_add_test(tcase, tiles_of_the_table_are_used);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
