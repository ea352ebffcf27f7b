#include "encode/encode.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "encode/inside.h"
#include "format/storable.h"
#include "support/num.h"

enum { DEFAULT_REFINEMENTS = 3, TABLE_ROUNDS = 12, STAGE_ROUNDS = 3, SEARCH_CODE_BITS = 12, MAX_THREADS = 64 };

static void cut(uint64_t at, uint64_t size, uint64_t all, uint64_t *first, uint64_t *count) {
  *first = size == 0 ? 0 : at - at % size;
  *count = size == 0 || all - *first < size ? all - *first : size;
}

region encoder_region(const encoder *e, granularity g, uint64_t n, uint64_t k) {
  region r;
  cut(n, granularity_rows(&g), e->out->rows, &r.n, &r.rows);
  cut(k, granularity_columns(&g), e->out->columns, &r.k, &r.columns);
  return r;
}

void encoder_use_tables(encoder *e, uint64_t n, uint64_t k) {
  for (size_t f = 0; f < e->s->field_count; f++)
    if (e->s->fields[f].rank != 0)
      e->unit_tables[f] = e->tables[f] + scheme_field_index(&e->s->fields[f], e->out->columns, n, k);
}

void encoder_load(encoder *e, uint64_t n, uint64_t k) {
  encoder_use_tables(e, n, k);
  for (size_t f = 0; f < e->s->field_count; f++) {
    const scheme_field *field = &e->s->fields[f];
    if (field->rank != 0) continue;
    uint64_t at = scheme_field_index(field, e->out->columns, n, k);
    e->fields[f] = elem_decode(field->type, e->out->elements[f][at]);
  }
}

void encoder_store(encoder *e, unsigned f, uint64_t i, double x) {
  elem_type type = e->s->fields[f].type;
  uint64_t raw = elem_encode(type, storable_clamp(type, x));
  e->out->elements[f][i] = (uint32_t)raw;
  if (e->s->fields[f].rank == 0) return;
  e->tables[f][i] = elem_decode(type, raw);
  e->table_changes++;
}

double encoder_error(encoder *e, region r) {
  double sum = 0;
  for (uint64_t n = r.n; n < r.n + r.rows; n++)
    for (uint64_t k = r.k; k < r.k + r.columns; k++) {
      encoder_load(e, n, k);
      relaxed_env env = {.scheme = e->s,
                         .fields = e->fields,
                         .tables = e->unit_tables,
                         .k = (double)k,
                         .n = (double)n,
                         .codes = e->out};
      double x = relaxed_eval(&env, e->s->value) - encoder_weight(e, n, k);
      sum += x * x;
    }
  return sum;
}

// Which element of `out` a unit's number is.
static uint64_t level_element(const encoder *e, const unit *u, region r, size_t level, size_t i, unsigned f) {
  granularity g = e->plan->levels[level].gran;
  uint64_t n = r.n + i / u->levels[level].per_row * granularity_rows(&g);
  uint64_t k = r.k + i % u->levels[level].per_row * granularity_columns(&g);
  return scheme_field_index(&e->s->fields[f], e->out->columns, n, k);
}

// The structured encoder's numbers for one unit into `out`.
static void store_levels(encoder *e, const unit *u, region r) {
  for (size_t level = 1; level < e->plan->level_count; level++) {
    const plan_level *l = &e->plan->levels[level];
    for (size_t i = 0; i < u->levels[level].count; i++)
      for (size_t slot = 0; slot < l->field_count; slot++) {
        unsigned f = l->fields[slot];
        double x = unit_value(u, level, i, slot);
        encoder_store(e, f, level_element(e, u, r, level, i, f), e->plan->inverse[f] ? 1 / x : x);
      }
  }
}

// The other way round.
static void load_levels(const encoder *e, unit *u, region r) {
  for (size_t level = 1; level < e->plan->level_count; level++) {
    const plan_level *l = &e->plan->levels[level];
    for (size_t i = 0; i < u->levels[level].count; i++)
      for (size_t slot = 0; slot < l->field_count; slot++) {
        unsigned f = l->fields[slot];
        uint32_t raw = e->out->elements[f][level_element(e, u, r, level, i, f)];
        double x = elem_decode(e->s->fields[f].type, raw);
        u->levels[level].best_vals[i * l->field_count + slot] = e->plan->inverse[f] ? 1 / x : x;
      }
  }
}

// One field's codes; `shift` is where its bits begin in the joint code.
static void store_code_field(encoder *e, const unit *u, region r, unsigned f, unsigned shift) {
  const scheme_field *field = &e->s->fields[f];
  unsigned bits = elem_get(field->type)->bits;
  uint32_t mask = bits >= 32 ? UINT32_MAX : (1u << bits) - 1;
  for (size_t row = 0; row < u->rows; row++) {
    uint32_t *to = e->out->elements[f] + scheme_field_index(field, e->out->columns, r.n + row, r.k);
    for (size_t i = 0; i < u->columns; i++) to[i] = u->best_codes[row * u->row_codes + i] >> shift & mask;
  }
}

static void store_codes(encoder *e, const unit *u, region r) {
  unsigned shift = 0;
  for (unsigned f = 0; f < e->s->field_count; f++) {
    if (e->plan->roles[f] != ROLE_CODE) continue;
    store_code_field(e, u, r, f, shift);
    shift += elem_get(e->s->fields[f].type)->bits;
  }
}

static void store_cell(encoder *e, const cell_set *c, const uint32_t *codes, uint64_t n, uint64_t k, uint64_t end) {
  for (size_t i = 0; i < c->slot_count; i++) {
    const cell_slot *s = &c->slots[i];
    if (k + s->first >= end) continue;
    const scheme_field *field = &e->s->fields[s->field];
    uint64_t at = scheme_field_index(field, e->out->columns, n, k + s->first) + s->element;
    e->out->elements[s->field][at] = codes[i];
    if (field->rank != 0) e->tables[s->field][at] = elem_decode(field->type, codes[i]);
  }
}

static void store_cells(encoder *e, const unit *u, region r) {
  const cell_set *c = u->cores->cells;
  for (size_t row = 0; row < u->rows; row++)
    for (size_t i = 0; i < u->columns; i += c->width)
      store_cell(e, c, u->best_codes + row * u->row_codes + i / c->width * c->slot_count, r.n + row, r.k + i,
                 r.k + r.columns);
}

static void encode_region_unit(encoder *e, unit *u, region r, bool warm) {
  unit_shape(u, (size_t)r.rows, (size_t)r.columns, r.k);
  for (uint64_t row = 0; row < r.rows; row++)
    for (uint64_t i = 0; i < r.columns; i++) u->w[row * r.columns + i] = encoder_weight(e, r.n + row, r.k + i);
  u->has_importance = e->importance != NULL;
  const float *line = e->importance == NULL ? NULL : e->importance + r.n / e->importance_rows * e->out->columns + r.k;
  for (uint64_t i = 0; line != NULL && i < r.columns; i++) u->importance[i] = (double)line[i];
  if (warm) load_levels(e, u, r);
  unit_encode(u, warm);
  store_levels(e, u, r);
  if (u->cores->cells != NULL)
    store_cells(e, u, r);
  else
    store_codes(e, u, r);
}

static void report_progress(const encoder *e, uint64_t done) {
  if (e->progress.call != NULL) e->progress.call(e->progress.user, done, e->out->rows * e->out->columns);
}

// How a tensor is worked through: in regions that share no number, made of units.
typedef struct work {
  encoder *e;
  unit *u;                               // structured encoding
  core_set cores;                        // of the tables of the unit at hand
  uint64_t cores_changes, *cores_tables; // which these were
  granularity region_gran, unit_gran;
} work;

// Computes the cores again if the tables for weight (n, k) are others than last time.
static void use_cores(work *w, uint64_t n, uint64_t k) {
  encoder *e = w->e;
  bool same = w->cores_changes == e->table_changes;
  for (size_t f = 0; f < e->s->field_count; f++) {
    if (e->plan->roles[f] != ROLE_TABLE) continue;
    uint64_t at = scheme_field_index(&e->s->fields[f], e->out->columns, n, k);
    same &= w->cores_tables[f] == at;
    w->cores_tables[f] = at;
  }
  if (same) return;
  encoder_use_tables(e, n, k);
  core_set_update(&w->cores, e->unit_tables);
  w->cores_changes = e->table_changes;
}

static void encode_units(work *w, region r, bool warm) {
  for (uint64_t n = r.n; n < r.n + r.rows;) {
    region g = {0};
    for (uint64_t k = r.k; k < r.k + r.columns; k += g.columns) {
      g = encoder_region(w->e, w->unit_gran, n, k);
      if (w->e->plan->has_tables) use_cores(w, n, k);
      encode_region_unit(w->e, w->u, g, warm);
    }
    n += g.rows;
  }
}

// `warm`: the region has been encoded before, with tables that were a little different.
static void encode_once(work *w, region r, bool warm) {
  if (w->u != NULL)
    encode_units(w, r, warm);
  else
    encode_search(w->e, r, !warm);
}

static void copy_region(encoder *e, region r, uint32_t **from, uint32_t **to) {
  for (size_t f = 0; f < e->s->field_count; f++) {
    const scheme_field *field = &e->s->fields[f];
    uint64_t size = 1, columns = e->out->columns;
    scheme_field_size(field, &size);
    for (uint64_t n = r.n; n < r.n + r.rows; n++) {
      uint64_t first = scheme_field_index(field, columns, n, r.k);
      uint64_t last = scheme_field_index(field, columns, n, r.k + r.columns - 1);
      memcpy(to[f] + first, from[f] + first, (size_t)(last + size - first) * sizeof **to);
    }
  }
}

// Codes and stored tables take turns; the best state wins.
static void encode_with_tables(work *w, region r, uint32_t **best) {
  double least = INFINITY;
  bool more = encode_tables_start(w->e, r, 0);
  unsigned stage = 0, since = 0;
  for (unsigned round = 0; round < TABLE_ROUNDS + stage * STAGE_ROUNDS; round++, since++) {
    if (round > 0) encode_tables_refit(w->e, r);
    if (more && since == STAGE_ROUNDS) {
      more = encode_tables_start(w->e, r, ++stage);
      since = 0;
    }
    encode_once(w, r, round > 0);
    double error = encoder_error(w->e, r);
    bool enough = !(error < least * (1 - 1e-3)) && !more;
    if (error < least || round == 0) {
      least = error;
      copy_region(w->e, r, w->e->out->elements, best);
    }
    if (enough && round > 0) break;
  }
  copy_region(w->e, r, best, w->e->out->elements);
}

static uint32_t **element_copies(arena *a, const tensor_codes *t) {
  uint32_t **copies = ARENA_ARRAY(a, uint32_t *, t->scheme->field_count);
  for (size_t f = 0; f < t->scheme->field_count; f++) {
    uint64_t count = 0;
    scheme_field_count(&t->scheme->fields[f], t->rows, t->columns, &count);
    copies[f] = ARENA_ARRAY(a, uint32_t, (size_t)count);
  }
  return copies;
}

// What threads share: regions in the order of rows, each taken by one of them.
typedef struct region_queue {
  const work *w;
  atomic_uint_fast64_t next; // band of regions
  uint64_t band;             // its rows
  pthread_mutex_t lock;      // of what follows
  uint64_t done, reported, step;
} region_queue;

static void count_done(region_queue *q, uint64_t weights) {
  pthread_mutex_lock(&q->lock);
  q->done += weights;
  if (q->done - q->reported >= q->step) {
    report_progress(q->w->e, q->done);
    q->reported = q->done;
  }
  pthread_mutex_unlock(&q->lock);
}

static void encode_band(work *w, region_queue *q, uint64_t n, uint32_t **best) {
  region r = {0};
  for (uint64_t k = 0; k < w->e->out->columns; k += r.columns) {
    r = encoder_region(w->e, w->region_gran, n, k);
    if (best != NULL)
      encode_with_tables(w, r, best);
    else
      encode_once(w, r, false);
    count_done(q, r.rows * r.columns);
  }
}

// Every thread has scratch of its own; what was prepared is shared, and each region has its own numbers in the result.
static void *encode_bands(void *argument) {
  region_queue *q = argument;
  encoder e = *q->w->e;
  work w = *q->w;
  e.mem = arena_new();
  e.unit_tables = ARENA_ARRAY(e.mem, const double *, e.s->field_count);
  e.fields = ARENA_ARRAY(e.mem, double, e.s->field_count + 1);
  w.e = &e;
  region r = encoder_region(&e, w.unit_gran, 0, 0);
  if (w.cores.trellis != NULL) w.cores.trellis = trellis_copy(e.mem, w.cores.trellis);
  if (w.u != NULL) w.u = unit_new(e.mem, e.plan, &w.cores, e.refinements, (size_t)r.rows, (size_t)r.columns);
  for (uint64_t n; (n = atomic_fetch_add(&q->next, 1) * q->band) < e.out->rows;) encode_band(&w, q, n, NULL);
  arena_free(e.mem);
  return NULL;
}

static void run_threads(region_queue *q, unsigned count) {
  pthread_t threads[MAX_THREADS];
  unsigned started = 0;
  while (started + 1 < count && started < MAX_THREADS && pthread_create(&threads[started], NULL, encode_bands, q) == 0)
    started++;
  encode_bands(q);
  for (unsigned i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

// Stored tables are the state of what is encoded with them, so that regions with such follow one another.
static void encode_regions(work *w, unsigned threads) {
  encoder *e = w->e;
  uint64_t rows = granularity_rows(&w->region_gran);
  region_queue q = {.w = w, .band = rows == 0 ? e->out->rows : rows};
  q.step = e->out->rows * e->out->columns / 256 + 1;
  pthread_mutex_init(&q.lock, NULL);
  uint64_t bands = num_ceil_div(e->out->rows, q.band);
  if (e->plan->has_tables) {
    uint32_t **best = element_copies(e->mem, e->out);
    for (uint64_t n = 0; n < e->out->rows; n += q.band) encode_band(w, &q, n, best);
  } else if (threads > 1 && bands > 1) {
    run_threads(&q, bands < threads ? (unsigned)bands : threads);
  } else {
    for (uint64_t n = 0; n < e->out->rows; n += q.band) encode_band(w, &q, n, NULL);
  }
  if (q.reported != q.done) report_progress(e, q.done);
  pthread_mutex_destroy(&q.lock);
}

// The least size that is a multiple of both: one of them, or everything.
static uint64_t common_size(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return 0;
  return a % b == 0 ? a : b % a == 0 ? b : 0;
}

static granularity coarser(granularity a, granularity b) {
  return granularity_of(common_size(granularity_rows(&a), granularity_rows(&b)),
                        common_size(granularity_columns(&a), granularity_columns(&b)));
}

// Regions hold whole granules of all fields.
static granularity region_granularity(const encoder *e) {
  granularity g = {.kind = GRAN_WEIGHT, .group = 1};
  for (size_t f = 0; f < e->s->field_count; f++) g = coarser(g, e->s->fields[f].gran);
  if (e->plan->structured) return coarser(g, e->plan->levels[e->plan->level_count - 1].gran);
  return coarser(g, (granularity){.kind = GRAN_ROW});
}

// Why codes that are not tried one by one cannot be chosen; the caret is at the part of the value that is to blame.
static bool refuse(const encoder *e, const expr *term, const char *why) {
  diag_error(e->d, term != NULL ? term->loc : e->s->loc, "float weights cannot be encoded as '%s': %s", e->s->name,
             why);
  return false;
}

// Codes of several weights, and windows, only have the structured encoder.
static bool check_structure(const encoder *e) {
  const encode_plan *p = e->plan;
  if (p->structured) return true;
  if (p->span > 0)
    return refuse(e, p->blocked,
                  "a window of codes needs a value that is a sum of products with numbers for whole spans or more");
  for (size_t f = 0; f < e->s->field_count; f++) {
    const scheme_field *x = &e->s->fields[f];
    uint64_t size = 1;
    scheme_field_size(x, &size);
    bool many = p->roles[f] == ROLE_SELECTOR && elem_get(x->type)->bits * size > PLAN_CODE_BITS;
    if (many)
      return refuse(e, p->blocked, "this joins a code of several weights with numbers that are shared otherwise");
  }
  return true;
}

static bool plan_work(work *w) {
  encoder *e = w->e;
  w->region_gran = region_granularity(e);
  if (!check_structure(e)) return false;
  if (!e->plan->structured) return true;
  encoder_use_tables(e, 0, 0);
  const expr *blocked;
  region all = encoder_region(e, w->region_gran, 0, 0);
  uint64_t weights = e->plan->has_tables ? all.rows * all.columns : e->out->rows * e->out->columns;
  if (!core_set_init(e->mem, e->plan, e->unit_tables, weights, &w->cores, &blocked)) {
    if (e->plan->cell > 0) return refuse(e, blocked, "this part of the value joins more than 16 bits of codes");
    if (e->plan->span > 0) return refuse(e, blocked, "this is neither one window of at most 16 bits nor constant");
    w->region_gran = coarser(w->region_gran, (granularity){.kind = GRAN_ROW});
    return true;
  }
  w->cores_changes = UINT64_MAX;
  w->cores_tables = ARENA_ARRAY(e->mem, uint64_t, e->s->field_count);
  w->unit_gran = e->plan->levels[e->plan->level_count - 1].gran;
  region r = encoder_region(e, w->unit_gran, 0, 0);
  w->u = unit_new(e->mem, e->plan, &w->cores, e->refinements, (size_t)r.rows, (size_t)r.columns);
  return true;
}

static const char *tensor_name(const encode_options *o) { return o != NULL && o->name != NULL ? o->name : "weights"; }

static bool check_weights(diag *d, const char *name, const float *w, uint64_t rows, uint64_t columns) {
  if (rows == 0 || columns == 0) {
    diag_error(d, SRC_NOWHERE, "tensor '%s' is empty (%" PRIu64 " x %" PRIu64 ")", name, rows, columns);
    return false;
  }
  for (uint64_t i = 0; i < rows * columns; i++) {
    if (isfinite(w[i])) continue;
    diag_error(d, SRC_NOWHERE, "tensor '%s' has %s at row %" PRIu64 ", column %" PRIu64 "; it cannot be quantized",
               name, isnan(w[i]) ? "a NaN" : "an infinity", i / columns, i % columns);
    return false;
  }
  return true;
}

// The general search tries all codes of a weight.
static bool check_codes(encoder *e) {
  for (size_t f = 0; f < e->s->field_count; f++)
    if (e->plan->roles[f] == ROLE_CODE) e->code_bits += elem_get(e->s->fields[f].type)->bits;
  if (e->plan->structured || e->code_bits <= SEARCH_CODE_BITS) return true;
  diag_error(e->d, e->s->loc,
             "scheme '%s' has %u bits of codes per weight; in a value of this kind all are tried, and %d are the limit",
             e->s->name, e->code_bits, SEARCH_CODE_BITS);
  return false;
}

static void make_room(encoder *e) {
  e->tables = ARENA_ARRAY(e->mem, double *, e->s->field_count);
  e->unit_tables = ARENA_ARRAY(e->mem, const double *, e->s->field_count);
  e->fields = ARENA_ARRAY(e->mem, double, e->s->field_count + 1); // one more for encode_tables_refit
  for (size_t f = 0; f < e->s->field_count; f++) {
    uint64_t count = 0;
    if (e->s->fields[f].rank == 0) continue;
    scheme_field_count(&e->s->fields[f], e->out->rows, e->out->columns, &count);
    e->tables[f] = ARENA_ARRAY(e->mem, double, (size_t)count);
  }
}

static tensor_codes *encode_planned(diag *d, arena *a, const scheme *s, const encode_plan *plan, const float *w,
                                    uint64_t rows, uint64_t columns, const encode_options *options,
                                    encode_progress progress) {
  encoder e = {.d = d, .mem = arena_new(), .s = s, .plan = plan, .w = w, .progress = progress};
  e.refinements = options != NULL && options->refinements != 0 ? options->refinements : DEFAULT_REFINEMENTS;
  if (options != NULL) e.importance = options->importance, e.importance_rows = options->importance_rows;
  e.out = tensor_codes_new(d, a, s, rows, columns);
  bool ok = e.out != NULL;
  if (ok) {
    make_room(&e);
    work job = {.e = &e};
    ok = plan_work(&job) && check_codes(&e);
    if (ok) encode_regions(&job, options != NULL ? options->threads : 1);
    if (job.u != NULL) core_set_free(&job.cores);
  }
  arena_free(e.mem);
  return ok ? e.out : NULL;
}

tensor_codes *encode_tensor(diag *d, arena *a, const scheme *s, const float *w, uint64_t rows, uint64_t columns,
                            const encode_options *options, encode_progress progress) {
  if (!check_weights(d, tensor_name(options), w, rows, columns)) return NULL;
  arena *mem = arena_new();
  const encode_plan *plan = encode_plan_new(mem, s), *turned = NULL;
  const scheme *t = plan->structured ? NULL : transposed_scheme(mem, s);
  tensor_codes *out = NULL;
  if (t != NULL) turned = encode_plan_new(mem, t);
  if (turned != NULL && turned->structured) {
    const float *wt = transposed_weights(mem, w, rows, columns);
    encode_options plain = options == NULL ? (encode_options){0} : *options;
    plain.importance = NULL; // of columns, which are rows here
    const tensor_codes *codes = encode_planned(d, mem, t, turned, wt, columns, rows, &plain, progress);
    out = codes == NULL ? NULL : tensor_codes_new(d, a, s, rows, columns);
    if (out != NULL) transposed_codes(codes, out);
  } else {
    out = encode_planned(d, a, s, plan, w, rows, columns, options, progress);
  }
  arena_free(mem);
  return out;
}
