#include "cost/tuning.h"

#include <stdlib.h>
#include <string.h>

// ---- the identity of a recipe ----------------------------------------------------------------------------

static void mix(uint64_t *h, uint64_t x) {
  uint64_t z = (*h ^ x) + UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  *h = z ^ z >> 31;
}

static void mix_all(uint64_t *h, size_t count, const uint64_t *numbers) {
  for (size_t i = 0; i < count; i++) mix(h, numbers[i]);
}
#define MIX(h, ...) mix_all(h, sizeof(uint64_t[]){__VA_ARGS__} / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})

static void mix_expr(uint64_t *h, const expr *e) {
  MIX(h, e->op, e->is_int, e->index, e->arg_count);
  for (unsigned i = 0; i < e->arg_count; i++) mix_expr(h, e->args[i]);
}

static void mix_act(uint64_t *h, const act_spec *a) { MIX(h, a->kind, a->type, a->group, a->zero != 0); }

static void mix_normal(uint64_t *h, const recipe *r) {
  const normal_form *n = &r->normal;
  MIX(h, n->code_bits, n->part_count);
  for (size_t i = 0; i < n->part_count; i++)
    MIX(h, n->parts[i].shift, code_part_bits(r->scheme, &n->parts[i]), n->parts[i].derived_count > 0);
}

static void mix_terms(uint64_t *h, const recipe *r) {
  for (size_t i = 0; i < r->core_count; i++) {
    const recipe_core *c = &r->cores[i];
    MIX(h, c->offset != 0, c->affine, c->plane_count, c->umax);
  }
  for (size_t i = 0; i < r->term_count; i++) {
    const recipe_term *t = &r->terms[i];
    MIX(h, (uint64_t)(int64_t)t->core, t->integer_coefficient, t->value.levels != NULL, t->value.table_field >= 0,
        t->value.float_field >= 0, t->value.coefficient_count);
    for (size_t k = 0; k < t->value.coefficient_count; k++) mix_expr(h, t->value.coefficients[k]);
  }
}

static void mix_fields(uint64_t *h, size_t count, const pack_field *fields) {
  mix(h, count);
  for (size_t i = 0; i < count; i++) MIX(h, fields[i].store, fields[i].span, fields[i].offset);
}

static void mix_layout(uint64_t *h, const packing *p) {
  MIX(h, p->rows, p->k_group, p->k_padded, p->block, p->header_bytes, p->chunk_bytes, p->block_bytes, p->code_bits,
      p->tile_head_bytes, p->has_row_sums, p->plane_count);
  for (size_t i = 0; i < p->plane_count; i++) MIX(h, p->planes[i].width, p->planes[i].shift, p->planes[i].offset);
  mix_fields(h, p->field_count, p->fields);
  mix_fields(h, p->tensor_field_count, p->tensor_fields);
}

uint64_t recipe_identity(const recipe *r) {
  const prepared_layout *l = &r->prepared;
  uint64_t h = 0;
  MIX(&h, r->mode, r->core_count, r->term_count, r->segment, r->float_span, r->flush);
  mix_act(&h, &r->act);
  mix_normal(&h, r);
  mix_terms(&h, r);
  if (r->mode == MODE_DECODE) mix_expr(&h, r->scheme->value);
  mix_layout(&h, &r->pack);
  MIX(&h, l->as_f32, l->scale_span, l->isum_span, l->fsum_span, l->isum_factor != 0, l->bit_planes);
  return h;
}

// ---- the table -------------------------------------------------------------------------------------------

static bool is_for(const tuning *t, const tuned *e, tuned_kind kind, const target_tier *tier, uint64_t identity) {
  return e->kind == kind && e->recipe == identity && strcmp(e->cpu, t->cpu) == 0 && strcmp(e->tier, tier->name) == 0;
}

const tuned *tuning_limits(const tuning *t, const target_tier *tier, unsigned threads) {
  for (size_t i = 0; t != NULL && i < t->entries.len; i++)
    if (is_for(t, &t->entries.data[i], TUNED_LIMITS, tier, 0) && t->entries.data[i].threads == threads)
      return &t->entries.data[i];
  return NULL;
}

const tuned *tuning_schedule(const tuning *t, const target_tier *tier, uint64_t identity, schedule_class c) {
  for (size_t i = 0; t != NULL && i < t->entries.len; i++)
    if (is_for(t, &t->entries.data[i], TUNED_SCHEDULE, tier, identity) && t->entries.data[i].tokens_class == c)
      return &t->entries.data[i];
  return NULL;
}

const tuned *tuning_speed(const tuning *t, const target_tier *tier, uint64_t identity, uint64_t tokens) {
  const tuned *best = NULL;
  for (size_t i = 0; t != NULL && i < t->entries.len; i++) {
    const tuned *e = &t->entries.data[i];
    if (!is_for(t, e, TUNED_SPEED, tier, identity) || e->tokens != tokens || e->threads != 1) continue;
    if (best == NULL || e->bytes > best->bytes) best = e;
  }
  return best;
}

machine tuning_machine(const target_tier *tier, const tuned *limits) {
  machine m = lower_machine(tier);
  if (limits == NULL) return m;
  double dot = target_cost(tier, IR_DOT4, ELEM_I32, tier->lanes, 15), macs = 4.0 * tier->lanes * m.clock / dot;
  m.bandwidth = limits->read / limits->threads;
  m.speed = limits->dot / limits->threads / macs;
  return m;
}

static int compare_numbers(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

// By what an entry is for; 0: for the same thing.
static int compare(const void *x, const void *y) {
  const tuned *a = x, *b = y;
  int order = strcmp(a->cpu, b->cpu);
  if (order == 0) order = strcmp(a->tier, b->tier);
  if (order == 0) order = compare_numbers(a->kind, b->kind);
  if (order == 0) order = compare_numbers(a->recipe, b->recipe);
  if (order == 0) order = compare_numbers(a->tokens_class, b->tokens_class);
  if (order == 0) order = compare_numbers(a->threads, b->threads);
  if (order == 0) order = compare_numbers(a->tokens, b->tokens);
  if (order == 0) order = compare_numbers(a->rows, b->rows);
  return order != 0 ? order : compare_numbers(a->columns, b->columns);
}

void tuning_put(arena *a, tuning *t, const tuned *entry) {
  for (size_t i = 0; i < t->entries.len; i++) {
    if (compare(&t->entries.data[i], entry) != 0) continue;
    t->entries.data[i] = *entry;
    return;
  }
  vec_push(a, &t->entries, *entry);
}

void tuning_sort(tuning *t) {
  if (t->entries.len > 1) qsort(t->entries.data, t->entries.len, sizeof *t->entries.data, compare);
}

static const schedule *usable(const tuning *t, const recipe *r, const target_tier *tier, schedule_class c) {
  const tuned *e = t == NULL || t->entries.len == 0 ? NULL : tuning_schedule(t, tier, recipe_identity(r), c);
  return e != NULL && schedule_possible(r, tier, c, &e->schedule) ? &e->schedule : NULL;
}

const schedule *schedule_choose_all(arena *a, const recipe *r, const target_tier *tier, const tuning *t) {
  schedule *schedules = ARENA_ARRAY(a, schedule, SCHEDULE_CLASS_COUNT);
  for (schedule_class c = SCHEDULE_ONE; c < SCHEDULE_CLASS_COUNT; c++) {
    const schedule *measured = usable(t, r, tier, c);
    schedules[c] = measured != NULL ? *measured : schedule_choose(r, tier, c);
  }
  return schedules;
}

bool tuning_has_schedule(const tuning *t, const recipe *r, const target_tier *tier) {
  for (schedule_class c = SCHEDULE_ONE; c < SCHEDULE_CLASS_COUNT; c++)
    if (usable(t, r, tier, c) != NULL) return true;
  return false;
}
