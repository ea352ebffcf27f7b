// Every format and layout: tiles packed from the file are what packing weight by weight gives, for odd shapes, unaligned
// bytes and any split into strips. What is not taken from the file as bits is listed.
#include <stdio.h>
#include <string.h>

#include "encode/encode.h"
#include "format/scheme_parts.h"
#include "pack/pack.h"
#include "support/file.h"
#include "tests/check_main.h"
#include "tests/kernels/case_formats.h"
#include "tests/pack/pack_kit.h"
#include "weights/pack_float.h"

static const act_spec acts[] = {
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32},
    {.kind = ACT_PLAIN, .type = ELEM_F32},
    {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.01, .zero = 117},
};
static const uint64_t shapes[][2] = {{33, 768}, {48, 800}, {17, 300}, {5, 37}, {16, 512}, {64, 1024}, {40, 2816}};
enum { ACTS = sizeof acts / sizeof *acts, SHAPES = sizeof shapes / sizeof *shapes, PARTS = 4 };

typedef struct suite {
  arena *mem;
  case_formats formats;
} suite;

static uint8_t *packed_plain(arena *a, const recipe *r, const tensor_codes *t, uint64_t *size) {
  ck_assert(packing_tensor_bytes(&r->pack, t->rows, t->columns, size));
  uint8_t *out = arena_alloc(a, (size_t)*size, 1);
  ck_assert(pack_plain(diag_new(a, stderr, false), a, r, t, out, *size));
  return out;
}

// Strips of `step` tiles, the last ones first.
static void expect_tiles(arena *a, const pack_tiles *x, uint64_t step, const uint8_t *expected, uint64_t size,
                         const char *what) {
  uint64_t head = pack_tiles_head_bytes(x), bytes = pack_tiles_bytes(x), count = pack_tiles_count(x);
  uint8_t *out = arena_alloc(a, (size_t)size, 1);
  diag *d = diag_new(a, stderr, false);
  ck_assert_uint_eq(head + count * bytes, size);
  memset(out, 0xa5, (size_t)size);
  ck_assert(pack_tiles_head(x, d, out));
  for (uint64_t last = count; last > 0;) {
    uint64_t first = last > step ? last - step : 0;
    ck_assert_msg(pack_tiles_run(x, d, first, last - first, out + head + first * bytes), "%s", what);
    last = first;
  }
  for (uint64_t i = 0; memcmp(out, expected, (size_t)size) != 0 && i < size; i++)
    ck_assert_msg(out[i] == expected[i], "%s: byte %llu of %llu (heads %llu + tiles of %llu) is %02x, not %02x", what,
                  (unsigned long long)i, (unsigned long long)size, (unsigned long long)head, (unsigned long long)bytes,
                  out[i], expected[i]);
}

// Only of what is not taken from the file as bits, or by table.
static void note_way(strbuf *out, arena *a, const pack_tiles *x, const char *what) {
  pack_way way = pack_tiles_way(x, a);
  bool evaluated = strcmp(way.derived, "evaluated") == 0;
  if (!way.plain && !way.codes && way.slow[0] == '\0' && !evaluated) return;
  strbuf_printf(out, "%s:%s%s%s%s%s\n", what, way.plain ? " plain" : "", way.codes ? " codes" : "",
                way.slow[0] != '\0' ? " slow " : "", way.slow, evaluated ? " evaluated" : "");
}

static void check_codes(arena *a, const recipe *r, const tensor_codes *t, const char *what) {
  uint64_t size;
  const uint8_t *expected = packed_plain(a, r, t, &size);
  const pack_source source = {.codes = t, .name = "w"};
  const pack_tiles *x = pack_tiles_new(diag_new(a, stderr, false), a, r, t->rows, t->columns, &source);
  ck_assert_ptr_nonnull(x);
  expect_tiles(a, x, 2, expected, size, arena_printf(a, "%s, from codes", what));
}

static void check_file(arena *a, const recipe *r, const scheme_layout *l, size_t shape, strbuf *ways,
                       const char *what) {
  pack_file f;
  uint64_t size;
  if (!pack_file_new(a, r->scheme, l, shapes[shape][0], shapes[shape][1], (unsigned)shape % 4, shape, &f)) return;
  const tensor_codes *t = pack_file_codes(a, &f);
  if (t != NULL) {
    const uint8_t *expected = packed_plain(a, r, t, &size);
    const pack_source source = {.layout = l, .inputs = f.inputs, .name = "w"};
    const pack_tiles *x = pack_tiles_new(diag_new(a, stderr, false), a, r, f.rows, f.columns, &source);
    ck_assert_msg(x != NULL, "%s", what);
    const char *text = arena_printf(a, "%s, %s, %d x %d", what, act_text(a, &r->act), (int)f.rows, (int)f.columns);
    if (ways != NULL) note_way(ways, a, x, what);
    expect_tiles(a, x, 1 + shape % 3, expected, size, text);
  }
  pack_file_free(&f);
}

// A scheme that is packed whole, or a part of one.
static void check_scheme(const scheme *s, bool whole, size_t shape, size_t act, strbuf *ways) {
  arena *a = arena_new();
  const recipe *r = pack_recipe(a, s, &acts[act]);
  for (size_t i = 0; whole && r != NULL && i < s->layout_count; i++)
    check_file(a, r, &s->layouts[i], shape, ways, arena_printf(a, "%s.%s", s->name, s->layouts[i].name));
  diag *d = diag_new(a, NULL, false);
  tensor_codes *t = r == NULL ? NULL
                              : sample_codes(d, a, s, shapes[shape][0], case_columns(s, shapes[shape][1]), shape,
                                             shape % 2 == 0 ? SAMPLE_RANDOM : SAMPLE_EDGES);
  if (t != NULL) check_codes(a, r, t, s->name);
  arena_free(a);
}

// Books of many points take long and are packed as others are.
static bool is_huge(const scheme *s) {
  uint64_t count;
  for (size_t f = 0; f < s->field_count; f++)
    if (!scheme_field_size(&s->fields[f], &count) || count > 1 << 14) return true;
  return false;
}

static void check_parts(suite *u, size_t index, size_t shape, size_t act, strbuf *ways) {
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  const scheme *s = case_formats_find(d, a, &u->formats, index);
  const scheme_part *parts;
  size_t count = s == NULL ? 0 : scheme_split(d, a, s, &parts);
  for (size_t i = 0; i < count; i++)
    if (parts[i].kind != PART_SPARSE && parts[i].scheme != NULL && !is_huge(parts[i].scheme))
      check_scheme(parts[i].scheme, count == 1, shape, act, ways);
  arena_free(a);
}

static void open_suite(suite *u) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes", QCC_SOURCE_DIR "/tests/kernels/schemes"};
  u->mem = arena_new();
  ck_assert(case_formats_list(diag_new(u->mem, stderr, false), u->mem, dirs, 2, &u->formats));
}

// Each format meets a shape and activations in turn; the whole sweep has all of them.
START_TEST(every_format) {
  suite u;
  open_suite(&u);
  bool full = sampling_is_full();
  for (size_t f = (size_t)_i; f < u.formats.count; f += PARTS)
    for (size_t shape = 0; shape < SHAPES; shape++) {
      if (!full && shape != (f + sampling_seed()) % SHAPES) continue;
      check_parts(&u, f, shape, (f + shape) % ACTS, NULL);
    }
  arena_free(u.mem);
}
END_TEST

// What is slow is known, and it is no more than this: numbers in base three, differences of neighbouring bits, amounts
// of a trellis with signs of their own, a folding that no part of the matrix follows,
// columns in an order that the file tells, and one number for a square of weights.
static const char slow_ways[] = "bitnet.base3: slow code\n"
                                "fp8_block(rows=128,columns=128).weight_scale_inv: slow scale\n"
                                "fp8_block(rows=128,columns=128).compressed_tensors: slow scale\n"
                                "hqq(bits=4,group=64,float=16).hqq_3bit: slow code\n"
                                "int_g_order(bits=4,group=128,float=16).pack_quantized: slow code scale\n"
                                "int_g_order(bits=4,group=128,float=16).matmul_nbits: slow code scale\n"
                                "iq1_bn.gguf: slow code\n"
                                "iq2_xs.gguf_r4: slow sign\n"
                                "iq2_xxs.gguf_r4: slow sign\n"
                                "iq3_kt.gguf: codes slow sc d evaluated\n"
                                "iq3_xxs.gguf_r4: slow sign\n"
                                "iq4_kss.gguf: slow code\n"
                                "ternary.base3: slow code\n"
                                "uint_g_order(bits=4,group=128,float=16).gptq: slow code scale zero\n"
                                "uint_g_order(bits=4,group=128,float=16).gptq_v2: slow code scale zero\n"
                                "uint_g_order(bits=4,group=128,float=16).pack_quantized: slow code scale zero\n"
                                "uint_g_order(bits=4,group=128,float=16).matmul_nbits: slow code scale zero\n";

START_TEST(ways) {
  suite u;
  open_suite(&u);
  strbuf text = {.mem = u.mem};
  for (size_t f = 0; f < u.formats.count; f++) check_parts(&u, f, 4, 1, &text);
  ck_assert_str_eq(strbuf_text(&text), slow_ways);
  arena_free(u.mem);
}
END_TEST

// ---- float weights ---------------------------------------------------------------------------------------

// Rows that are encoded some at a time have the codes that they have when all are encoded at once.
static bool check_floats(const scheme *s) {
  enum { ROWS = 41, COLUMNS = 512 };
  static const act_spec act = {.kind = ACT_PLAIN, .type = ELEM_F32};
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  const recipe *r = pack_float_apart(s) ? pack_recipe(a, s, &act) : NULL;
  if (r != NULL) {
    uint64_t state = 7, size, dims[] = {ROWS, COLUMNS};
    uint8_t *bytes = arena_alloc(a, ROWS * COLUMNS, 2);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
      uint16_t number = (uint16_t)(sample_next(&state) % 0x400 | 0x3000 | (sample_next(&state) & 0x8000)); // f16
      memcpy(bytes + 2 * i, &number, 2);
    }
    tensor t = {.name = "w", .dtype = TENSOR_F16, .rank = 2, .dims = dims, .count = ROWS * COLUMNS, .data = bytes};
    t.size = 2 * ROWS * COLUMNS;
    from_float_result whole;
    error_stats error;
    double seconds;
    ck_assert(from_float_encode(d, a, &t, s, ROWS, COLUMNS, &(from_float_options){.layer = "w"}, &whole));
    const uint8_t *expected = packed_plain(a, r, whole.codes, &size);
    uint8_t *out = arena_alloc(a, (size_t)size, 1);
    const float_source source = {.tensor = &t, .layer = "w", .at_once = 16 * COLUMNS};
    if (r->pack.tensor_field_count == 0) {
      ck_assert(
          pack_float_run(r, ROWS, COLUMNS, &source, payload_in_memory(a, out, size), 0, 2, NULL, &error, &seconds));
      ck_assert_msg(memcmp(out, expected, (size_t)size) == 0, "%s", s->name);
      ck_assert_double_eq_tol(error.relative_rms, whole.error.relative_rms, 1e-12);
    }
  }
  arena_free(a);
  return r != NULL;
}

START_TEST(floats_by_rows) {
  suite u;
  open_suite(&u);
  size_t checked = 0;
  for (size_t f = 0; f < u.formats.count; f++) {
    const scheme *s = case_formats_find(diag_new(u.mem, stderr, false), u.mem, &u.formats, f);
    checked += s != NULL && check_floats(s);
  }
  ck_assert_uint_ge(checked, 30);
  arena_free(u.mem);
}
END_TEST

int main(void) {
  Suite *s = suite_create("pack");
  TCase *c = tcase_create("pack");
  tcase_add_loop_test(c, every_format, 0, PARTS);
  tcase_add_test(c, ways);
  tcase_add_test(c, floats_by_rows);
  suite_add_tcase(s, c);
  return check_main(s);
}
