// Places of the weights of a run (recipe/lanes.h).
#include "kernel/emit_coarse.h"

coarse_place lo_run_splat(const coarse_place *p) {
  coarse_place first = *p;
  first.splat = true;
  first.run = (value_run){0};
  first.first_row = p->run.down ? p->run.length : 1;
  first.aligned = PACK_CHUNK;
  first.memo = NULL;
  return first;
}

coarse_place lo_run_row(const coarse_place *p) {
  coarse_place row = lo_run_splat(p);
  row.lanes = 1;
  return row;
}

static bool reads_field(const expr *e) {
  bool reads = e->op == EXPR_FIELD || e->op == EXPR_ELEMENT;
  for (unsigned i = 0; i < e->arg_count; i++) reads = reads || reads_field(e->args[i]);
  return reads;
}

bool lo_is_splat(const coarse_place *p, const expr *e) {
  if (p->run.length == 0 || !lo_is_steady(p->recipe->scheme, e, p->run)) return false;
  return !p->run.down || reads_field(e);
}
