// Constructors of kernel/emit_values.h, interpreted, against plain C: conversions between all elements of lanes, and what is
// made of several operations.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernel/emit_base.h"
#include "kernel/emit_code.h"
#include "kernel/emit_values.h"
#include "support/fp.h"
#include "tests/check_main.h"
#include "tests/lower_rows/kernel_run.h"

enum { COUNT = 4096, LANES = 16 };

static const elem_type elems[] = {ELEM_I8, ELEM_I16, ELEM_I32, ELEM_I64, ELEM_F16, ELEM_BF16, ELEM_F32, ELEM_F64};
enum { ELEMS = sizeof elems / sizeof *elems };

static bool is_float(elem_type elem) { return elem_get(elem)->kind == ELEM_KIND_FLOAT; }

// ---- conversions -----------------------------------------------------------------------------------------

static ir_func *conversion(ir_module *m, elem_type from, elem_type to) {
  static const char *const buffers[] = {"x", "y", NULL};
  static const char *const sizes[] = {NULL};
  ir_builder b;
  lo_params p;
  ir_func *f = lo_begin_kernel(m, &b, "convert", buffers, sizes, &p);
  ir_loop loop = lo_begin_loop(&b, p.begin, p.end, lo_index(&b, LANES));
  ir_value *in = lo_index_scale(&b, loop.index, elem_get(from)->bits / 8);
  ir_value *x = lo_load(&b, ir_vector(from, LANES), p.buffers[0], in, NULL);
  ir_value *out = lo_index_scale(&b, loop.index, elem_get(to)->bits / 8);
  lo_store(&b, p.buffers[1], out, lo_convert(&b, x, to), NULL);
  lo_end_loop(&b, loop);
  lo_end_kernel(&b);
  return f;
}

static uint64_t raw_at(const uint8_t *bytes, elem_type elem, size_t i) {
  uint64_t raw = 0;
  size_t size = elem_get(elem)->bits / 8;
  memcpy(&raw, bytes + i * size, size);
  return raw;
}

// Integers with many bits and few, floats around all exponents, and half-way cases of narrower floats.
static uint64_t sample(elem_type elem, uint64_t r) {
  if (!is_float(elem)) return (uint64_t)((int64_t)(r << 8 | r >> 56) >> (r >> 40 & 63));
  if (r >> 62 == 0) return r;
  double x = ldexp((double)(int64_t)(r & 0xfffff800000000), (int)(r % 140) - 120);
  if (r >> 62 == 1) x = nextafter(x, r & 256 ? 0 : INFINITY);
  return elem_encode(elem, r & 128 ? -x : x);
}

// The integer as a number of the float type, rounded once.
static uint64_t float_of_int(elem_type to, int64_t i) {
  const elem_info *e = elem_get(to);
  uint64_t magnitude = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  int shift = magnitude == 0 ? 0 : 64 - __builtin_clzll(magnitude) - (int)e->man_bits - 1;
  if (shift > 0) {
    uint64_t kept = magnitude >> shift, rest = magnitude - (kept << shift), half = UINT64_C(1) << (shift - 1);
    magnitude = kept + (rest > half || (rest == half && (kept & 1) != 0));
  }
  double x = ldexp((double)magnitude, shift > 0 ? shift : 0);
  return elem_encode(to, i < 0 ? -x : x);
}

static uint64_t converted(elem_type from, elem_type to, uint64_t raw) {
  uint64_t mask = elem_get(to)->bits == 64 ? UINT64_MAX : (UINT64_C(1) << elem_get(to)->bits) - 1;
  if (!is_float(from) && !is_float(to)) return (uint64_t)elem_decode_int(from, raw) & mask;
  if (!is_float(from)) return float_of_int(to, elem_decode_int(from, raw));
  double x = elem_decode(from, raw);
  if (is_float(to)) return elem_encode(to, x);
  if (isnan(x)) return 0;
  double limit = ldexp(1, (int)elem_get(to)->bits - 1);
  int64_t i = x >= limit ? elem_max(to) : x < -limit ? elem_min(to) : (int64_t)x;
  return (uint64_t)i & mask;
}

static void check_conversion(elem_type from, elem_type to) {
  static uint8_t x[COUNT * 8];
  static uint8_t y[COUNT * 8];
  size_t from_size = elem_get(from)->bits / 8, to_size = elem_get(to)->bits / 8;
  uint64_t seed = 1 + (uint64_t)from * 100 + (uint64_t)to;
  for (size_t i = 0; i < COUNT; i++)
    memcpy(x + i * from_size, &(uint64_t){sample(from, next_random(&seed))}, from_size);
  kernel_run run = kernel_run_new();
  ir_memory memory[] = {{.data = x, .size = COUNT * from_size}, {.data = y, .size = COUNT * to_size}};
  kernel_run_go(&run, conversion(run.module, from, to), 2, memory, 0, NULL, 0, COUNT);
  kernel_run_free(&run);
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t given = raw_at(x, from, i), got = raw_at(y, to, i), want = converted(from, to, given);
    bool nan = is_float(to) && isnan(elem_decode(to, want)) && isnan(elem_decode(to, got));
    if (!(got == want || nan))
      ck_abort_msg("%s %llx to %s is %llx, not %llx", elem_get(from)->name, (unsigned long long)given,
                   elem_get(to)->name, (unsigned long long)got, (unsigned long long)want);
  }
}

START_TEST(all_elements_become_all_others) {
  for (size_t i = 0; i < ELEMS; i++) check_conversion(elems[_i], elems[i]);
}
END_TEST

// ---- codes of floats -------------------------------------------------------------------------------------

static const elem_type code_types[] = {ELEM_F8E4M3, ELEM_F8E5M2, ELEM_F8E4M3FNUZ, ELEM_F8E5M2FNUZ,
                                       ELEM_F6E2M3, ELEM_F6E3M2, ELEM_F4E2M1,     ELEM_E8M0,
                                       ELEM_F16,    ELEM_BF16,   ELEM_F32};

// x in lanes of `from`; y are codes of the type, z their numbers.
static ir_func *coding(ir_module *m, elem_type from, elem_type type) {
  static const char *const buffers[] = {"x", "y", "z", NULL}, *const sizes[] = {NULL};
  ir_builder b;
  lo_params p;
  ir_func *f = lo_begin_kernel(m, &b, "code", buffers, sizes, &p);
  ir_loop loop = lo_begin_loop(&b, p.begin, p.end, lo_index(&b, LANES));
  ir_value *in = lo_index_scale(&b, loop.index, elem_get(from)->bits / 8), *out = lo_index_scale(&b, loop.index, 4);
  ir_value *x = lo_load(&b, ir_vector(from, LANES), p.buffers[0], in, NULL);
  ir_value *codes = lo_encode_float(&b, type, x);
  lo_store(&b, p.buffers[1], out, codes, NULL);
  lo_store(&b, p.buffers[2], out, lo_decode_float(&b, type, codes), NULL);
  lo_end_loop(&b, loop);
  lo_end_kernel(&b);
  return f;
}

// All numbers of the type, what is half-way between them and just beside that, and what `sample` gives.
static double code_sample(elem_type type, size_t i, uint64_t r) {
  unsigned bits = elem_get(type)->bits < 16 ? elem_get(type)->bits : 16;
  uint64_t code = elem_get(type)->bits == 32 ? r >> 32 : i >> 2 & ((UINT64_C(1) << bits) - 1);
  double x = elem_decode(type, code), next = elem_decode(type, code + 1);
  if (i >= COUNT / 2) return elem_decode(ELEM_F64, sample(ELEM_F64, r));
  if (i % 4 == 0 || isnan(next)) return x;
  double half = (x + next) / 2;
  return i % 4 == 1 ? half : nextafter(half, i % 4 == 2 ? -INFINITY : INFINITY);
}

static void check_codes(elem_type from, elem_type type) {
  static double x[COUNT];
  static float narrow[COUNT];
  static uint32_t codes[COUNT];
  static float numbers[COUNT];
  uint64_t seed = (uint64_t)type;
  for (size_t i = 0; i < COUNT; i++) {
    x[i] = code_sample(type, i, next_random(&seed));
    narrow[i] = (float)x[i];
    if (from == ELEM_F32) x[i] = (double)narrow[i];
  }
  kernel_run run = kernel_run_new();
  ir_memory memory[] = {{.data = (uint8_t *)x, .size = sizeof x},
                        {.data = (uint8_t *)codes, .size = sizeof codes},
                        {.data = (uint8_t *)numbers, .size = sizeof numbers}};
  if (from == ELEM_F32) memory[0] = (ir_memory){.data = (uint8_t *)narrow, .size = sizeof narrow};
  kernel_run_go(&run, coding(run.module, from, type), 3, memory, 0, NULL, 0, COUNT);
  kernel_run_free(&run);
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t want = elem_encode(type, x[i]);
    double number = elem_decode(type, codes[i]);
    bool nan = isnan(x[i]) && isnan(elem_decode(type, want));
    if (!(nan ? isnan(number) : codes[i] == want))
      ck_abort_msg("%a to %s is %x, not %x", x[i], elem_get(type)->name, codes[i], (unsigned)want);
    bool same = isnan(number) ? isnan(numbers[i]) : fp_bits64((double)numbers[i]) == fp_bits64(number);
    if (!same) ck_abort_msg("%s code %x is %a, not %a", elem_get(type)->name, codes[i], (double)numbers[i], number);
  }
}

START_TEST(codes_of_floats) {
  check_codes(ELEM_F32, code_types[_i]);
  check_codes(ELEM_F64, code_types[_i]);
}
END_TEST

// ---- elements of memory ----------------------------------------------------------------------------------

static const elem_type stored_types[] = {
    ELEM_U8,     ELEM_U16,    ELEM_U32,        ELEM_U64,    ELEM_I8,     ELEM_I16,  ELEM_I32, ELEM_I64,
    ELEM_U4,     ELEM_I4,     ELEM_U2,         ELEM_I2,     ELEM_F16,    ELEM_BF16, ELEM_F32, ELEM_F64,
    ELEM_F8E4M3, ELEM_F8E5M2, ELEM_F8E4M3FNUZ, ELEM_F6E3M2, ELEM_F4E2M1, ELEM_E8M0,
};

// x in lanes of `from`; y is what is stored of it, z that as `from` again, w what is saturated.
static ir_func *storing(ir_module *m, elem_type from, elem_type stored) {
  static const char *const buffers[] = {"x", "y", "z", "w", NULL}, *const sizes[] = {NULL};
  ir_builder b;
  lo_params p;
  ir_func *f = lo_begin_kernel(m, &b, "store", buffers, sizes, &p);
  ir_loop loop = lo_begin_loop(&b, p.begin, p.end, lo_index(&b, LANES));
  elem_type lane = lo_lane_of(stored);
  ir_value *at = lo_index_scale(&b, loop.index, elem_get(from)->bits / 8);
  ir_value *place = lo_index_scale(&b, loop.index, elem_get(lane)->bits / 8);
  ir_value *x = lo_load(&b, ir_vector(from, LANES), p.buffers[0], at, NULL);
  lo_store(&b, p.buffers[1], place, lo_to_stored(&b, stored, x), NULL);
  ir_value *y = lo_load(&b, ir_vector(lane, LANES), p.buffers[1], place, NULL);
  lo_store(&b, p.buffers[2], at, lo_from_stored(&b, stored, y, from), NULL);
  lo_store(&b, p.buffers[3], at, lo_saturate(&b, stored, x), NULL);
  lo_end_loop(&b, loop);
  lo_end_kernel(&b);
  return f;
}

static uint64_t low(uint64_t x, unsigned bits) { return bits == 64 ? x : x & ((UINT64_C(1) << bits) - 1); }

static uint64_t expect_stored(elem_type from, elem_type stored, uint64_t x) {
  if (is_float(stored))
    return from == ELEM_I64 ? float_of_int(stored, (int64_t)x) : elem_encode(stored, elem_decode(from, x));
  return low(is_float(from) ? converted(from, ELEM_I64, x) : x, elem_get(stored)->bits);
}

// What a code of the type is in lanes of `to`.
static uint64_t expect_loaded(elem_type stored, elem_type to, uint64_t code) {
  if (!is_float(stored)) {
    int64_t i = elem_decode_int(stored, code);
    return is_float(to) ? float_of_int(to, i) : (uint64_t)i;
  }
  return is_float(to) ? elem_encode(to, elem_decode(stored, code))
                      : converted(ELEM_F64, to, elem_encode(ELEM_F64, elem_decode(stored, code)));
}

static uint64_t expect_saturated(elem_type from, elem_type type, uint64_t x) {
  if (is_float(type)) {
    double number = is_float(from) ? elem_decode(from, x) : (double)(int64_t)x, most = elem_max_finite(type);
    if (!isnan(number)) number = fmin(fmax(number, -most), most);
    return expect_loaded(type, from, elem_encode(type, number));
  }
  int64_t least = elem_min(type), greatest = elem_max(type);
  if (from == ELEM_I64) return (uint64_t)((int64_t)x < least ? least : (int64_t)x > greatest ? greatest : (int64_t)x);
  double number = elem_decode(from, x), most = (double)greatest < 0x1p63 ? (double)greatest : 0x1.fffffffffffffp62;
  number = isnan(number) ? 0 : fmin(fmax(rint(number), (double)least), most);
  if (number == 0 && least == 0) number = 0; // no -0
  return elem_encode(from, number);
}

static bool equal(elem_type elem, uint64_t x, uint64_t y) {
  return x == y || (is_float(elem) && isnan(elem_decode(elem, x)) && isnan(elem_decode(elem, y)));
}

static void check_storing(elem_type from, elem_type stored) {
  static uint8_t x[COUNT * 8], y[COUNT * 8], z[COUNT * 8], w[COUNT * 8];
  size_t size = elem_get(from)->bits / 8, lane = elem_get(lo_lane_of(stored))->bits / 8;
  uint64_t seed = 1 + (uint64_t)stored;
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t r = sample(from, next_random(&seed));
    if (from == ELEM_I64 && is_float(stored)) r = (uint64_t)((int64_t)r >> 12);
    memcpy(x + i * size, &r, size);
  }
  kernel_run run = kernel_run_new();
  ir_memory memory[] = {{.data = x, .size = COUNT * size},
                        {.data = y, .size = COUNT * lane},
                        {.data = z, .size = COUNT * size},
                        {.data = w, .size = COUNT * size}};
  kernel_run_go(&run, storing(run.module, from, stored), 4, memory, 0, NULL, 0, COUNT);
  kernel_run_free(&run);
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t given = raw_at(x, from, i), code = raw_at(y, lo_lane_of(stored), i);
    uint64_t want = expect_stored(from, stored, given), loaded = expect_loaded(stored, from, code);
    if (!equal(stored, code, want))
      ck_abort_msg("%s %llx stored as %s is %llx, not %llx", elem_get(from)->name, (unsigned long long)given,
                   elem_get(stored)->name, (unsigned long long)code, (unsigned long long)want);
    if (!equal(from, raw_at(z, from, i), loaded))
      ck_abort_msg("%s %llx in %s is %llx, not %llx", elem_get(stored)->name, (unsigned long long)code,
                   elem_get(from)->name, (unsigned long long)raw_at(z, from, i), (unsigned long long)loaded);
    bool is_number = is_float(from) && !is_float(stored) && elem_get(stored)->bits <= (from == ELEM_F32 ? 16 : 64);
    if (!is_number && !elem_holds(from, stored)) continue;
    want = expect_saturated(from, stored, given);
    if (!equal(from, raw_at(w, from, i), want))
      ck_abort_msg("%s %llx saturated to %s is %llx, not %llx", elem_get(from)->name, (unsigned long long)given,
                   elem_get(stored)->name, (unsigned long long)raw_at(w, from, i), (unsigned long long)want);
  }
}

START_TEST(elements_are_stored_loaded_and_saturated) {
  check_storing(ELEM_F32, stored_types[_i]);
  check_storing(ELEM_F64, stored_types[_i]);
  check_storing(ELEM_I64, stored_types[_i]);
}
END_TEST

// ---- what is made of several operations ------------------------------------------------------------------

typedef struct lanes {
  float x[LANES];
  float y[LANES];
} lanes;

// Masks are stored as bytes one after the other, then positions of the greatest and the least, then numbers.
typedef struct results {
  uint8_t nan[LANES], infinite[LANES], equal[LANES], copied[LANES];
  int32_t greatest, least, turns;
  float rest[LANES];
  int64_t places[LANES];
} results;

static void emit_results(ir_builder *b, const lo_params *p) {
#define AT(member) lo_index(b, offsetof(results, member))
  ir_value *x = lo_load(b, lo_f32(LANES), p->buffers[0], lo_index(b, 0), NULL);
  ir_value *y = lo_load(b, lo_f32(LANES), p->buffers[0], lo_index(b, sizeof(float) * LANES), NULL);
  ir_value *out = p->buffers[1], *nan = lo_isnan(b, x), *infinite = lo_isinf(b, x);
  lo_store_mask(b, out, AT(nan), nan, NULL);
  lo_store_mask(b, out, AT(infinite), infinite, NULL);
  lo_store_mask(b, out, AT(equal), lo_eq(b, nan, infinite), NULL);
  ir_value *three = lo_load_mask(b, LANES, out, AT(equal), lo_index(b, 3));
  lo_store_mask(b, out, AT(copied), three, NULL);
  ir_value *places = lo_iota(b, lo_i32(LANES));
  lo_store(b, out, AT(greatest), lo_position_of(b, y, lo_greatest_lane(b, y), places), NULL);
  lo_store(b, out, AT(least), lo_position_of(b, y, lo_least_lane(b, y), places), NULL);
  ir_value *turns = lo_index_add(b, lo_to_index(b, lo_any_lane(b, nan)), lo_to_index(b, lo_all_lanes(b, nan)));
  lo_store(b, out, AT(turns), ir_emit1(b, IR_FROM_INDEX, lo_i32(1), turns), NULL);
  lo_store(b, out, AT(rest), lo_mod(b, y, lo_constant(b, y->type, -3)), NULL);
  lo_store(b, out, AT(places), lo_index_lanes(b, ir_vector(ELEM_I64, LANES), lo_index(b, INT64_C(1) << 40), 5), NULL);
#undef AT
}

START_TEST(masks_positions_and_remainders) {
  static const char *const buffers[] = {"x", "y", NULL}, *const sizes[] = {NULL};
  lanes in = {.x = {1, NAN, INFINITY, -INFINITY, 0, -NAN}};
  results out = {0};
  for (int i = 0; i < LANES; i++) in.y[i] = (float)((i * 5 + 3) % 11) - 4.5f;
  kernel_run run = kernel_run_new();
  ir_builder b;
  lo_params p;
  ir_func *f = lo_begin_kernel(run.module, &b, "results", buffers, sizes, &p);
  emit_results(&b, &p);
  lo_end_kernel(&b);
  ir_memory memory[] = {{.data = (uint8_t *)&in, .size = sizeof in}, {.data = (uint8_t *)&out, .size = sizeof out}};
  kernel_run_go(&run, f, 2, memory, 0, NULL, 0, 1);
  kernel_run_free(&run);
  int greatest = 0, least = 0;
  for (int i = 0; i < LANES; i++) {
    if (in.y[i] > in.y[greatest]) greatest = i;
    if (in.y[i] < in.y[least]) least = i;
    ck_assert_int_eq(out.nan[i], isnan(in.x[i]) != 0);
    ck_assert_int_eq(out.infinite[i], isinf(in.x[i]) != 0);
    ck_assert_int_eq(out.equal[i], out.nan[i] == out.infinite[i]);
    ck_assert_int_eq(out.copied[i], i < 3 ? out.equal[i] : 0);
    ck_assert(out.rest[i] == in.y[i] + 3 * floorf(in.y[i] / -3));
    ck_assert(out.places[i] == (INT64_C(1) << 40) + 5 * i);
  }
  ck_assert(out.greatest == greatest && out.least == least && out.turns == 1);
}
END_TEST

// As fmod with the divisor's sign.
START_TEST(remainders_of_floats) {
  static const char *const buffers[] = {"x", "y", "z", NULL}, *const sizes[] = {NULL};
  static float x[COUNT], y[COUNT], z[COUNT];
  uint64_t seed = 9;
  for (size_t i = 0; i < COUNT; i++) {
    x[i] = ldexpf(next_float(&seed), (int)(i % 24));
    y[i] = ldexpf(next_float(&seed), (int)(i / 24 % 24) - 4);
    if (i % 4 == 1) x[i] = rintf(x[i]), y[i] = rintf(y[i] * 16);
    if (i % 50 == 7) y[i] = i % 100 == 7 ? INFINITY : -INFINITY;
  }
  kernel_run run = kernel_run_new();
  ir_builder b;
  lo_params p;
  ir_func *f = lo_begin_kernel(run.module, &b, "mod", buffers, sizes, &p);
  ir_loop loop = lo_begin_loop(&b, p.begin, p.end, lo_index(&b, LANES));
  ir_value *at = lo_index_scale(&b, loop.index, 4), *left = lo_load(&b, lo_f32(LANES), p.buffers[0], at, NULL);
  lo_store(&b, p.buffers[2], at, lo_mod(&b, left, lo_load(&b, lo_f32(LANES), p.buffers[1], at, NULL)), NULL);
  lo_end_loop(&b, loop);
  lo_end_kernel(&b);
  ir_memory memory[] = {{.data = (uint8_t *)x, .size = sizeof x},
                        {.data = (uint8_t *)y, .size = sizeof y},
                        {.data = (uint8_t *)z, .size = sizeof z}};
  kernel_run_go(&run, f, 3, memory, 0, NULL, 0, COUNT);
  kernel_run_free(&run);
  for (size_t i = 0; i < COUNT; i++) {
    double rest = fmod((double)x[i], (double)y[i]);
    if (rest != 0 && (rest < 0) != (y[i] < 0)) rest += (double)y[i];
    if (fabs((double)x[i] / (double)y[i]) >= 0x1p29) continue;
    bool same = isnan(rest) ? isnan(z[i]) : (float)rest == z[i];
    if (!same) ck_abort_msg("%a mod %a is %a, not %a", (double)x[i], (double)y[i], (double)z[i], rest);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lower_values");
  TCase *conversions = tcase_create("conversions");
  tcase_add_loop_test(conversions, all_elements_become_all_others, 0, ELEMS);
  tcase_add_loop_test(conversions, elements_are_stored_loaded_and_saturated, 0,
                      (int)(sizeof stored_types / sizeof *stored_types));
  tcase_add_loop_test(conversions, codes_of_floats, 0, (int)(sizeof code_types / sizeof *code_types));
  suite_add_tcase(suite, conversions);
  check_add(suite, "made of several",
            (const TTest *const[]){masks_positions_and_remainders, remainders_of_floats, NULL});
  return check_main(suite);
}
