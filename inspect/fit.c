#include "inspect/fit.h"

#include "support/num.h"

enum { MAX_ATTEMPTS = 4096, MAX_CANDIDATES = 64, MAX_WIDTH = 8, MAX_TABLE_SIZE = 65536 };

// One search.
typedef struct search {
  const catalogue *c;
  catalogue_form *form;
  const tensor *const *tensors;
  const shape_range *known;
  binding b;
  shape_range partial; // without the sizes that depend on groups
  size_t attempts;
  bool *skip;
  arena *mem;
  fits *out;
} search;

typedef struct candidates {
  int64_t values[MAX_CANDIDATES];
  size_t count;
} candidates;

static void add_candidate(candidates *list, int64_t value) {
  for (size_t i = 0; i < list->count; i++)
    if (list->values[i] == value) return;
  if (value > 0 && list->count < MAX_CANDIDATES) list->values[list->count++] = value;
}

static const scheme_layout *sample_layout(const search *s) { return catalogue_layout(s->form, s->form->sample); }

static bool parameter_matters(const search *s, size_t p) {
  const scheme_layout *l = sample_layout(s);
  for (size_t t = 0; t < l->tensor_count; t++)
    for (unsigned r = 0; r < l->tensors[t].rank; r++)
      if (catalogue_depends(s->form, p, t, r)) return true;
  return false;
}

// ---- one set of parameters -------------------------------------------------------------------------------

// How plain the groups of a fit are: those that divide the columns, then the default, then powers of two.
static int plainness(const search *s, const fit *f) {
  int score = 0;
  for (size_t p = 0; p < s->form->info->parameter_count; p++) {
    const fe_parameter *parameter = &s->form->info->parameters[p];
    uint64_t value = (uint64_t)f->parameters.values[p];
    if (parameter->role != FE_PARAMETER_GROUP) continue;
    score += (f->columns % value == 0 || f->rows % value == 0 ? 8 : 0) +
             (f->parameters.values[p] == parameter->value ? 2 : 0) + ((value & (value - 1)) == 0 ? 1 : 0);
  }
  return score;
}

// The same but for groups.
static bool same_but_groups(const search *s, const fit *a, const fit *b) {
  for (size_t p = 0; p < s->form->info->parameter_count; p++)
    if (s->form->info->parameters[p].role != FE_PARAMETER_GROUP && a->parameters.values[p] != b->parameters.values[p])
      return false;
  return a->form == b->form;
}

static void keep_fit(search *s, const fit *f) {
  for (size_t i = 0; i < s->out->len; i++) {
    fit *other = &s->out->data[i];
    if (!same_but_groups(s, other, f)) continue;
    if (plainness(s, f) > plainness(s, other)) *other = *f;
    return;
  }
  vec_push(s->c->mem, s->out, *f);
}

static void try_binding(search *s) {
  shape_range shape = *s->known;
  if (s->attempts++ >= MAX_ATTEMPTS) return;
  const scheme *made = catalogue_make(s->c, s->form, &s->b);
  if (made == NULL) return;
  const scheme_layout *l = catalogue_layout(s->form, made);
  for (size_t i = 0; i < l->tensor_count; i++)
    if (!solve_takes(&l->tensors[i], s->tensors[i])) return;
  if (!solve_shape(l, s->tensors, NULL, &shape)) return;
  fit *f = ARENA_NEW(s->mem, fit);
  *f = (fit){.form = s->form, .scheme = made, .layout = l, .parameters = s->b};
  f->rows = solve_roundest(&shape.rows);
  f->columns = solve_roundest(&shape.columns);
  f->certain = shape.rows.min == shape.rows.max && shape.columns.min == shape.columns.max;
  bool bounded = shape.rows.max < shape_unknown.rows.max && shape.columns.max < shape_unknown.columns.max;
  if (bounded && solve_check(l, s->tensors, f->rows, f->columns)) keep_fit(s, f);
}

// ---- candidates ------------------------------------------------------------------------------------------

static void width_candidates(const search *s, size_t p, candidates *out) {
  (void)s, (void)p;
  for (int64_t bits = 1; bits <= MAX_WIDTH; bits++) add_candidate(out, bits);
}

// Sizes of tables stand among the sizes of the tensors.
static void size_candidates(const search *s, size_t p, candidates *out) {
  const scheme_layout *l = sample_layout(s);
  for (size_t t = 0; t < l->tensor_count; t++)
    for (unsigned r = 0; r < l->tensors[t].rank; r++)
      if (catalogue_depends(s->form, p, t, r) && s->tensors[t]->dims[r] <= MAX_TABLE_SIZE)
        add_candidate(out, (int64_t)s->tensors[t]->dims[r]);
  for (int64_t size = 1; size <= 16; size *= 2) add_candidate(out, size);
}

// As many weights as a stored number is shared by; the usual sizes, and all.
static void group_candidates(const search *s, size_t p, candidates *out) {
  const scheme_layout *l = sample_layout(s);
  bool known[] = {s->partial.columns.max != shape_unknown.columns.max, s->partial.rows.max != shape_unknown.rows.max};
  uint64_t sizes[] = {solve_roundest(&s->partial.columns), solve_roundest(&s->partial.rows)};
  for (unsigned i = 0; i < 2; i++) {
    if (!known[i]) continue;
    for (size_t t = 0; t < l->tensor_count; t++)
      for (unsigned r = 0; r < l->tensors[t].rank; r++)
        if (catalogue_depends(s->form, p, t, r)) {
          uint64_t each = num_ceil_div(sizes[i], s->tensors[t]->dims[r]);
          if (each * s->tensors[t]->dims[r] == sizes[i]) add_candidate(out, (int64_t)each);
        }
  }
  for (int64_t size = 8; size <= 1024; size *= 2) add_candidate(out, size);
  for (unsigned i = 0; i < 2; i++)
    if (known[i]) add_candidate(out, (int64_t)sizes[i]);
}

static void find_candidates(const search *s, size_t p, candidates *out) {
  static void (*const finders[])(const search *, size_t, candidates *) = {
      [FE_PARAMETER_WIDTH] = width_candidates,
      [FE_PARAMETER_SIZE] = size_candidates,
      [FE_PARAMETER_OTHER] = size_candidates,
      [FE_PARAMETER_GROUP] = group_candidates,
  };
  const fe_parameter *parameter = &s->form->info->parameters[p];
  out->count = 0;
  add_candidate(out, parameter->value);
  // Widths that no size depends on are codes in bytes, of which the file may state how many bits count.
  if (parameter_matters(s, p) || parameter->role == FE_PARAMETER_WIDTH) finders[parameter->role](s, p, out);
}

// ---- all of them -----------------------------------------------------------------------------------------

static bool is_group(const search *s, size_t p) { return s->form->info->parameters[p].role == FE_PARAMETER_GROUP; }

// What the sizes that do not depend on groups say.
static bool solve_partly(search *s) {
  const scheme *made = catalogue_make(s->c, s->form, &s->b);
  s->partial = *s->known;
  return made != NULL && solve_shape(catalogue_layout(s->form, made), s->tensors, s->skip, &s->partial);
}

static void try_from(search *s, size_t p, bool groups) {
  size_t count = s->form->info->parameter_count;
  while (p < count && is_group(s, p) != groups) p++;
  if (p == count) {
    if (groups)
      try_binding(s);
    else if (solve_partly(s))
      try_from(s, 0, true);
    return;
  }
  candidates list;
  find_candidates(s, p, &list);
  for (size_t i = 0; i < list.count && s->attempts < MAX_ATTEMPTS; i++) {
    s->b.values[p] = list.values[i];
    try_from(s, p + 1, groups);
  }
  s->b.values[p] = s->form->info->parameters[p].value;
}

static void note_skips(search *s) {
  const scheme_layout *l = sample_layout(s);
  s->skip = ARENA_ARRAY(s->mem, bool, l->tensor_count *SCHEME_MAX_RANK);
  for (size_t p = 0; p < s->form->info->parameter_count; p++)
    for (size_t t = 0; is_group(s, p) && t < l->tensor_count; t++)
      for (unsigned r = 0; r < l->tensors[t].rank; r++)
        if (catalogue_depends(s->form, p, t, r)) s->skip[t * SCHEME_MAX_RANK + r] = true;
}

static bool is_known(const catalogue_form *form, const binding *b) {
  for (size_t i = 0; i < form->known.len; i++) {
    bool same = true;
    for (size_t p = 0; p < form->info->parameter_count; p++) same &= form->known.data[i].values[p] == b->values[p];
    if (same) return true;
  }
  return false;
}

static bool divides(const search *s, const fit *f) {
  for (size_t p = 0; p < s->form->info->parameter_count; p++)
    if (is_group(s, p) && f->columns % (uint64_t)f->parameters.values[p] != 0 &&
        f->rows % (uint64_t)f->parameters.values[p] != 0)
      return false;
  return true;
}

// Layers of one file are mostly alike: what explained one is tried first.
static bool try_known(search *s) {
  bool found = false;
  for (size_t i = 0; i < s->form->known.len; i++) {
    s->b = s->form->known.data[i];
    try_binding(s);
  }
  for (size_t i = 0; i < s->out->len; i++) found |= s->out->data[i].form == s->form && divides(s, &s->out->data[i]);
  return found;
}

void fit_form(const catalogue *c, catalogue_form *form, const tensor *const *tensors, const shape_range *known,
              fits *out) {
  search s = {.c = c, .form = form, .tensors = tensors, .known = known, .mem = arena_new(), .out = out};
  note_skips(&s);
  if (!try_known(&s)) {
    for (size_t p = 0; p < form->info->parameter_count; p++) s.b.values[p] = form->info->parameters[p].value;
    try_from(&s, 0, false);
  }
  for (size_t i = 0; i < out->len; i++)
    if (out->data[i].form == form && !is_known(form, &out->data[i].parameters))
      vec_push(c->mem, &form->known, out->data[i].parameters);
  arena_free(s.mem);
}
