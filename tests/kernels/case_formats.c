#include "tests/kernels/case_formats.h"

bool case_formats_list(diag *d, arena *a, const char *const *dirs, size_t dir_count, case_formats *out) {
  const fe_scheme_info *all;
  *out = (case_formats){.options = {.dirs = dirs, .dir_count = dir_count}};
  out->count = fe_list_schemes(d, a, &out->options, &all);
  out->names = ARENA_ARRAY(a, const char *, out->count);
  for (size_t i = 0; i < out->count; i++) out->names[i] = all[i].name;
  return out->count > 0 && diag_error_count(d) == 0;
}

const scheme *case_formats_find(diag *d, arena *a, const case_formats *f, size_t index) {
  return fe_find_scheme(d, a, NULL, &f->options, f->names[index]);
}

// Windows wrap within whole spans.
static uint64_t window_span(const expr *e) {
  if (e == NULL) return 1;
  uint64_t span = e->op == EXPR_WINDOW ? (uint64_t)e->args[1]->i : 1;
  for (unsigned i = 0; i < e->arg_count; i++) {
    uint64_t inner = window_span(e->args[i]);
    span = inner > span ? inner : span;
  }
  return span;
}

uint64_t case_columns(const scheme *s, uint64_t columns) {
  uint64_t span = window_span(s->value);
  return (columns + span - 1) / span * span;
}
