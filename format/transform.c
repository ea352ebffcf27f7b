#include "format/transform.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const names[] = {
#define TRANSFORM(id, text) [TRANSFORM_##id] = (text),
#include "format/transform.def"
#undef TRANSFORM
};

const char *transform_kind_name(transform_kind kind) { return kind < TRANSFORM_COUNT ? names[kind] : "?"; }

transform_kind transform_kind_by_name(const char *name) {
  unsigned kind = 0;
  while (kind < TRANSFORM_COUNT && strcmp(names[kind], name) != 0) kind++;
  return (transform_kind)kind;
}

// ---- checks ----------------------------------------------------------------------------------------------

uint64_t transform_block(const transform_step *step, uint64_t n) { return step->block == 0 ? n : step->block; }

static bool check_block(diag *d, const transform_step *step, const char *layer, uint64_t n, const char *what,
                        src_loc loc) {
  uint64_t block = transform_block(step, n);
  if (step->kind != TRANSFORM_HADAMARD) return true;
  if (step->block == 0 && (n < 2 || n > SCHEME_MAX_HADAMARD || (n & (n - 1)) != 0)) {
    diag_error(d, loc,
               "'%s' has %" PRIu64 " %s, and a Hadamard transform of all of them needs a power of two from 2 to %u",
               layer, n, what, SCHEME_MAX_HADAMARD);
    diag_hint(d, "give the transform a block that divides them");
    return false;
  }
  if (n % block == 0) return true;
  diag_error(d, loc, "'%s' has %" PRIu64 " %s, which the blocks of %" PRIu64 " of the Hadamard transform do not divide",
             layer, n, what, block);
  diag_hint(d, "choose a block that divides them, or another format for the layer");
  return false;
}

bool transform_check_shape(diag *d, const scheme *s, const char *layer, uint64_t rows, uint64_t columns, src_loc loc) {
  bool ok = true;
  for (size_t i = 0; i < s->input.count; i++) ok &= check_block(d, &s->input.steps[i], layer, columns, "inputs", loc);
  for (size_t i = 0; i < s->output.count; i++) ok &= check_block(d, &s->output.steps[i], layer, rows, "outputs", loc);
  return ok;
}

static uint64_t length(const tensor_codes *t, bool input) { return input ? t->columns : t->rows; }

// The name of what an index comes from: the first field in it.
static const char *index_name(const scheme *s, const transform_step *step) {
  for (unsigned f = 0; f < s->field_count; f++)
    if (expr_uses_field(step->factor, f)) return s->fields[f].name;
  return "the index";
}

static bool check_gather(diag *d, const tensor_codes *t, const transform_step *step, bool input, const char *layer,
                         double *index) {
  uint64_t n = length(t, input);
  transform_factor(t, step, input, index);
  for (uint64_t i = 0; i < n; i++) {
    if (index[i] >= 0 && index[i] < (double)n) continue;
    diag_error(d, SRC_NOWHERE,
               "layer '%s': '%s' has the entry %.0f for %s %" PRIu64 ", but there are only %" PRIu64 " of them", layer,
               index_name(t->scheme, step), index[i], input ? "input" : "output", i, n);
    diag_hint(d, "entries are counted from 0; the file may be damaged, or its tensor mean something else");
    return false;
  }
  return true;
}

static bool check_gathers(diag *d, const tensor_codes *t, const transform *steps, bool input, const char *layer) {
  bool ok = true;
  arena *a = arena_new();
  double *index = ARENA_ARRAY(a, double, (size_t)length(t, input));
  for (size_t i = 0; i < steps->count; i++)
    if (steps->steps[i].kind == TRANSFORM_GATHER) ok &= check_gather(d, t, &steps->steps[i], input, layer, index);
  arena_free(a);
  return ok;
}

bool transform_check_codes(diag *d, const tensor_codes *t, const char *layer) {
  bool ok = check_gathers(d, t, &t->scheme->input, true, layer);
  return check_gathers(d, t, &t->scheme->output, false, layer) && ok;
}

bool transform_is_constant(const scheme *s, const transform_step *step) {
  for (unsigned f = 0; TRANSFORM_HAS_FACTOR(step->kind) && f < s->field_count; f++)
    if (expr_uses_field(step->factor, f)) return false;
  return true;
}

// ---- one vector ------------------------------------------------------------------------------------------

void transform_factor(const tensor_codes *t, const transform_step *step, bool input, double *out) {
  for (uint64_t i = 0; i < length(t, input); i++) {
    out[i] = scheme_eval(t, step->factor, input ? 0 : i, input ? i : 0);
    if (step->kind != TRANSFORM_GATHER) out[i] = (double)(float)out[i];
  }
}

static void hadamard(double *x, uint64_t n, uint64_t block) {
  double scale = 1 / sqrt((double)block);
  for (uint64_t h = 1; h < block; h *= 2)
    for (uint64_t i = 0; i < n; i++) {
      if ((i & h) != 0) continue;
      double a = x[i], b = x[i + h];
      x[i] = a + b;
      x[i + h] = a - b;
    }
  for (uint64_t i = 0; i < n; i++) x[i] *= scale;
}

// How a step is meant: as it is, or transposed (a row of weights times the step), or the inverse of either.
enum { TRANSPOSED = 1, INVERSE = 2 };

typedef struct prepared_step {
  const transform_step *step;
  const double *factor;
} prepared_step;

// All steps of one side with their factors.
typedef struct side {
  size_t count;
  prepared_step *steps;
  uint64_t n;
  double *room; // n numbers
} side;

static void gather(const side *s, const double *index, bool scatter, double *x) {
  memcpy(s->room, x, (size_t)s->n * sizeof *x);
  for (uint64_t i = 0; scatter && i < s->n; i++) x[i] = -0.0; // changes no number that is added, not even -0
  for (uint64_t i = 0; i < s->n; i++) {
    uint64_t at = (uint64_t)index[i];
    if (scatter)
      x[at] += s->room[i];
    else
      x[i] = s->room[at];
  }
}

static void apply_step(const side *s, const prepared_step *p, unsigned how, double *x) {
  bool inverse = (how & INVERSE) != 0, transposed = (how & TRANSPOSED) != 0;
  if (p->step->kind == TRANSFORM_HADAMARD) {
    hadamard(x, s->n, transform_block(p->step, s->n));
  } else if (p->step->kind == TRANSFORM_GATHER) {
    gather(s, p->factor, inverse != transposed, x);
  } else {
    bool divide = (p->step->kind == TRANSFORM_DIV) != inverse;
    for (uint64_t i = 0; i < s->n; i++) x[i] = divide ? x[i] / p->factor[i] : x[i] * p->factor[i];
  }
}

// Of a product of steps the transpose and the inverse have them in the opposite order, and both together in the same.
static void apply_all(const side *s, unsigned how, double *x) {
  bool backwards = how == TRANSPOSED || how == INVERSE;
  for (size_t i = 0; i < s->count; i++) apply_step(s, &s->steps[backwards ? s->count - 1 - i : i], how, x);
}

static side prepare(arena *a, const tensor_codes *t, bool input) {
  const transform *steps = input ? &t->scheme->input : &t->scheme->output;
  side s = {.count = steps->count, .n = length(t, input)};
  s.steps = ARENA_ARRAY(a, prepared_step, s.count);
  s.room = ARENA_ARRAY(a, double, (size_t)s.n);
  for (size_t i = 0; i < s.count; i++) {
    s.steps[i].step = &steps->steps[i];
    if (!TRANSFORM_HAS_FACTOR(steps->steps[i].kind)) continue;
    double *factor = ARENA_ARRAY(a, double, (size_t)s.n);
    transform_factor(t, &steps->steps[i], input, factor);
    s.steps[i].factor = factor;
  }
  return s;
}

void transform_apply(const tensor_codes *t, bool input, double *x) {
  arena *a = arena_new();
  side s = prepare(a, t, input);
  apply_all(&s, 0, x);
  arena_free(a);
}

// ---- matrices --------------------------------------------------------------------------------------------

static void apply_to_rows(const tensor_codes *t, const side *s, unsigned how, double *w) {
  for (uint64_t n = 0; s->count > 0 && n < t->rows; n++) apply_all(s, how, w + n * t->columns);
}

static void apply_to_columns(arena *a, const tensor_codes *t, const side *s, unsigned how, double *w) {
  double *column = ARENA_ARRAY(a, double, (size_t)t->rows);
  for (uint64_t k = 0; s->count > 0 && k < t->columns; k++) {
    for (uint64_t n = 0; n < t->rows; n++) column[n] = w[n * t->columns + k];
    apply_all(s, how, column);
    for (uint64_t n = 0; n < t->rows; n++) w[n * t->columns + k] = column[n];
  }
}

void transform_unfold(const tensor_codes *t, double *w) {
  arena *a = arena_new();
  side input = prepare(a, t, true), output = prepare(a, t, false);
  apply_to_rows(t, &input, TRANSPOSED, w);
  apply_to_columns(a, t, &output, 0, w);
  arena_free(a);
}

double *transform_weights(arena *a, const tensor_codes *t) {
  if (t->scheme->input.count + t->scheme->output.count == 0) return NULL;
  double *all = ARENA_ARRAY(a, double, (size_t)(t->rows * t->columns));
  for (uint64_t n = 0; n < t->rows; n++) scheme_row(t, n, all + n * t->columns);
  transform_unfold(t, all);
  return all;
}

static bool is_permutation(const side *s, const double *index) {
  for (uint64_t i = 0; i < s->n; i++) s->room[i] = 0;
  for (uint64_t i = 0; i < s->n; i++) s->room[(uint64_t)index[i]]++;
  for (uint64_t i = 0; i < s->n; i++)
    if (s->room[i] != 1) return false;
  return true;
}

static bool is_invertible(const side *s, const prepared_step *p) {
  if (p->step->kind == TRANSFORM_HADAMARD) return true;
  if (p->step->kind == TRANSFORM_GATHER) return is_permutation(s, p->factor);
  for (uint64_t i = 0; i < s->n; i++)
    if (p->factor[i] == 0 || !isfinite(p->factor[i])) return false;
  return true;
}

static bool check_invertible(diag *d, const side *s, const char *layer) {
  for (size_t i = 0; i < s->count; i++) {
    if (is_invertible(s, &s->steps[i])) continue;
    bool index = s->steps[i].step->kind == TRANSFORM_GATHER;
    diag_error(d, s->steps[i].step->loc, "weights of '%s' cannot be encoded: %s", layer,
               index ? "the order is no permutation" : "a factor is zero or not finite");
    return false;
  }
  return true;
}

bool transform_fold(diag *d, const tensor_codes *t, const char *layer, double *w) {
  arena *a = arena_new();
  side input = prepare(a, t, true), output = prepare(a, t, false);
  bool ok = check_invertible(d, &input, layer) && check_invertible(d, &output, layer);
  if (ok) apply_to_rows(t, &input, TRANSPOSED | INVERSE, w);
  if (ok) apply_to_columns(a, t, &output, INVERSE, w);
  arena_free(a);
  return ok;
}
