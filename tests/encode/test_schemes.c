// The encoder with every format in a folder: test_schemes SCHEMES EXCEPTIONS RESULTS [FORMAT..]. Formats are added all the time, so
// nothing here knows them; what is not expected of some of them is in EXCEPTIONS. RESULTS/encode_<shard>.tsv gets a line for each.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode/encode.h"
#include "encode/inside.h"
#include "files/tensor_file.h"
#include "format/scheme_parts.h"
#include "frontend/frontend.h"
#include "support/file.h"
#include "tests/check_main.h"
#include "tests/scheme/kit.h"
#include "weights/fold.h"

enum { COLUMNS = 512, FEW_COLUMNS = 256, LEAST_ROWS = 3, MOST_ROWS = 132 };

static const char *schemes_dir, *exceptions_path, *results_path;
static const fe_scheme_info *infos;

// One format with memory and messages of its own.
typedef struct subject {
  arena *a;
  diag *d;
  const char *name;
  const scheme *s;
  uint64_t rows, columns;
  bool mixed; // a sum of parts, or sections: each part is a format of its own
} subject;

static fe_options folder(void) { return (fe_options){.dirs = &schemes_dir, .dir_count = 1}; }

// Rows enough for more than one tile.
static uint64_t rows_for(const scheme *s) {
  uint64_t rows = LEAST_ROWS;
  for (size_t f = 0; f < s->field_count; f++) {
    uint64_t tile = granularity_rows(&s->fields[f].gran) + 1;
    if (tile > rows) rows = tile;
  }
  return rows < MOST_ROWS ? rows : MOST_ROWS;
}

static bool is_mixed(diag *d, arena *a, const scheme *s) {
  const scheme_part *parts;
  return scheme_split(d, a, s, &parts) != 1 || parts[0].scheme != s;
}

static subject open_subject(int index, uint64_t columns) {
  subject x = {.a = arena_new(), .name = infos[index].name, .columns = columns};
  fe_options o = folder();
  x.d = diag_new(x.a, NULL, false);
  x.s = fe_find_scheme(x.d, x.a, NULL, &o, x.name);
  ck_assert_msg(x.s != NULL, "%s: %s", x.name, diag_text(x.d));
  x.rows = rows_for(x.s);
  x.mixed = is_mixed(x.d, x.a, x.s);
  if (x.s->input.count + x.s->output.count == 0) return x;
  // What a layer does to its input and output is not encoded: what lies between is.
  enum { SIDE = 512 }; // that blocks divide
  folded_weights folded;
  const float *w = kit_normal_weights(x.a, SIDE * SIDE, 1);
  ck_assert_msg(fold_weights(x.d, x.a, x.s, NULL, "layer", w, SIDE, SIDE, &folded), "%s", diag_text(x.d));
  x.s = folded.values;
  x.mixed = is_mixed(x.d, x.a, x.s);
  return x;
}

// Whether EXCEPTIONS says so of the format.
static bool is_said(const subject *x, const char *what) {
  char name[128], word[128], line[512];
  bool found = false;
  FILE *f = fopen(exceptions_path, "r");
  ck_assert_ptr_nonnull(f);
  while (fgets(line, sizeof line, f) != NULL)
    found |= sscanf(line, "%127s %127s", name, word) == 2 && strcmp(name, x->name) == 0 && strcmp(word, what) == 0;
  fclose(f);
  return found;
}

static tensor_codes *encode(const subject *x, const float *w) {
  return encode_mixture(x->d, x->a, x->s, w, x->rows, x->columns, NULL, (encode_progress){.call = NULL});
}

static float *decode(const subject *x, const tensor_codes *t) {
  float *w = ARENA_ARRAY(x->a, float, x->rows * x->columns);
  double *row = ARENA_ARRAY(x->a, double, x->columns);
  for (uint64_t n = 0; n < x->rows; n++) {
    scheme_row(t, n, row);
    for (uint64_t k = 0; k < x->columns; k++) w[n * x->columns + k] = (float)row[k];
  }
  return w;
}

static float *normal_weights(const subject *x) { return kit_normal_weights(x->a, x->rows * x->columns, 17); }

static const char *results_file(arena *a) {
  unsigned index, count;
  sampling_shard(&index, &count);
  return arena_printf(a, "%s/encode_%u.tsv", results_path, index);
}

static void report(const subject *x, const char *status, const char *text) {
  FILE *f = fopen(results_file(x->a), "a");
  if (f == NULL) return;
  fprintf(f, "%s\tencode\t%s\t%.*s\n", x->name, status, (int)strcspn(text, "\n"), text);
  fclose(f);
}

// ---- the best codes ----------------------------------------------------------------------------------------

typedef struct area {
  uint64_t n, rows, k, columns;
} area;

static void cut(uint64_t at, uint64_t size, uint64_t all, uint64_t *first, uint64_t *count) {
  *first = size == 0 ? 0 : at - at % size;
  *count = size == 0 || all - *first < size ? all - *first : size;
}

// The weights that an element of a field touches; with codes that reach into others' windows, all of the span.
static area area_of(const subject *x, unsigned f, uint64_t n, uint64_t k) {
  area r;
  granularity g = x->s->fields[f].gran;
  cut(n, granularity_rows(&g), x->rows, &r.n, &r.rows);
  cut(k, granularity_columns(&g), x->columns, &r.k, &r.columns);
  return r;
}

static double area_error(const tensor_codes *t, const float *w, area r) {
  double sum = 0;
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns; k++) {
      double e = scheme_weight(t, n, k) - (double)w[n * t->columns + k];
      sum += e * e;
    }
  return sum;
}

static unsigned field_bits(const subject *x, unsigned f) { return elem_get(x->s->fields[f].type)->bits; }

static bool is_single_code(const subject *x, const encode_plan *p, unsigned f) {
  return p->roles[f] == ROLE_CODE && x->s->fields[f].rank == 0;
}

// All numbers of all codes of one weight together: none is nearer than those that were chosen.
static size_t count_better_weights(const subject *x, const encode_plan *p, tensor_codes *t, const float *w) {
  enum { SAMPLES = 60, MOST_BITS = 12 };
  size_t better = 0;
  unsigned bits = 0;
  for (unsigned f = 0; f < x->s->field_count; f++) bits += is_single_code(x, p, f) ? field_bits(x, f) : 0;
  if (bits == 0 || bits > MOST_BITS || p->span > 0) return 0;
  for (uint64_t i = 0; i < SAMPLES; i++) {
    uint64_t at = i * 7919 % (x->rows * x->columns), n = at / x->columns, k = at % x->columns;
    double chosen = fabs(scheme_weight(t, n, k) - (double)w[at]), least = chosen;
    uint32_t kept[SCHEME_MAX_FIELD_BITS * 4];
    ck_assert(x->s->field_count <= sizeof kept / sizeof *kept);
    for (unsigned f = 0; f < x->s->field_count; f++)
      if (is_single_code(x, p, f)) kept[f] = t->elements[f][at];
    for (uint32_t joint = 0; joint < 1u << bits; joint++) {
      uint32_t rest = joint;
      for (unsigned f = 0; f < x->s->field_count; f++) {
        if (!is_single_code(x, p, f)) continue;
        t->elements[f][at] = rest & ((1u << field_bits(x, f)) - 1);
        rest >>= field_bits(x, f);
      }
      double error = fabs(scheme_weight(t, n, k) - (double)w[at]);
      if (error < least) least = error;
    }
    for (unsigned f = 0; f < x->s->field_count; f++)
      if (is_single_code(x, p, f)) t->elements[f][at] = kept[f];
    better += least < chosen * (1 - 1e-6) - 1e-12;
  }
  return better;
}

// Codes of several weights: no other number of one of them alone is better (of many, some are tried).
static size_t count_better_cells(const subject *x, const encode_plan *p, tensor_codes *t, const float *w,
                                 size_t *tried) {
  enum { SAMPLES = 24, MOST = 256 };
  size_t better = 0;
  uint64_t state = 5;
  for (unsigned f = 0; f < x->s->field_count; f++) {
    if (p->roles[f] != ROLE_SELECTOR) continue;
    uint64_t size = 1, all = (uint64_t)1 << field_bits(x, f);
    scheme_field_size(&x->s->fields[f], &size);
    for (uint64_t i = 0; i < SAMPLES; i++, ++*tried) {
      uint64_t n = kit_random(&state) % x->rows, k = kit_random(&state) % x->columns;
      uint64_t at = scheme_field_index(&x->s->fields[f], x->columns, n, k) + kit_random(&state) % size;
      area r = area_of(x, f, n, k);
      uint32_t kept = t->elements[f][at];
      double chosen = area_error(t, w, r), least = chosen;
      for (uint64_t c = 0; c < all && c < MOST; c++) {
        t->elements[f][at] = (uint32_t)(all <= MOST ? c : kit_random(&state) % all);
        double error = area_error(t, w, r);
        if (error < least) least = error;
      }
      t->elements[f][at] = kept;
      better += least < chosen * (1 - 1e-6) - 1e-15;
    }
  }
  return better;
}

static void expect_best_codes(const subject *x, tensor_codes *t, const float *w) {
  const encode_plan *p = encode_plan_new(x->a, x->s);
  size_t tried = 0, better = count_better_weights(x, p, t, w), cells = count_better_cells(x, p, t, w, &tried);
  ck_assert_msg(better == 0, "%s: %zu of the sampled weights have a nearer code", x->name, better);
  ck_assert_msg(50 * cells <= tried, "%s: %zu of %zu codes of several weights could be better", x->name, cells, tried);
}

// ---- once more ---------------------------------------------------------------------------------------------

// `what` is "again" for weights that have been encoded before, "any" for those of any codes.
static void expect_again(const subject *x, const float *w, double first, const char *what) {
  tensor_codes *t = encode(x, w);
  ck_assert_msg(t != NULL, "%s: %s", x->name, diag_text(x->d));
  bool near = is_said(x, arena_printf(x->a, "%s-near", what)), loose = is_said(x, arena_printf(x->a, "%s-loose", what));
  // Learned vectors are clusters, which need not be found again; nor need the same parts of a sum.
  if (x->mixed) {
    loose = true;
  } else {
    const encode_plan *p = encode_plan_new(x->a, x->s);
    loose |= p->has_tables && p->cell > 0;
  }
  double limit = loose ? 1.05 * first : near ? 0.1 * first : 0;
  double error = error_stats_measure(t, w).relative_rms;
  const float *again = decode(x, t);
  size_t different = 0;
  for (uint64_t i = 0; i < x->rows * x->columns; i++) different += again[i] != w[i];
  ck_assert_msg(different == 0 || error <= limit, "%s, %s: %zu of %zu weights differ, relative error %g, allowed %g",
                x->name, what, different, (size_t)(x->rows * x->columns), error, limit);
}

// Codes that are the best for no weights in particular.
static void randomize_codes(const subject *x, tensor_codes *t) {
  const encode_plan *p = encode_plan_new(x->a, x->s);
  uint64_t state = 23;
  for (unsigned f = 0; f < x->s->field_count; f++) {
    uint64_t count = 0;
    if (p->roles[f] != ROLE_CODE && p->roles[f] != ROLE_SELECTOR) continue;
    scheme_field_count(&x->s->fields[f], x->rows, x->columns, &count);
    elem_type type = x->s->fields[f].type;
    for (uint64_t i = 0; i < count; i++) {
      uint32_t raw = (uint32_t)(kit_random(&state) & (((uint64_t)1 << elem_get(type)->bits) - 1));
      if (isfinite(elem_decode(type, raw)) && !x->s->fields[f].sparse) t->elements[f][i] = raw;
    }
  }
}

// ---- unusual weights ---------------------------------------------------------------------------------------

typedef enum pattern { ZEROS, ONE, SAME, OUTLIER, TINY, HUGE_ONES, ONE_SIDED, ONE_GROUP, PATTERNS } pattern;

static float pattern_weight(pattern p, uint64_t i, uint64_t *state) {
  switch (p) {
  case ONE: return i == 5 ? 1.0f : 0.0f;
  case SAME: return -0.75f;
  case OUTLIER: return i == 17 ? 1000.0f : (float)kit_normal(state);
  case TINY: return (float)(kit_normal(state) * 1e-42);
  case HUGE_ONES: return (float)(kit_normal(state) * 5e37);
  case ONE_SIDED: return (float)(3 + 0.1 * kit_normal(state));
  case ONE_GROUP: return i / 64 == 2 ? (float)kit_normal(state) : 0.0f;
  default: return 0;
  }
}

// Zeros, and some others that are drawn; a full run tries all.
static bool is_tried(const subject *x, pattern p) {
  enum { ONE_IN = 4 };
  uint64_t state = sampling_state(sampling_seed() + p, x->name);
  return p == ZEROS || sampling_is_full() || sampling_next(&state) % ONE_IN == 0;
}

START_TEST(unusual_weights) {
  subject x = open_subject(_i, FEW_COLUMNS);
  float *w = ARENA_ARRAY(x.a, float, x.rows *x.columns);
  for (int p = 0; p < PATTERNS && !is_said(&x, "refused"); p += is_said(&x, "slow") ? PATTERNS : 1) {
    uint64_t state = 3;
    if (!is_tried(&x, (pattern)p)) continue;
    for (uint64_t i = 0; i < x.rows * x.columns; i++) w[i] = pattern_weight((pattern)p, i, &state);
    tensor_codes *t = encode(&x, w);
    ck_assert_msg(t != NULL, "%s, pattern %d: %s", x.name, p, diag_text(x.d));
    const float *v = decode(&x, t);
    for (uint64_t i = 0; i < x.rows * x.columns; i++) {
      ck_assert_msg(isfinite(v[i]), "%s, pattern %d: weight %d is %g", x.name, p, (int)i, (double)v[i]);
      ck_assert_msg(p != ZEROS || fabsf(v[i]) <= 1e-4f || is_said(&x, "absolute"), "%s: a zero becomes %g", x.name,
                    (double)v[i]);
    }
  }
  arena_free(x.a);
}
END_TEST

// ---- few of the codes ----------------------------------------------------------------------------------------

// Whether the format has all of -reach .. reach times any power of two, whatever else it has.
static bool has_integers(const subject *x, const core_set *c, const grid_form *g, int reach) {
  if (g->with_offset) return c->levels.uniform && c->levels.count > 2 * (size_t)reach && x->s->field_count > 2;
  for (int i = -reach; i <= reach; i++) {
    bool found = false;
    for (size_t l = 0; l < c->levels.count; l++) found |= c->levels.values[l] == i * g->quantum;
    if (!found) return false;
  }
  return true;
}

// Integers of a small range, most of them 0 or even or rarely another number.
static void integer_weights(const subject *x, int reach, int kind, float *w) {
  uint64_t state = 7;
  for (uint64_t i = 0; i < x->rows * x->columns; i++) {
    int number = (int)(kit_random(&state) % (2 * (unsigned)reach + 1)) - reach;
    if (kind == 1 && kit_random(&state) % 20 != 0) number = 0;
    if (kind == 2) number = number / 2 * 2;
    w[i] = 0.25f * (float)number;
  }
}

// Ternary weights and other small integers are exact where the format has them, though most codes are not used.
START_TEST(few_codes) {
  static const int reaches[] = {1, 3, 7};
  subject x = open_subject(_i, COLUMNS);
  const encode_plan *p = x.mixed ? NULL : encode_plan_new(x.a, x.s);
  const double *const *tables = ARENA_ARRAY(x.a, const double *, x.s->field_count);
  const expr *blocked;
  core_set c;
  bool opened = p != NULL && p->structured && !p->has_tables && p->cell == 0 && p->span == 0 &&
                core_set_init(x.a, p, tables, 1, &c, &blocked);
  grid_form g = opened ? grid_form_of(x.a, &c) : (grid_form){.usable = false};
  float *w = ARENA_ARRAY(x.a, float, x.rows *x.columns);
  for (size_t r = 0; g.usable && r < sizeof reaches / sizeof *reaches; r++)
    for (int kind = 0; kind < 3 && has_integers(&x, &c, &g, reaches[r]); kind++) {
      integer_weights(&x, reaches[r], kind, w);
      tensor_codes *t = encode(&x, w);
      const float *v = decode(&x, t);
      for (uint64_t i = 0; i < x.rows * x.columns; i++)
        ck_assert_msg(v[i] == w[i], "%s: integers up to %d, kind %d: weight %d is %g, not %g", x.name, reaches[r], kind,
                      (int)i, (double)v[i], (double)w[i]);
    }
  if (opened) core_set_free(&c);
  arena_free(x.a);
}
END_TEST

// ---- a trained network ---------------------------------------------------------------------------------------

// Trained weights are no harder than random ones, whose error is `other`.
static void expect_trained(const subject *x, double other) {
  const char *shared = getenv("QCC_SHARED");
  const char *path =
      arena_printf(x->a, "%s/models/llama2c/stories260K.gguf", shared != NULL ? shared : QCC_SOURCE_DIR "/../shared");
  FILE *present = fopen(path, "rb");
  if (present == NULL) {
    printf("skipped: %s is not present\n", path);
    return;
  }
  fclose(present);
  tensor_file *f = tensor_file_open(x->d, x->a, path);
  const tensor *t = f == NULL ? NULL : tensor_file_require(x->d, f, "token_embd.weight");
  ck_assert_msg(t != NULL, "%s", diag_text(x->d));
  float *all = ARENA_ARRAY(x->a, float, t->count), *w = ARENA_ARRAY(x->a, float, x->rows * x->columns);
  ck_assert(tensor_read_f32(x->d, t, 0, t->count, all));
  for (uint64_t i = 0; i < x->rows * x->columns; i++) w[i] = all[i % t->count];
  const tensor_codes *trained = encode(x, w);
  ck_assert_msg(trained != NULL, "%s: %s", x->name, diag_text(x->d));
  double error = error_stats_measure(trained, w).relative_rms;
  ck_assert_msg(error < 1.5 * other + 1e-6 || is_said(x, "absolute"), "%s: relative error %g, of random weights %g",
                x->name, error, other);
  tensor_file_close(f);
}

// ---- all of it -----------------------------------------------------------------------------------------------

START_TEST(usual_weights) {
  subject x = open_subject(_i, COLUMNS);
  if (is_said(&x, "slow")) {
    arena_free(x.a);
    x = open_subject(_i, FEW_COLUMNS);
  }
  float *w = normal_weights(&x);
  tensor_codes *t = encode(&x, w);
  if (is_said(&x, "refused")) {
    ck_assert_msg(t == NULL, "%s encodes now", x.name);
    ck_assert_uint_eq(diag_error_count(x.d), 1);
    report(&x, "refused", diag_text(x.d));
  } else {
    ck_assert_msg(t != NULL, "%s: %s", x.name, diag_text(x.d));
    double error = error_stats_measure(t, w).relative_rms;
    ck_assert_msg(error < 0.95 || is_said(&x, "coarse"), "%s: relative error %g", x.name, error);
    bool slow = is_said(&x, "slow");
    if (!x.mixed) expect_best_codes(&x, t, w);
    if (!slow) expect_again(&x, decode(&x, t), error, "again");
    if (!slow && !x.mixed) randomize_codes(&x, t);
    if (!slow && !x.mixed) expect_again(&x, decode(&x, t), error, "any");
    if (!slow) expect_trained(&x, error);
    report(&x, "ok", arena_printf(x.a, "%.4f", error));
  }
  arena_free(x.a);
}
END_TEST

// Those of the formats that are named on the command line.
static size_t select_formats(arena *a, size_t count, char **names) {
  fe_scheme_info *kept = ARENA_ARRAY(a, fe_scheme_info, count);
  size_t found = 0;
  for (size_t i = 0; i < count; i++)
    for (char **name = names; *name != NULL; name++)
      if (strcmp(*name, infos[i].name) == 0) kept[found++] = infos[i];
  infos = kept;
  return found;
}

int main(int argc, char **argv) {
  if (argc < 4) return EXIT_FAILURE;
  schemes_dir = argv[1], exceptions_path = argv[2], results_path = argv[3];
  arena *a = arena_new();
  fe_options o = folder();
  size_t count = fe_list_schemes(diag_new(a, stderr, false), a, &o, &infos);
  if (argc > 4) count = select_formats(a, count, argv + 4);
  if (count == 0) return EXIT_FAILURE;
  if (argc == 4) remove(results_file(a));
  Suite *s = suite_create("every format");
  TCase *t = tcase_create("encoded");
  check_add_rounds(t, usual_weights, (int)count);
  check_add_rounds(t, few_codes, (int)count);
  check_add_rounds(t, unusual_weights, (int)count);
  suite_add_tcase(s, t);
  int status = check_main(s);
  arena_free(a);
  return status;
}
