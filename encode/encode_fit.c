#include "encode/inside.h"

#include <math.h>
#include <string.h>

#include "format/storable.h"

enum { CANDIDATES = 64, FEW_CODES = 16 };

// The nearest levels of a value that is slope * level + offset.
static void assign_simple(const core_set *c, const fit_span *span, const double *u, bool store, quadratic *out) {
  line_sums sums = span->known != NULL ? span->known->sums : line_weights_of(span).sums;
  line_measure(c, span, u, store, &sums);
  line_quad(c, &sums, out);
}

static void add_weight(const core_set *c, quadratic *q, const double *v, size_t code, double w, double by) {
  q->power += by * w * w;
  for (size_t i = 0; i < c->terms; i++) {
    double vi = by * v[i * c->codes + code];
    q->b[i] += vi * w;
    for (size_t j = 0; j < c->terms; j++) q->h[i][j] += vi * v[j * c->codes + code];
  }
}

// The code whose value is nearest to w; codes without a finite value are passed over.
static size_t nearest(const core_set *c, const double *v, const double *u, double w, double *error) {
  size_t best = 0;
  *error = INFINITY;
  for (size_t code = 0; code < c->codes; code++) {
    double x = 0;
    for (size_t t = 0; t < c->terms; t++) x += u[t] * v[t * c->codes + code];
    double e = (x - w) * (x - w);
    if (!(e < *error)) continue;
    *error = e;
    best = code;
  }
  return best;
}

static void assign_general(const core_set *c, const fit_span *span, const double *u, quadratic *out) {
  double ignored;
  *out = (quadratic){.power = 0};
  for (size_t r = 0; r < span->rows; r++)
    for (size_t i = 0; i < span->columns; i++) {
      const double *v = c->v + (size_t)((span->k + i) % c->positions) * c->terms * c->codes;
      double w = span->w[r * span->stride + i];
      size_t code = nearest(c, v, u, w, &ignored);
      span->codes[r * span->code_stride + i] = (uint32_t)code;
      add_weight(c, out, v, code, w, span->by == NULL ? 1 : span->by[i]);
    }
}

// Codes that each have one value: what counts is summed by code.
static void assign_few(const core_set *c, const fit_span *span, const double *u, quadratic *out) {
  double x[FEW_CODES], n[FEW_CODES] = {0}, sums[FEW_CODES] = {0}, power = 0;
  for (size_t code = 0; code < c->codes; code++) {
    x[code] = 0;
    for (size_t t = 0; t < c->terms; t++) x[code] += u[t] * c->v[t * c->codes + code];
  }
  for (size_t r = 0; r < span->rows; r++)
    for (size_t i = 0; i < span->columns; i++) {
      double w = span->w[r * span->stride + i], by = span->by == NULL ? 1 : span->by[i], least = INFINITY;
      size_t best = 0;
      for (size_t code = 0; code < c->codes; code++) {
        double e = (x[code] - w) * (x[code] - w);
        best = e < least ? code : best;
        least = e < least ? e : least;
      }
      span->codes[r * span->code_stride + i] = (uint32_t)best;
      n[best] += by;
      sums[best] += by * w;
      power += by * w * w;
    }
  *out = (quadratic){.power = power};
  for (size_t code = 0; code < c->codes; code++)
    for (size_t t = 0; t < c->terms && n[code] != 0; t++) {
      out->b[t] += c->v[t * c->codes + code] * sums[code];
      for (size_t j = 0; j < c->terms; j++)
        out->h[t][j] += n[code] * c->v[t * c->codes + code] * c->v[j * c->codes + code];
    }
}

static void add_terms(quadratic *q, size_t terms, const double *v, double w, double by) {
  q->power += by * w * w;
  for (size_t t = 0; t < terms; t++) {
    q->b[t] += by * v[t] * w;
    for (size_t s = 0; s < terms; s++) q->h[t][s] += by * v[t] * v[s];
  }
}

// The codes of one cell, and its error as a function of u.
static void assign_cell(const core_set *c, const double *w, const double *by, size_t count, uint64_t k, const double *u,
                        unsigned effort, uint32_t *slots, quadratic *q) {
  double v[CELL_WEIGHTS][PLAN_TERMS];
  if (c->cells->signs == NULL || !signed_solve(c->cells->signs, w, by, count, u, slots, v)) {
    cell_solve(c->cells, w, count, k, u, effort, slots);
    cell_terms(c->cells, slots, count, k, v);
  }
  for (size_t j = 0; j < count; j++) add_terms(q, c->terms, v[j], w[j], by == NULL ? 1 : by[j]);
}

static void assign_trellis(const core_set *c, const fit_span *span, const double *u, quadratic *out) {
  const trellis *t = c->trellis;
  *out = (quadratic){.power = 0};
  for (size_t r = 0; r < span->rows; r++)
    for (size_t i = 0; i < span->columns; i += t->span) {
      const double *w = span->w + r * span->stride + i;
      uint32_t *codes = span->codes + r * span->code_stride + i;
      size_t count = span->columns - i < t->span ? span->columns - i : t->span;
      trellis_solve(t, w, count, u, codes);
      for (size_t j = 0; j < count; j++) {
        double v[PLAN_TERMS];
        trellis_terms(t, codes, count, j, v);
        add_terms(out, c->terms, v, w[j], span->by == NULL ? 1 : span->by[i + j]);
      }
    }
}

static void assign_cells(const core_set *c, const fit_span *span, const double *u, quadratic *out) {
  size_t width = c->cells->width;
  *out = (quadratic){.power = 0};
  for (size_t r = 0; r < span->rows; r++)
    for (size_t i = 0; i < span->columns; i += width) {
      const double *w = span->w + r * span->stride + i;
      uint32_t *slots = span->codes + r * span->code_stride + i / width * c->cells->slot_count;
      size_t count = span->columns - i < width ? span->columns - i : width;
      assign_cell(c, w, span->by == NULL ? NULL : span->by + i, count, span->k + i, u, span->effort, slots, out);
      if (span->limit > 0 && quadratic_error(out, c->terms, u) > span->limit) return;
    }
}

// Floats per weight need no search: the form has one term, u * (v0 + (v1 - v0) * f), and any u will do.
static void assign_direct(const core_set *c, const fit_span *span, const double *u, quadratic *out) {
  elem_type type = c->plan->scheme->fields[c->direct_field].type;
  double slope = c->v[1] - c->v[0];
  *out = (quadratic){.power = 0};
  for (size_t i = 0; i < span->rows * span->columns; i++) {
    size_t at = i / span->columns * span->stride + i % span->columns;
    double f = (span->w[at] / u[0] - c->v[0]) / slope;
    double stored = storable_round(type, f);
    double v = c->v[0] + slope * stored;
    span->codes[i / span->columns * span->code_stride + i % span->columns] = (uint32_t)elem_encode(type, stored);
    out->power += span->w[at] * span->w[at];
    out->h[0][0] += v * v;
    out->b[0] += v * span->w[at];
  }
}

static bool is_direct(const core_set *c) { return c->cells == NULL && c->direct_field < c->plan->scheme->field_count; }

void fit_assign(const core_set *c, const fit_span *s, const double *u, quadratic *out) {
  if (c->cells != NULL)
    assign_cells(c, s, u, out);
  else if (c->trellis != NULL)
    assign_trellis(c, s, u, out);
  else if (is_direct(c))
    assign_direct(c, s, u, out);
  else if (c->simple)
    assign_simple(c, s, u, true, out);
  else if (c->positions == 1 && c->codes <= FEW_CODES)
    assign_few(c, s, u, out);
  else
    assign_general(c, s, u, out);
}

// Where to begin: coefficients to try.
typedef struct candidates {
  size_t count;
  double u[CANDIDATES][PLAN_TERMS];
} candidates;

// All other coefficients are 0, or 1 where they cannot be anything else.
static void add_candidate(candidates *list, const core_set *c, size_t term, double value) {
  const plan_level *l = &c->plan->levels[0];
  if (list->count == CANDIDATES || !isfinite(value) || value == 0 || l->fixed[term]) return;
  if (!(value < 0 ? l->negative : l->positive)[term]) return;
  double *u = list->u[list->count++];
  for (size_t t = 0; t < c->terms; t++) u[t] = t == term ? value : l->fixed[t];
}

typedef struct extent {
  double min, max, far; // far: the one of larger magnitude
} extent;

static extent extent_of(double min, double max) {
  return (extent){.min = min, .max = max, .far = -min > max ? min : max};
}

// Few levels are best spent on the bulk of the weights, so smaller scales are tried too.
static size_t shrinks_for(size_t codes, const double **list) {
  static const double few[] = {1, 0.8, 0.62, 0.46, 0.34}, some[] = {1, 0.87, 0.74}, many[] = {1};
  *list = codes <= 8 ? few : codes < 64 ? some : many;
  return codes <= 8 ? 5 : codes < 64 ? 3 : 1;
}

// The far weight on the least and on the greatest value of the core, in both cases with its sign.
static void scale_candidates(candidates *list, const core_set *c, size_t term, const extent *e) {
  const double *shrink;
  size_t count = shrinks_for(c->codes, &shrink);
  for (size_t i = 0; i < count; i++) {
    if (c->max[term] != 0) add_candidate(list, c, term, shrink[i] * e->far / c->max[term]);
    bool distinct = c->min[term] != -c->max[term] || i == 0;
    if (c->min[term] != 0 && c->min[term] != c->max[term] && distinct)
      add_candidate(list, c, term, shrink[i] * e->far / c->min[term]);
  }
}

// Vectors: the weights' size on the codes' typical size, which their extremes say little about.
static void cell_candidates(candidates *list, const core_set *c, size_t term, const fit_span *s) {
  static const double sizes[] = {1, 1.25, 0.8};
  double power = 0, count = (double)s->rows * (double)s->columns;
  for (size_t i = 0; i < s->rows * s->columns; i++) {
    double w = s->w[i / s->columns * s->stride + i % s->columns];
    power += w * w;
  }
  if (!c->cells->varies[term] && c->plan->levels[0].terms > 1) return;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    add_candidate(list, c, term, sizes[i] * sqrt(power / count) / c->cells->rms[term]);
}

// The range of the weights on the range of the core, in both directions where the core is not symmetric.
static void offset_candidates(candidates *list, const core_set *c, const extent *e) {
  const double *shrink;
  size_t count = shrinks_for(c->codes, &shrink);
  double lo = c->min[c->slope], hi = c->max[c->slope], k = c->min[c->offset];
  add_candidate(list, c, c->offset, 0.5 * (e->max + e->min) / k); // all weights equal
  for (size_t i = 0; i < count && k != 0; i++) {
    double scale = shrink[i] * (e->max - e->min) / (hi - lo);
    size_t before = list->count;
    add_candidate(list, c, c->slope, scale);
    if (list->count > before) list->u[before][c->offset] = (0.5 * (e->max + e->min) - scale * 0.5 * (hi + lo)) / k;
  }
}

// Fits of a search in progress.
typedef struct fit {
  double u[PLAN_TERMS];
  double error;
  quadratic q;
} fit;

void fit_measure(const core_set *c, const fit_span *s, const double *u, quadratic *out) {
  if (c->simple)
    assign_simple(c, s, u, false, out);
  else
    fit_assign(c, s, u, out);
}

// Codes for u, then the best u for these codes.
static void try_fit(const core_set *c, const fit_span *s, fit *f) {
  fit_measure(c, s, f->u, &f->q);
  quadratic_solve(&f->q, c->terms, c->plan->levels[0].fixed, f->u);
  f->error = quadratic_error(&f->q, c->terms, f->u);
}

static void improve_fit(const core_set *c, const fit_span *s, fit *f) {
  enum { ROUNDS = 6, CELL_ROUNDS = 3 };
  for (int i = 0; i < (c->cells != NULL ? CELL_ROUNDS : ROUNDS); i++) {
    fit next = *f;
    try_fit(c, s, &next);
    bool enough = !(next.error < f->error * (1 - (c->cells != NULL ? 1e-2 : 1e-4)));
    if (next.error < f->error) *f = next;
    if (enough) return;
  }
}

// Several terms that vary: one end of the weights' range on the range of each, in all ways.
static void joint_candidate(candidates *list, const core_set *c, const extent *e, double shrink, unsigned ends) {
  const plan_level *l = &c->plan->levels[0];
  double *u = list->u[list->count];
  bool sound = list->count < CANDIDATES;
  for (size_t t = 0; t < c->terms && sound; t++) {
    bool up = fabs(c->max[t]) >= fabs(c->min[t]);
    u[t] = l->fixed[t] ? 1 : 0;
    if (l->fixed[t] || c->min[t] == c->max[t]) continue;
    u[t] = shrink * (ends >> t & 1 ? e->min : e->max) / (up ? c->max[t] : c->min[t]);
    sound = isfinite(u[t]) && (u[t] < 0 ? l->negative : l->positive)[t];
  }
  list->count += sound;
}

static void joint_candidates(candidates *list, const core_set *c, const extent *e) {
  const double *shrink;
  size_t count = shrinks_for(c->codes, &shrink);
  for (unsigned ends = 0; c->terms <= 3 && ends < 1u << c->terms; ends++)
    for (size_t i = 0; i < count; i++) joint_candidate(list, c, e, shrink[i], ends);
}

static void collect_candidates(candidates *list, const core_set *c, const fit_span *s, const extent *e) {
  if (c->simple && c->offset < c->terms) {
    offset_candidates(list, c, e);
    if (e->min >= 0 || e->max <= 0) scale_candidates(list, c, c->slope, e);
    return;
  }
  for (size_t t = 0; t < c->terms; t++)
    if (c->cells != NULL) {
      cell_candidates(list, c, t, s);
      if (c->cells->finest == 1) scale_candidates(list, c, t, e);
    } else {
      scale_candidates(list, c, t, e);
    }
  if (c->cells == NULL && c->terms > 1) joint_candidates(list, c, e);
}

size_t fit_exact(const core_set *c, const fit_span *s, double (*u)[PLAN_TERMS]) {
  enum { SLACK = 4, FEW = 512 };
  if (c->levels.count == 0) return 0;
  const plan_level *l = &c->plan->levels[0];
  size_t t = c->level_slope, offset = c->level_offset, count = s->rows * s->columns;
  probe_line lines[PROBE_FOUND];
  double few[FEW];
  arena *a = count <= FEW ? NULL : arena_new();
  double *w = a == NULL ? few : ARENA_ARRAY(a, double, count);
  for (size_t r = 0; r < s->rows; r++) memcpy(w + r * s->columns, s->w + r * s->stride, s->columns * sizeof *w);
  size_t found = probe_lines(&c->levels, w, count, offset < c->terms, l->negative[t], l->positive[t], SLACK, lines);
  if (a != NULL) arena_free(a);
  for (size_t i = 0; i < found; i++) {
    u[i][t] = lines[i].slope;
    if (offset < c->terms) u[i][offset] = lines[i].offset / c->min[offset];
  }
  return found;
}

// Paths take long: the coefficients are fitted to the first span of some rows.
static void search_trellis(const core_set *c, const fit_span *s, double *u, quadratic *out) {
  enum { ROWS = 4, ROUNDS = 2 };
  fit_span part = *s;
  double power = 0;
  part.rows = s->rows < ROWS ? s->rows : ROWS;
  part.columns = s->columns < c->trellis->span ? s->columns : c->trellis->span;
  for (size_t i = 0; i < part.rows * part.columns; i++) {
    double w = s->w[i / part.columns * s->stride + i % part.columns];
    power += w * w;
  }
  for (size_t t = 0; t < c->terms; t++) u[t] = c->plan->levels[0].fixed[t];
  double rms = sqrt(power / (double)(part.rows * part.columns)) / c->trellis->rms;
  if (!c->plan->levels[0].fixed[c->trellis->varying]) u[c->trellis->varying] = rms;
  for (int round = 0; round < ROUNDS; round++) {
    fit_assign(c, &part, u, out);
    quadratic_solve(out, c->terms, c->plan->levels[0].fixed, u);
  }
}

// A fit of slope and offset in progress.
typedef struct line_fit {
  double u[2];
  double error;
  line_sums sums;
} line_fit;

// The nearest levels for u, then the best u for these levels.
static void try_line(const core_set *c, const fit_span *s, line_fit *f) {
  quadratic q;
  line_measure(c, s, f->u, false, &f->sums);
  line_quad(c, &f->sums, &q);
  quadratic_solve(&q, c->terms, c->plan->levels[0].fixed, f->u);
  f->error = quadratic_error(&q, c->terms, f->u);
}

static void improve_line(const core_set *c, const fit_span *s, line_fit *f) {
  enum { ROUNDS = 6 };
  for (int i = 0; i < ROUNDS; i++) {
    line_fit next = *f;
    try_line(c, s, &next);
    bool enough = !(next.error < f->error * (1 - 1e-4));
    if (next.error < f->error) *f = next;
    if (enough) return;
  }
}

static void search_line(const core_set *c, const fit_span *s, double *u, quadratic *out) {
  line_weights w = s->known != NULL ? *s->known : line_weights_of(s);
  line_sums sums = w.sums;
  extent e = extent_of(w.min, w.max);
  candidates list;
  list.count = 0;
  for (size_t t = 0; t < c->terms; t++) u[t] = c->plan->levels[0].fixed[t];
  if (e.far != 0) collect_candidates(&list, c, s, &e);
  line_fit best[2] = {{.error = INFINITY}, {.error = INFINITY}};
  for (size_t i = 0; i < list.count; i++) {
    line_fit f = {.sums = sums};
    memcpy(f.u, list.u[i], c->terms * sizeof *f.u);
    try_line(c, s, &f);
    if (f.error < best[0].error) {
      best[1] = best[0];
      best[0] = f;
    } else if (f.error < best[1].error) {
      best[1] = f;
    }
  }
  for (int i = 0; i < 2; i++)
    if (best[i].error < INFINITY) improve_line(c, s, &best[i]);
  const line_fit *f = best[1].error < best[0].error ? &best[1] : &best[0];
  if (f->error < INFINITY) memcpy(u, f->u, c->terms * sizeof *u);
  line_measure(c, s, u, false, &sums);
  line_quad(c, &sums, out);
}

void fit_search(const core_set *c, const fit_span *s, double *u, quadratic *out) {
  if (c->trellis != NULL) {
    search_trellis(c, s, u, out);
    return;
  }
  if (c->cells == NULL && c->simple && !is_direct(c)) {
    search_line(c, s, u, out);
    return;
  }
  line_weights w = {.sums = {.n = 0}};
  if (!is_direct(c)) w = line_weights_of(s);
  extent e = extent_of(w.min, w.max);
  candidates list;
  list.count = 0;
  for (size_t t = 0; t < c->terms; t++) u[t] = is_direct(c) || c->plan->levels[0].fixed[t];
  if (!is_direct(c) && e.far != 0) collect_candidates(&list, c, s, &e);
  fit best[2] = {{.error = INFINITY}, {.error = INFINITY}};
  for (size_t i = 0; i < list.count; i++) {
    fit f;
    memcpy(f.u, list.u[i], sizeof f.u);
    try_fit(c, s, &f);
    if (f.error < best[0].error) {
      best[1] = best[0];
      best[0] = f;
    } else if (f.error < best[1].error) {
      best[1] = f;
    }
  }
  // Solving cells takes long: one start has to do.
  for (int i = 0; i < (c->cells != NULL ? 1 : 2); i++)
    if (best[i].error < INFINITY) improve_fit(c, s, &best[i]);
  const fit *f = best[1].error < best[0].error ? &best[1] : &best[0];
  if (f->error < INFINITY) memcpy(u, f->u, c->terms * sizeof *u);
  // The codes behind a fit are all that its form needs; choosing them again takes long.
  if (c->cells != NULL && f->error < INFINITY)
    *out = f->q;
  else
    fit_assign(c, s, u, out);
}
