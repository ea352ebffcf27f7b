// --explain: the layers, their sizes, and what bounds them on one core of the best tier that is compiled.
#include "cost/tuning.h"
#include "network/passes.h"

// Bits of all elements of a matrix that has this shape, as its scheme declares them.
static double stored_bits(const ir_weight *w) {
  const scheme *s = w->recipe->scheme;
  double bits = 0;
  for (size_t i = 0; i < s->field_count; i++) {
    uint64_t count;
    if (!scheme_is_transform_field(s, (unsigned)i) && scheme_field_count(&s->fields[i], w->rows, w->columns, &count))
      bits += (double)count * elem_get(s->fields[i].type)->bits;
  }
  return bits;
}

static void explain_weight(const ir_weight *w, const lower_options *o) {
  double weights = (double)w->rows * (double)w->columns;
  fprintf(o->explain, "  %-20s %llu x %llu  %s  %llu bytes, %.4g bits per weight (%.4g in its fields)", w->layer,
          (unsigned long long)w->rows, (unsigned long long)w->columns, w->recipe->name, (unsigned long long)w->size,
          8 * (double)w->size / weights, stored_bits(w) / weights);
  if (!o->target->gpu) {
    const target_tier *tier = lower_best_tier(o, w->recipe);
    machine on = tuning_machine(tier, tuning_limits(o->tuning, tier, 1));
    prediction p = lower_predict(w->recipe, tier, &on, NULL, 1);
    fprintf(o->explain, ", one token: %.3g us on %s, bound by %s", weights * p.cycles / on.clock * 1e6, tier->name,
            bound_name(p.bound));
  }
  fprintf(o->explain, "\n");
}

void lower_explain_plan(const ir_module *m, const lower_options *o) {
  if (o->explain == NULL || m->plan == NULL) return; // a text of schemes only has no plan
  for (size_t i = 0; i < m->weights.len; i++)
    if (m->weights.data[i]->recipe != NULL) explain_weight(m->weights.data[i], o);
  fprintf(o->explain, "  workspace: %llu bytes + %llu per batch row; weights: %llu bytes; %zu steps\n",
          (unsigned long long)m->plan->workspace.fixed, (unsigned long long)m->plan->workspace.per_batch,
          (unsigned long long)m->plan->weights_size, m->plan->steps.len);
}
