// The kernel layout of random formats, read back as format/recipe.h describes it; recipes that no kernel can follow.
#include <string.h>

#include "frontend/frontend.h"
#include "network/passes.h"
#include "pack/pack.h"
#include "tests/check_main.h"
#include "tests/kernels/kernel_case.h"
#include "tests/lower/lower_kit.h"
#include "tests/lower/random_scheme.h"

static const char *const acts[] = {"i8 per 32", "f32", "i8 per token", "i8 static", "i8 per 100", "bf16"};

// ---- invariants -------------------------------------------------------------------------------------------------------

static void check_planes(const packing *p, const char *text) {
  uint64_t bits = 0, bytes = 0;
  for (size_t i = 0; i < p->plane_count; i++) {
    uint64_t mask = ((UINT64_C(1) << p->planes[i].width) - 1) << p->planes[i].shift;
    ck_assert_msg((bits & mask) == 0 && p->planes[i].offset == bytes, "%s: plane %zu", text, i);
    bits |= mask;
    bytes += (uint64_t)p->planes[i].width * 4 * p->rows;
  }
  uint64_t all = (UINT64_C(1) << p->code_bits) - 1;
  ck_assert_msg((bits & all) == all && bytes == p->chunk_bytes, "%s: planes", text);
  // Codes of up to a byte waste nothing.
  if (p->code_bits <= 8) ck_assert_msg(bits == all, "%s: %u bits", text, p->code_bits);
}

static void check_spans(const recipe *r, const char *text) {
  const packing *p = &r->pack;
  ck_assert_msg(p->block % PACK_CHUNK == 0 && p->rows == 16, "%s: block", text);
  ck_assert_msg(p->block_bytes == p->header_bytes + p->block / PACK_CHUNK * p->chunk_bytes, "%s: block bytes", text);
  ck_assert_msg(p->tile_head_bytes % 64 == 0 && p->tensor_head_bytes % 64 == 0, "%s: heads", text);
  ck_assert_msg(r->segment == PREPARED_ROW || (p->block % r->segment == 0 && r->segment % 4 == 0), "%s: segment", text);
  ck_assert_msg(r->float_span == PREPARED_ROW || (p->block % r->float_span == 0 && r->float_span % r->segment == 0),
                "%s: float span", text);
  for (size_t i = 0; i < p->field_count; i++) {
    const pack_field *f = &p->fields[i];
    ck_assert_msg(f->span == 0 || p->block % f->span == 0, "%s: field %u", text, f->field);
    ck_assert_msg(f->offset % 16 == 0, "%s: field %u", text, f->field);
  }
}

// ---- reading back -----------------------------------------------------------------------------------------------------

typedef struct reader {
  const recipe *r;
  const tensor_codes *t;
  const uint8_t *bytes;
  uint64_t tile_bytes;
} reader;

static uint64_t position_of(const packing *p, uint64_t k) { return k / p->k_group * p->k_padded + k % p->k_group; }

static const uint8_t *tile_of(const reader *f, uint64_t n) {
  return f->bytes + f->r->pack.tensor_head_bytes + n / f->r->pack.rows * f->tile_bytes;
}

static const uint8_t *block_of(const reader *f, uint64_t n, uint64_t position) {
  const packing *p = &f->r->pack;
  return tile_of(f, n) + p->tile_head_bytes + position / p->block * p->block_bytes;
}

// Bytes before `last` in the header of the position's block, which may be shorter than the others: elements for every span
// that begins in it, field after field.
static uint64_t header_before(const reader *f, uint64_t position, const pack_field *last) {
  const packing *p = &f->r->pack;
  uint64_t all = (position_of(p, f->t->columns) + PACK_CHUNK - 1) / PACK_CHUNK * PACK_CHUNK, at = 0;
  uint64_t first = position / p->block * p->block, there = all - first < p->block ? all - first : p->block;
  for (const pack_field *g = p->fields; g < last; g++) {
    unsigned shared = g->shared > 1 ? g->shared : 1;
    uint64_t size = scheme_field_elements(&f->r->scheme->fields[g->field]) * (elem_get(g->store)->bits / 8);
    if (g->span != 0) at += (there + g->span - 1) / g->span * size * (p->rows / shared);
    while (at % 4 != 0) at++;
  }
  return at;
}

static uint32_t code_at(const reader *f, uint64_t n, uint64_t k) {
  const packing *p = &f->r->pack;
  uint64_t position = position_of(p, k), row = n % p->rows, j = position % PACK_CHUNK, quad = j / 4;
  uint64_t header = (header_before(f, position, p->fields + p->field_count) + 15) / 16 * 16;
  const uint8_t *chunk = block_of(f, n, position) + header + position % p->block / PACK_CHUNK * p->chunk_bytes;
  uint32_t code = 0;
  for (size_t i = 0; i < p->plane_count; i++) {
    unsigned w = p->planes[i].width;
    uint8_t byte = chunk[p->planes[i].offset + quad % w * 4 * p->rows + 4 * row + j % 4];
    code |= ((uint32_t)byte >> w * (quad / w) & ((1u << w) - 1)) << p->planes[i].shift;
  }
  return code;
}

static uint32_t code_of(const reader *f, uint64_t n, uint64_t k) {
  uint32_t code = 0;
  for (size_t i = 0; i < f->r->normal.part_count; i++) {
    const code_part *part = &f->r->normal.parts[i];
    elem_type type = f->r->scheme->fields[part->field].type;
    int64_t value = elem_decode_int(type, f->t->elements[part->field][n * f->t->columns + k]);
    code |= (uint32_t)(value - elem_min(type)) << part->shift;
  }
  return code;
}

static double stored(const uint8_t *at, elem_type type) {
  uint64_t raw = 0;
  for (unsigned i = 0; i < elem_get(type)->bits / 8; i++) raw |= (uint64_t)at[i] << 8 * i;
  return elem_decode(type, raw);
}

static const uint8_t *element_at(const reader *f, const pack_field *pf, bool tensor, uint64_t n, uint64_t k, uint64_t e,
                                 uint64_t count) {
  const packing *p = &f->r->pack;
  uint64_t size = elem_get(pf->store)->bits / 8, position = position_of(p, k);
  if (tensor) return f->bytes + pf->offset + e * size;
  uint64_t width = pack_field_width(p, pf), in_rows = (e * width + n % p->rows * width / p->rows) * size;
  if (pf->span == 0) return tile_of(f, n) + pf->offset + in_rows;
  return block_of(f, n, position) + header_before(f, position, pf) +
         position % p->block / pf->span * count * width * size + in_rows;
}

static void check_field(const reader *f, const pack_field *pf, bool tensor, uint64_t n, uint64_t k, const char *text) {
  const scheme_field *field = &f->r->scheme->fields[pf->field];
  uint64_t count;
  ck_assert(scheme_field_size(field, &count));
  uint64_t first = scheme_field_index(field, f->t->columns, n, k);
  for (uint64_t e = 0; e < count; e++) {
    double want = elem_decode(field->type, f->t->elements[pf->field][first + e]);
    double got = stored(element_at(f, pf, tensor, n, k, e, count), pf->store);
    ck_assert_msg(got == want, "%s: field %s of (%llu, %llu), element %llu: %g, not %g", text, field->name,
                  (unsigned long long)n, (unsigned long long)k, (unsigned long long)e, got, want);
  }
}

static void check_bytes(lower_kit *k, const recipe *r, uint64_t rows, uint64_t columns, const char *text) {
  uint64_t size, tile;
  ck_assert(packing_tensor_bytes(&r->pack, rows, columns, &size) && packing_tile_bytes(&r->pack, columns, &tile));
  tensor_codes *t = sample_codes(k->d, k->mem, r->scheme, rows, columns, rows * columns, SAMPLE_EDGES);
  uint8_t *bytes = ARENA_ARRAY(k->mem, uint8_t, size);
  ck_assert_msg(pack_tensor(k->d, k->mem, r, t, bytes, size), "%s: %s", text, diag_text(k->d));
  ck_assert(!pack_tensor(k->d, k->mem, r, t, bytes, size + 1));
  reader f = {.r = r, .t = t, .bytes = bytes, .tile_bytes = tile};
  for (uint64_t n = 0; n < rows; n++) {
    for (uint64_t c = 0; c < columns; c++) {
      ck_assert_msg(code_at(&f, n, c) == code_of(&f, n, c), "%s: code (%llu, %llu)", text, (unsigned long long)n,
                    (unsigned long long)c);
      for (size_t i = 0; i < r->pack.field_count; i++) check_field(&f, &r->pack.fields[i], false, n, c, text);
      for (size_t i = 0; i < r->pack.tensor_field_count; i++)
        check_field(&f, &r->pack.tensor_fields[i], true, n, c, text);
    }
    if (!r->pack.has_row_sums) continue;
    double sum = 0, got = stored(tile_of(&f, n) + r->pack.row_sum_offset + 4 * (n % r->pack.rows), ELEM_F32);
    for (uint64_t c = 0; c < columns; c++) sum += scheme_weight(t, n, c);
    ck_assert_msg(got == (float)sum, "%s: sum of row %llu", text, (unsigned long long)n);
  }
}

START_TEST(packed_bytes_are_as_described) {
  for (uint64_t seed = (uint64_t)_i * 20; seed < (uint64_t)(_i + 1) * 20; seed++) {
    lower_kit k = kit_new();
    const char *text = random_scheme(k.mem, seed);
    ast *tree = fe_parse(k.d, k.mem, "random.q", text, strlen(text));
    const scheme *s = fe_find_scheme(k.d, k.mem, tree, &(fe_options){0}, "random");
    ck_assert_ptr_nonnull(s);
    act_spec act = kit_act(acts[seed % 6]);
    const recipe *r = lower_make_recipe(k.d, k.mem, s, &act, "r", &k.options);
    if (r != NULL) {
      check_planes(&r->pack, text);
      check_spans(r, text);
      check_bytes(&k, r, 1 + seed % 37, 1 + seed * 31 % 150, text);
    }
    kit_free(&k);
  }
}
END_TEST

// ---- recipes from elsewhere -----------------------------------------------------------------------------------------------

static void spoil_segment(recipe *r) { r->segment = r->float_span = 2; }
static void spoil_span(recipe *r) { r->segment = 12, r->float_span = 32; }
static void spoil_flush(recipe *r) { r->segment = r->float_span = PREPARED_ROW, r->flush = 0; }
static void spoil_form(recipe *r) { r->prepared.as_f32 = !r->prepared.as_f32; }
static void spoil_mode(recipe *r) { r->mode = r->mode == MODE_INT_DOT ? MODE_FLOAT : MODE_INT_DOT; }
static void spoil_scales(recipe *r) { r->prepared.scale_span = 0; }
static void spoil_isums(recipe *r) { r->prepared.isum_span = 0; }
static void spoil_fields(recipe *r) { r->pack.field_count = 0; }
static void spoil_rows(recipe *r) { r->pack.rows = 8; }
static void spoil_planes(recipe *r) { r->pack.planes[0].width = 16; }
static void spoil_unit(recipe *r) { r->segment = r->float_span = 4 * 10007; }

typedef struct spoiled_row {
  const char *members, *act;
  void (*spoil)(recipe *r);
  const char *message;
} spoiled_row;

#define PLAIN "c : u4; s : f16 per 32; value = s * (c - 8);"

static const spoiled_row spoiled_rows[] = {
    {PLAIN, "i8 per 32", spoil_segment, "a multiple of 4"},
    {PLAIN, "i8 per 32", spoil_span, "whole segments"},
    {PLAIN, "i8 per 32", spoil_flush, "never flushed"},
    {PLAIN, "i8 per 32", spoil_form, "another form"},
    {PLAIN, "f32", spoil_mode, "another form"},
    {PLAIN, "i8 per 32", spoil_scales, "no scales"},
    {PLAIN, "i8 per 32", spoil_isums, "an offset needs sums"},
    {PLAIN, "f32", spoil_fields, "not packed"},
    {PLAIN, "f32", spoil_rows, "16 rows"},
    {PLAIN, "f32", spoil_planes, "only float codes"},
    {PLAIN, "f32", spoil_unit, "no small common multiple"},
    {"c : u4; s : u4 per 32; value = select(c < s, 1, c);", "f32", spoil_fields, "not packed"},
    {"c : u2; t : f16[4] per row; value = t[c];", "f32", spoil_fields, "a stored table"},
};

START_TEST(recipes_without_a_kernel_are_refused) {
  const spoiled_row *row = &spoiled_rows[_i];
  lower_kit k = kit_new();
  const recipe *good = kit_recipe(&k, row->members, row->act);
  ck_assert_msg(good != NULL && lower_check_recipe(k.d, k.mem, good), "%s", diag_text(k.d));
  recipe bad = *good;
  row->spoil(&bad);
  ck_assert_msg(!lower_check_recipe(k.d, k.mem, &bad), "%s: nothing is said of '%s'", row->members, row->message);
  ck_assert_msg(strstr(diag_text(k.d), row->message) != NULL, "%s", diag_text(k.d));
  kit_free(&k);
}
END_TEST

START_TEST(groups_without_a_common_multiple_are_errors) {
  lower_kit k = kit_new();
  ck_assert_ptr_null(kit_recipe(&k, "c : u4; s : f16 per 9973; t : f16 per 9967; value = s * t * c;", "f32"));
  ck_assert_ptr_nonnull(strstr(diag_text(k.d), "no small common multiple"));
  ck_assert_ptr_null(kit_recipe(&k, "c : u4; s : f16 per 1000003; t : f16 per 2000003; value = s * t * c;", "f32"));
  kit_free(&k);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layout");
  TCase *tcase = tcase_create("recipes");
  tcase_add_loop_test(tcase, packed_bytes_are_as_described, 0, 10);
  tcase_add_loop_test(tcase, recipes_without_a_kernel_are_refused, 0, sizeof spoiled_rows / sizeof *spoiled_rows);
  tcase_add_test(tcase, groups_without_a_common_multiple_are_errors);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
