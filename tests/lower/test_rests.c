// Rows whose last block is shorter than the others: every stock format, interpreted, against its value expression, for K of
// real models and for K that share no factor with the groups.
#include "encode/encode.h"
#include "format/scheme_parts.h"
#include "tests/check_main.h"
#include "tests/kernels/case_formats.h"
#include "tests/lower/lower_kit.h"

static const char *const acts[] = {"i8 per 32", "f32", "i8 per token", "bf16"};
static const uint64_t columns[] = {64, 96, 161, 300, 352, 577, 96 + 512, 1};
static const uint64_t tokens[] = {1, 5, 19};
static const unsigned lanes[] = {16, 8, 4};
enum { ACTS = sizeof acts / sizeof *acts, COLUMNS = sizeof columns / sizeof *columns, PARTS = 4 };

static void check_rest(lower_kit *k, const scheme *s, size_t turn) {
  act_spec act = kit_act(acts[turn % ACTS]);
  const char *message;
  const recipe *r = lower_make_recipe(k->d, k->mem, s, &act, "r", &k->options);
  if (r == NULL) return;
  uint64_t count = case_columns(s, columns[turn % COLUMNS]);
  bool ok = kit_matmul(k, r, kit_tier(lanes[turn % 3]), tokens[turn / 2 % 3], 17, count, (int)(turn % 2), &message);
  ck_assert_msg(ok, "%s, %s, K = %d: %s", s->name, acts[turn % ACTS], (int)count, message);
}

// Each format meets some of the activations and columns in turn.
START_TEST(formats_with_a_rest) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  case_formats formats;
  lower_kit all = kit_new();
  ck_assert(case_formats_list(all.d, all.mem, dirs, 1, &formats));
  for (size_t f = (size_t)_i; f < formats.count; f += PARTS)
    for (size_t turn = 0; turn < 3; turn++) {
      lower_kit k = kit_new();
      const scheme *s = case_formats_find(k.d, k.mem, &formats, f);
      const scheme_part *parts;
      size_t count = s == NULL ? 0 : scheme_split(k.d, k.mem, s, &parts);
      for (size_t i = 0; i < count; i++)
        if (parts[i].kind != PART_SPARSE && parts[i].scheme != NULL) check_rest(&k, parts[i].scheme, f + 5 * turn);
      kit_free(&k);
    }
  kit_free(&all);
}
END_TEST

// Groups that share nothing with chunks, alone and nested: spans are cut in the middle.
START_TEST(groups_with_a_rest) {
  static const char *const members[] = {
      "code : u4; scale : f16 per 48; value = scale * (code - 8);",
      "code : u4; scale : f16 per 36; zero : u4 per 36; value = scale * (code - zero);",
      "code : u3; fine : u6 per 12; scale : f16 per 96; value = scale * fine * (code - 4);",
      "code : i8; scale : f32 per 100; value = scale * code;",
      "c : u4; f : u6 per 16; l : u4 per 32; d : f16 per 224; m : f16 per 224; value = d * f * c - m * l;",
      "code : u2; level : f16[4] per 40; value = level[code];",
      "code : u1; scale : f16 per 20; value = scale * (2 * code - 1);",
  };
  for (uint64_t k = 1; k < 700; k += k < 256 ? 29 : 61) {
    lower_kit kit = kit_new();
    const char *message, *act = acts[k % ACTS];
    const recipe *r = kit_recipe(&kit, members[_i], act);
    ck_assert_msg(r != NULL, "%s", diag_text(kit.d));
    bool ok = kit_matmul(&kit, r, kit_tier(16), tokens[k % 3], 17, k, SAMPLE_RANDOM, &message);
    ck_assert_msg(ok, "%s, %s, K = %d: %s", members[_i], act, (int)k, message);
    kit_free(&kit);
  }
}
END_TEST

int main(void) {
  Suite *s = suite_create("rests");
  TCase *c = tcase_create("rests");
  tcase_add_loop_test(c, formats_with_a_rest, 0, PARTS);
  tcase_add_loop_test(c, groups_with_a_rest, 0, 7);
  suite_add_tcase(s, c);
  return check_main(s);
}
