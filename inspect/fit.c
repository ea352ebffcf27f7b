#include "inspect/fit.h"

#include <inttypes.h>
#include <string.h>

#include "inspect/stated.h"
#include "support/map.h"
#include "support/num.h"

enum { MAX_ATTEMPTS = 4096, MAX_CANDIDATES = 64, MAX_WIDTH = 8, MAX_TABLE_SIZE = 65536, MAX_KNOWN = 64 };

// One search.
typedef struct search {
  const catalogue *c;
  catalogue_form *form;
  const tensor *const *tensors;
  const shape_range *known;
  const quant_args *stated; // NULL: nothing
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

// How plain the parameters of a fit are: groups that divide the columns, then defaults, then powers of two.
static int plainness(const search *s, const fit *f) {
  int score = 0;
  for (size_t p = 0; p < s->form->info->parameter_count; p++) {
    const fe_parameter *parameter = &s->form->info->parameters[p];
    uint64_t value = (uint64_t)f->parameters.values[p];
    score += f->parameters.values[p] == parameter->value ? 2 : 0;
    if (parameter->role != FE_PARAMETER_GROUP) continue;
    score += (f->columns % value == 0 || f->rows % value == 0 ? 8 : 0) + ((value & (value - 1)) == 0 ? 1 : 0);
  }
  return score;
}

static uint64_t within(uint64_t granule, uint64_t all) { return granule == 0 || granule > all ? all : granule; }

bool fit_same_groups(const fit *a, const fit *b) {
  for (size_t f = 0; f < a->scheme->field_count; f++) {
    const granularity *x = &a->scheme->fields[f].gran, *y = &b->scheme->fields[f].gran;
    if (within(granularity_rows(x), a->rows) != within(granularity_rows(y), a->rows) ||
        within(granularity_columns(x), a->columns) != within(granularity_columns(y), a->columns))
      return false;
  }
  return a->form == b->form && a->rows == b->rows && a->columns == b->columns;
}

// Floats are stored with all their digits whatever the width.
static bool same_types(const fit *a, const fit *b) {
  for (size_t f = 0; f < a->scheme->field_count; f++) {
    elem_type x = a->scheme->fields[f].type, y = b->scheme->fields[f].type;
    bool both_float = elem_get(x)->kind == ELEM_KIND_FLOAT && elem_get(y)->kind == ELEM_KIND_FLOAT;
    if (x != y && !both_float) return false;
  }
  return true;
}

// The same but for the size of groups that hold all, and for the width of floats.
static bool same_meaning(const search *s, const fit *a, const fit *b) {
  for (size_t p = 0; p < s->form->info->parameter_count; p++) {
    fe_parameter_role role = s->form->info->parameters[p].role;
    if (role != FE_PARAMETER_GROUP && role != FE_PARAMETER_FLOAT && a->parameters.values[p] != b->parameters.values[p])
      return false;
  }
  return a->form == b->form && fit_same_groups(a, b) && same_types(a, b);
}

static void keep_fit(search *s, const fit *f) {
  enum { MAX_FITS = 64 };
  for (size_t i = 0; i < s->out->len; i++) {
    fit *other = &s->out->data[i];
    if (other->form != f->form || !same_meaning(s, other, f)) continue;
    if (plainness(s, f) > plainness(s, other)) *other = *f;
    return;
  }
  if (s->out->len < MAX_FITS) vec_push(s->c->mem, s->out, *f);
}

static void try_binding(search *s) {
  shape_range shape = *s->known;
  if (s->attempts++ >= MAX_ATTEMPTS) return;
  const scheme *made = catalogue_make(s->c, s->form, &s->b);
  if (made == NULL) return;
  const scheme_layout *l = catalogue_layout(s->form, made);
  for (size_t i = 0; i < l->tensor_count; i++)
    if (!solve_takes(&l->tensors[i], s->tensors[i])) return;
  if (!stated_agrees(s->form, l, s->tensors, &s->b) || !solve_shape(l, s->tensors, NULL, &shape)) return;
  fit *f = ARENA_NEW(s->mem, fit);
  *f = (fit){.form = s->form, .scheme = made, .layout = l, .parameters = s->b};
  f->rows = solve_roundest(&shape.rows);
  f->columns = solve_roundest(&shape.columns);
  f->certain = shape.rows.min == shape.rows.max && shape.columns.min == shape.columns.max;
  bool bounded = shape.rows.max < shape_unknown.rows.max && shape.columns.max < shape_unknown.columns.max;
  if (bounded && solve_check(l, s->tensors, f->rows, f->columns)) keep_fit(s, f);
}

// ---- candidates ------------------------------------------------------------------------------------------

// Codes are of a few bits, numbers that groups share of 16 or 32.
static void width_candidates(const search *s, size_t p, candidates *out) {
  for (int64_t bits = 16; bits <= 32 && s->form->info->parameters[p].value > MAX_WIDTH; bits *= 2)
    add_candidate(out, bits);
  for (int64_t bits = 1; bits <= MAX_WIDTH; bits++) add_candidate(out, bits);
}

static void float_candidates(const search *s, size_t p, candidates *out) {
  (void)s, (void)p;
  for (int64_t bits = 16; bits <= 32; bits *= 2) add_candidate(out, bits);
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

// As many weights as a stored number is shared by (not a few: that would be a row's numbers, taken for groups); the usual sizes,
// what is stated, and all.
static void group_candidates(const search *s, size_t p, candidates *out) {
  enum { SMALLEST = 16 };
  const scheme_layout *l = sample_layout(s);
  add_candidate(out, (int64_t)stated_group(l, s->tensors));
  bool known[] = {s->partial.columns.max != shape_unknown.columns.max, s->partial.rows.max != shape_unknown.rows.max};
  uint64_t sizes[] = {solve_roundest(&s->partial.columns), solve_roundest(&s->partial.rows)};
  for (unsigned i = 0; i < 2; i++) {
    if (!known[i]) continue;
    for (size_t t = 0; t < l->tensor_count; t++)
      for (unsigned r = 0; r < l->tensors[t].rank; r++)
        if (catalogue_depends(s->form, p, t, r)) {
          uint64_t each = num_ceil_div(sizes[i], s->tensors[t]->dims[r]);
          bool usual = each >= SMALLEST || each == 1;
          if (usual && each * s->tensors[t]->dims[r] == sizes[i]) add_candidate(out, (int64_t)each);
        }
  }
  for (int64_t size = 8; size <= 1024; size *= 2) add_candidate(out, size);
  if (s->stated != NULL) {
    add_candidate(out, s->stated->group_size);
    for (unsigned i = 0; i < 2; i++) add_candidate(out, (int64_t)s->stated->block[i]);
  }
  for (unsigned i = 0; i < 2; i++)
    if (known[i]) add_candidate(out, (int64_t)sizes[i]);
}

static void find_candidates(const search *s, size_t p, candidates *out) {
  static void (*const finders[])(const search *, size_t, candidates *) = {
      [FE_PARAMETER_WIDTH] = width_candidates, [FE_PARAMETER_FLOAT] = float_candidates,
      [FE_PARAMETER_SIZE] = size_candidates,   [FE_PARAMETER_OTHER] = size_candidates,
      [FE_PARAMETER_GROUP] = group_candidates,
  };
  const fe_parameter *parameter = &s->form->info->parameters[p];
  out->count = 0;
  add_candidate(out, parameter->value);
  // Widths that no size depends on are codes in bytes, of which the file may state how many bits count.
  bool is_width = parameter->role == FE_PARAMETER_WIDTH || parameter->role == FE_PARAMETER_FLOAT;
  if (is_width || parameter_matters(s, p)) finders[parameter->role](s, p, out);
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
  for (size_t i = 0; i < s->out->len; i++) {
    const fit *x = &s->out->data[i];
    found |= x->form == s->form && divides(s, x) && (s->stated == NULL || fit_compare(x, s->stated).differs == 0);
  }
  return found;
}

// ---- what is stated --------------------------------------------------------------------------------------

// The finest groups that share a number.
static bool find_groups(const scheme *s, uint64_t *rows, uint64_t *columns) {
  bool any = false;
  for (size_t f = 0; f < s->field_count; f++) {
    const granularity *g = &s->fields[f].gran;
    if (g->kind == GRAN_WEIGHT || s->fields[f].rank != 0 || scheme_is_transform_field(s, (unsigned)f)) continue;
    uint64_t c = granularity_columns(g), r = granularity_rows(g);
    bool finer = (c != 0 && (*columns == 0 || c < *columns)) || (r != 0 && (*rows == 0 || r < *rows));
    if (any && !finer) continue;
    *rows = r;
    *columns = c;
    any = true;
  }
  return any;
}

// The type of the codes, one a weight.
static bool find_code_type(const scheme *s, elem_type *out) {
  size_t count = 0;
  for (size_t f = 0; f < s->field_count; f++)
    if (s->fields[f].gran.kind == GRAN_WEIGHT && s->fields[f].rank == 0 && !s->fields[f].sparse)
      *out = s->fields[f].type, count++;
  return count == 1;
}

static void count_answer(fit_agreement *x, bool agrees) {
  x->agrees += agrees;
  x->differs += !agrees;
}

fit_agreement fit_compare(const fit *x, const quant_args *stated) {
  fit_agreement out = {0};
  uint64_t rows = 0, columns = 0;
  elem_type code;
  if (find_code_type(x->scheme, &code)) {
    if (stated->bits > 0) count_answer(&out, stated->bits - elem_get(code)->bits == 0);
    bool is_float = elem_get(code)->kind == ELEM_KIND_FLOAT;
    bool says_int = stated->type != NULL && strcmp(stated->type, "int") == 0;
    bool says_float = stated->type != NULL && strcmp(stated->type, "float") == 0;
    if (says_int || says_float) count_answer(&out, says_float == is_float);
  }
  if (!find_groups(x->scheme, &rows, &columns)) return out;
  rows = within(rows, x->rows), columns = within(columns, x->columns);
  if (stated->block[0] != 0) {
    count_answer(&out, rows == within(stated->block[0], x->rows) && columns == within(stated->block[1], x->columns));
  } else if (stated->group_size != 0) {
    uint64_t size = stated->group_size < 0 ? x->columns : within((uint64_t)stated->group_size, x->columns);
    count_answer(&out, columns == size);
  }
  return out;
}

// ---- a form ----------------------------------------------------------------------------------------------

static void search_all(search *s) {
  if (try_known(s)) return;
  for (size_t p = 0; p < s->form->info->parameter_count; p++) s->b.values[p] = s->form->info->parameters[p].value;
  try_from(s, 0, false);
}

static void search_form(catalogue *c, catalogue_form *form, const tensor *const *tensors, const fit_hints *hints,
                        fits *out) {
  shape_range narrowed = *hints->shape;
  stated_shape(catalogue_layout(form, form->sample), tensors, &narrowed);
  search s = {.c = c, .form = form, .tensors = tensors, .known = &narrowed, .mem = arena_new(), .out = out};
  s.stated = hints->stated;
  note_skips(&s);
  if (hints->wanted == NULL)
    search_all(&s);
  else if (catalogue_binding(form, hints->wanted, &s.b))
    try_binding(&s);
  for (size_t i = 0; i < out->len; i++)
    if (form->known.len < MAX_KNOWN && !is_known(form, &out->data[i].parameters))
      vec_push(c->mem, &form->known, out->data[i].parameters);
  arena_free(s.mem);
}

// ---- layers that are alike -------------------------------------------------------------------------------

// Fits of layers of which the types and sizes are the same, and so is what is known.
struct fit_memo {
  name_map fits; // by a text of all that
};

// What a search depends on; NULL: on what a graph says, too, which each tensor has for itself.
static const char *describe_search(arena *a, const catalogue_form *form, const tensor *const *tensors,
                                   const fit_hints *hints) {
  strbuf key = {.mem = a};
  const shape_range *shape = hints->shape;
  strbuf_printf(&key, "%zu %" PRIu64 "-%" PRIu64 " %" PRIu64 "-%" PRIu64, form->index, shape->rows.min, shape->rows.max,
                shape->columns.min, shape->columns.max);
  for (size_t i = 0; i < catalogue_layout(form, form->sample)->tensor_count; i++) {
    const tensor *t = tensors[i];
    if (t->quant != NULL || t->use != NULL) return NULL;
    strbuf_printf(&key, ",%d", (int)t->dtype);
    for (unsigned r = 0; r < t->rank; r++) strbuf_printf(&key, " %" PRIu64, t->dims[r]);
  }
  const quant_args *q = hints->stated;
  if (q != NULL)
    strbuf_printf(&key, ",%g %s %" PRId64 " %" PRIu64 " %" PRIu64, q->bits, q->type == NULL ? "" : q->type,
                  q->group_size, q->block[0], q->block[1]);
  if (hints->wanted != NULL) strbuf_printf(&key, ",%s", hints->wanted);
  return strbuf_text(&key);
}

void fit_form(catalogue *c, catalogue_form *form, const tensor *const *tensors, const fit_hints *hints, fits *out) {
  arena *a = arena_new();
  const char *key = describe_search(a, form, tensors, hints);
  if (c->fitted == NULL) {
    c->fitted = ARENA_NEW(c->mem, struct fit_memo);
    *c->fitted = (struct fit_memo){.fits = {.mem = c->mem}};
  }
  const fits *before = key == NULL ? NULL : name_map_get(&c->fitted->fits, key);
  if (before != NULL) {
    for (size_t i = 0; i < before->len; i++) vec_push(c->mem, out, before->data[i]);
  } else {
    search_form(c, form, tensors, hints, out);
    if (key != NULL) name_map_set(&c->fitted->fits, arena_strdup(c->mem, key), arena_memdup(c->mem, out, sizeof *out));
  }
  arena_free(a);
}
