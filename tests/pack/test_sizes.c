// What weights take in the kernel layout, for every stock format and the K of real models: the last block of a row is no
// longer than it has to be.
#include <stdio.h>

#include "format/scheme_parts.h"
#include "support/num.h"
#include "tests/check_main.h"
#include "tests/kernels/case_formats.h"
#include "tests/pack/pack_kit.h"

static const act_spec acts[] = {
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32},
    {.kind = ACT_PLAIN, .type = ELEM_F32},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_I8, .group = 32},
    {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.01, .zero = 117},
};
static const uint64_t columns[] = {64,  96,  128, 192,  256,  288,  320,  384,  448,  576,  640, 768,
                                   896, 960, 992, 1024, 1152, 1536, 2112, 2560, 2880, 4096, 8960};
enum { ACTS = sizeof acts / sizeof *acts, COLUMNS = sizeof columns / sizeof *columns };

// Bits of a row that kernels need: the codes, and the elements of its granules in the types in which they are stored.
static double needed_bits(const recipe *r, uint64_t k) {
  const packing *p = &r->pack;
  double bits = (double)p->chunk_bytes * 8 / PACK_CHUNK / p->rows * (double)k;
  for (size_t i = 0; i < p->field_count; i++) {
    const pack_field *pf = &p->fields[i];
    const scheme_field *f = &r->scheme->fields[pf->field];
    uint64_t columns_each = granularity_columns(&f->gran),
             count = columns_each == 0 ? 1 : num_ceil_div(k, columns_each);
    double each = (double)scheme_field_elements(f) * elem_get(pf->store)->bits * pack_field_width(p, pf) / p->rows;
    bits += (double)count * each;
  }
  return bits + (p->has_row_sums ? 32 : 0);
}

static void check_recipe(const recipe *r, const char *name) {
  for (size_t i = 0; i < COLUMNS; i++) {
    uint64_t bytes, k = columns[i];
    ck_assert(packing_tile_bytes(&r->pack, k, &bytes));
    double needed = needed_bits(r, k), packed = 8.0 * (double)bytes / r->pack.rows;
    double limit =
        k >= 256 ? 1.032
                 : 1.15; // a head of 64 bytes for a scale of each of 16 rows is 3.03 %, and headers begin and end at 16
    ck_assert_msg(packed >= needed && packed <= limit * needed,
                  "%s, %s: a row of %d weights takes %g bits, %.3g %% more than it needs", name,
                  compute_mode_name(r->mode), (int)k, packed, 100 * (packed / needed - 1));
  }
}

// Rows that wind around within a span have a multiple of it.
static bool is_wound(const scheme *s) { return case_columns(s, 1) > 1; }

START_TEST(little_is_padding) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  case_formats formats;
  unsigned checked = 0;
  ck_assert(case_formats_list(d, a, dirs, 1, &formats));
  for (size_t f = 0; f < formats.count; f++) {
    const scheme *s = case_formats_find(d, a, &formats, f);
    const scheme_part *parts;
    size_t count = s == NULL ? 0 : scheme_split(d, a, s, &parts);
    for (size_t i = 0; i < count; i++) {
      if (parts[i].kind == PART_SPARSE || parts[i].scheme == NULL || is_wound(parts[i].scheme)) continue;
      const recipe *r = pack_recipe(a, parts[i].scheme, &acts[_i]);
      if (r == NULL) continue;
      check_recipe(r, parts[i].scheme->name);
      checked++;
    }
  }
  ck_assert_uint_ge(checked, 60);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *s = suite_create("packed sizes");
  TCase *c = tcase_create("sizes");
  tcase_add_loop_test(c, little_is_padding, 0, ACTS);
  suite_add_tcase(s, c);
  return check_main(s);
}
