// --explain: what was chosen and why, what was refused and why; and -Wfallback, so that no slow path is silent.
#include "recipe/draft.h"
#include "recipe/lanes.h"

static void explain_candidates(const draft *t, FILE *f) {
  for (size_t i = 0; i < t->candidate_count; i++) {
    const mode_candidate *m = &t->candidates[i];
    const char *name = compute_mode_name(m->mode);
    if (m->refused != NULL) {
      fprintf(f, "    %-9s refused: %s\n", name, m->refused);
    } else {
      fprintf(f, "    %-9s %s: %.4g cycles per weight on %s\n", name, m->mode == t->r->mode ? "chosen" : "possible",
              m->cost, m->tier->name);
    }
  }
}

static void explain_span(FILE *f, const char *what, uint64_t span) {
  if (span == PREPARED_ROW) {
    fprintf(f, "    %s: the whole row\n", what);
  } else {
    fprintf(f, "    %s: %llu weights\n", what, (unsigned long long)span);
  }
}

// Bits of a weight in what is stored of each weight and each group.
static double stored_bits(const scheme *s) {
  double bits = 0;
  for (size_t i = 0; i < s->field_count; i++) {
    const scheme_field *f = &s->fields[i];
    uint64_t columns = granularity_columns(&f->gran), rows = granularity_rows(&f->gran), numbers;
    if (columns > 0 && rows > 0 && scheme_field_size(f, &numbers) && !scheme_is_transform_field(s, (unsigned)i))
      bits += elem_get(f->type)->bits * (double)numbers / ((double)columns * (double)rows);
  }
  return bits;
}

static bool has_derived(const recipe *r) {
  for (size_t i = 0; i < r->normal.part_count; i++)
    if (r->normal.parts[i].derived_count > 0) return true;
  return false;
}

static void explain_layout(const recipe *r, FILE *f) {
  const packing *p = &r->pack;
  fprintf(f,
          "    layout: %u rows interleaved, blocks of %llu weights in %llu bytes a row (%.4g bits per weight), planes",
          p->rows, (unsigned long long)p->block, (unsigned long long)(p->block_bytes / p->rows),
          8.0 * (double)p->block_bytes / (double)p->rows / (double)p->block);
  for (size_t i = 0; i < p->plane_count; i++) fprintf(f, " %u", p->planes[i].width);
  fprintf(f, "\n");
  double stored = stored_bits(r->scheme), packed = 8.0 * (double)p->block_bytes / (double)p->rows / (double)p->block;
  if (packed > stored + 1e-9)
    fprintf(f, "    size: in whole blocks %.3g %% more than the %.4g bits of the fields%s\n",
            100 * (packed / stored - 1), stored, has_derived(r) ? ": codes are re-encoded" : "");
}

static void explain_derived(const recipe *r, FILE *f) {
  for (size_t i = 0; i < r->normal.part_count; i++) {
    const code_part *p = &r->normal.parts[i];
    if (p->derived_count > 0)
      fprintf(f, "    code: the number among %zu values, %u bits, of what depends on the position\n",
              p->derived_count - 1, code_part_bits(r->scheme, p));
  }
}

static void explain_cores(const recipe *r, FILE *f) {
  for (size_t i = 0; i < r->core_count; i++) {
    const recipe_core *c = &r->cores[i];
    if (r->mode == MODE_INT_DOT || r->mode == MODE_BIT_DOT)
      fprintf(f, "    level %zu: %g * (code %+lld)\n", i, c->step, (long long)c->offset);
    if (r->mode == MODE_TABLE_DOT)
      fprintf(f, "    level %zu: table of %u byte plane%s, step %g\n", i, c->plane_count, c->plane_count > 1 ? "s" : "",
              c->step);
  }
}

static bool has_levels_of_rows(const recipe *r, const value_term *v) {
  return r->mode == MODE_FLOAT && v->table_field >= 0 && r->scheme->fields[v->table_field].gran.kind != GRAN_TENSOR;
}

static void warn_fallback(const draft *t) {
  const recipe *r = t->r;
  if (t->thin) return;
  const char *act = act_text(t->mem, &r->act);
  if (r->mode == MODE_DECODE && lo_run_of(r->scheme).length == 0)
    diag_warning(t->d, "fallback", r->scheme->loc, "scheme '%s' is decoded weight by weight: %s", r->scheme->name,
                 t->not_normal != NULL ? t->not_normal : "its levels fit no faster mode");
  for (size_t i = 0; i < r->term_count; i++)
    if (has_levels_of_rows(r, &r->terms[i].value))
      diag_warning(t->d, "fallback", r->scheme->loc,
                   "the levels of scheme '%s' are not the same in all rows: each is looked up in memory",
                   r->scheme->name);
  if (r->mode == MODE_FLOAT && act_is_integer(&r->act))
    diag_warning(t->d, "fallback", r->scheme->loc, "scheme '%s' with activations %s is computed in f32",
                 r->scheme->name, act);
  if (r->segment < 16)
    diag_warning(t->d, "fallback", r->scheme->loc,
                 "scheme '%s' with activations %s: scales change every %llu weights, so scaling outweighs the products",
                 r->scheme->name, act, (unsigned long long)r->segment);
}

void draft_explain_mode(const draft *t) {
  FILE *f = t->options->explain;
  if (f == NULL) return;
  fprintf(f, "  recipe %s: scheme %s, activations %s\n", t->r->name, t->r->scheme->name, act_text(t->mem, &t->r->act));
  explain_candidates(t, f);
  explain_derived(t->r, f);
  explain_cores(t->r, f);
}

void draft_explain_layout(const draft *t) {
  warn_fallback(t);
  FILE *f = t->options->explain;
  if (f == NULL) return;
  const recipe *r = t->r;
  fprintf(f, "  recipe %s\n", r->name);
  value_run run = lo_run_of(r->scheme);
  if (r->mode == MODE_DECODE && run.length > 0)
    fprintf(f, "    runs of %u neighbouring %s are looked up at once\n", (unsigned)run.length,
            run.down ? "rows" : "weights");
  explain_span(f, "products are summed over", r->segment);
  explain_span(f, "sums become f32 after", r->float_span);
  if (mode_is_integer(r->mode))
    fprintf(f, "    i32 sums cannot overflow%s\n", r->flush > 0 ? ", being flushed in time" : "");
  explain_layout(r, f);
}
