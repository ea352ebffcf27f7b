// --explain: the layers, their sizes, and what bounds them on one core of the target's best tier.
#include "lower/passes.h"

static void explain_weight(const ir_weight *w, const lower_options *o) {
  const target_tier *tier = &o->target->tiers[0];
  double weights = (double)w->rows * (double)w->columns;
  double bytes = (double)w->size;
  double memory_us = bytes / (tier->bandwidth_gbs * 1e3);
  double compute_us = weights * w->recipe->cycles / (tier->clock_ghz * 1e3);
  fprintf(o->explain,
          "  %-20s %llu x %llu  %s  %.4g bits per weight, one token: memory %.3g us, compute %.3g us: %s bound\n",
          w->layer, (unsigned long long)w->rows, (unsigned long long)w->columns, w->recipe->name, 8 * bytes / weights,
          memory_us, compute_us, memory_us > compute_us ? "memory" : "compute");
}

void lower_explain_plan(const ir_module *m, const lower_options *o) {
  if (o->explain == NULL) return;
  for (size_t i = 0; i < m->weights.len; i++)
    if (m->weights.data[i]->recipe != NULL) explain_weight(m->weights.data[i], o);
  fprintf(o->explain, "  workspace: %llu bytes + %llu per batch row; weights: %llu bytes; %zu steps\n",
          (unsigned long long)m->plan->workspace.fixed, (unsigned long long)m->plan->workspace.per_batch,
          (unsigned long long)m->plan->weights_size, m->plan->steps.len);
}
