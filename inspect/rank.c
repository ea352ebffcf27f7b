#include "inspect/rank.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/hearsay.h"

// ---- what the file says of itself ------------------------------------------------------------------------

// Numbers that are those of the parameters.
static unsigned count_told(hearsay *h, bool beside, const fit *x) {
  unsigned count = 0;
  for (size_t p = 0; p < x->form->info->parameter_count; p++)
    count += (unsigned)hearsay_told(h, beside, x->form->info->parameters[p].name, x->parameters.values[p]);
  return count;
}

static void hear(const rank_layer *layer, const fit *x, reading *r) {
  const quant_args *stated = layer->stated;
  const fields_note *noted = layer->noted;
  hearsay *h = hearsay_of(layer->s->c, layer->s->file, layer->s->config);
  fit_agreement said = stated == NULL ? (fit_agreement){0} : fit_compare(x, stated);
  bool is_noted =
      noted != NULL && strcmp(noted->scheme, x->scheme->name) == 0 && strcmp(noted->layout, x->layout->name) == 0;
  r->noted = is_noted;
  r->differs = said.differs;
  r->told = said.agrees + count_told(h, false, x);
  if (said.agrees + said.differs == 0) r->told += count_told(h, true, x);
  r->agrees = hearsay_names(h, x->form) | (is_noted ? 1u << HEARSAY_NAME_BITS : 0);
}

// ---- a reading -------------------------------------------------------------------------------------------

// A width that no size tells: codes in bytes. SIZE_MAX without.
static size_t find_free_width(const catalogue_form *f) {
  const scheme_layout *l = catalogue_layout(f, f->sample);
  for (size_t p = 0; p < f->info->parameter_count; p++) {
    bool is_free = f->info->parameters[p].role == FE_PARAMETER_WIDTH;
    for (size_t t = 0; is_free && t < l->tensor_count; t++)
      for (unsigned r = 0; r < l->tensors[t].rank; r++) is_free &= !catalogue_depends(f, p, t, r);
    if (is_free) return p;
  }
  return SIZE_MAX;
}

static tensor_codes *read_corner(const catalogue *c, arena *a, const reading *r, const scheme *s) {
  if (r->inputs == NULL || s == NULL) return NULL;
  return sample_tensors(c->quiet, a, s, catalogue_layout(r->fit.form, s), r->inputs, r->fit.rows, r->fit.columns);
}

// Codes that have more bits than the reading takes are not read.
static void read_numbers(catalogue *c, reading *r) {
  enum { BYTE_BITS = 8 };
  if (r->measured) return;
  arena *a = arena_new();
  tensor_codes *corner = read_corner(c, a, r, r->fit.scheme);
  size_t width = find_free_width(r->fit.form);
  if (corner != NULL && width != SIZE_MAX && r->fit.parameters.values[width] < BYTE_BITS) {
    binding b = r->fit.parameters;
    b.values[width] = BYTE_BITS;
    const tensor_codes *wide = read_corner(c, a, r, catalogue_make(c, r->fit.form, &b));
    if (wide != NULL && !sample_is_whole(corner, wide)) corner = NULL;
  }
  r->facts = sample_measure(corner);
  r->measured = true;
  arena_free(a);
}

static unsigned count_other_types(const reading *r) {
  unsigned count = 0;
  elem_type type;
  for (size_t i = 0; i < r->fit.layout->tensor_count; i++)
    count += !solve_input_type(r->tensors[i]->dtype, &type) || type != r->fit.layout->tensors[i].type;
  return count;
}

// Bits that floats have as fields and not in the file, where they are narrower.
static double widened_bits(const reading *r) {
  double bits = 0;
  for (size_t i = 0; i < r->fit.layout->place_count; i++) {
    const layout_place *p = &r->fit.layout->places[i];
    const scheme_field *f = &r->fit.scheme->fields[p->field];
    uint64_t count;
    bool is_float = elem_get(f->type)->kind == ELEM_KIND_FLOAT;
    if (!is_float || p->raw->op != EXPR_LOAD || !scheme_field_count(f, r->fit.rows, r->fit.columns, &count)) continue;
    double wide = elem_get(f->type)->bits, narrow = tensor_dtype_bits(r->tensors[p->raw->index]->dtype);
    if (narrow < wide) bits += (double)count * (wide - narrow);
  }
  return bits;
}

static double measure_coverage(const reading *r) {
  double stored = 0, weights = (double)r->fit.rows * (double)r->fit.columns;
  for (size_t i = 0; i < r->fit.layout->tensor_count; i++) stored += 8 * (double)r->tensors[i]->size;
  double read = scheme_bits_per_weight(r->fit.scheme, r->fit.rows, r->fit.columns) * weights;
  return (read - widened_bits(r)) / stored;
}

const char *rank_problem(catalogue *c, const reading *r) {
  if (!r->facts.known) return "its tensors cannot be read as the layout says";
  for (size_t i = 0; i < r->rest.len; i++)
    if (r->rest.data[i].kind == REST_OTHER)
      return arena_printf(c->mem, "the layout '%s' does not explain '%s'", r->fit.layout->name,
                          r->rest.data[i].tensor->name);
  return NULL;
}

void rank_add(const rank_layer *layer, const tensor *const *tensors, const tensor *const *viewed, const fit *x,
              readings *out) {
  catalogue *c = layer->s->c;
  reading r = {.fit = *x, .tensors = tensors, .order = out->len};
  r.inputs = sample_inputs(c, x->layout, viewed);
  beside_find(c, layer->s->file, layer->name, x, tensors, &r.rest);
  for (size_t i = 0; i < r.rest.len; i++) r.unexplained += r.rest.data[i].kind == REST_OTHER;
  hear(layer, x, &r);
  r.other_types = count_other_types(&r);
  r.coverage = measure_coverage(&r);
  vec_push(c->mem, out, r);
}

// ---- order -----------------------------------------------------------------------------------------------

bool rank_divides(const reading *r) {
  for (size_t p = 0; p < r->fit.form->info->parameter_count; p++)
    if (r->fit.form->info->parameters[p].role == FE_PARAMETER_GROUP &&
        r->fit.columns % (uint64_t)r->fit.parameters.values[p] != 0)
      return false;
  return true;
}

// Sizes of layers are round; matters where padding leaves open how many columns there are.
static unsigned roundness(const reading *r) {
  enum { ENOUGH = 5 };
  unsigned zeros = 0;
  while (zeros < ENOUGH && r->fit.columns % ((uint64_t)2 << zeros) == 0) zeros++;
  return r->fit.certain ? ENOUGH : zeros;
}

// Bits that are never read, or read for several elements.
static double waste(const reading *r) { return r->coverage < 1 ? 1 - r->coverage : r->coverage - 1; }

static int compare_sizes(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

// Tensors that the reading needs, or that say what it says.
static size_t count_used(const reading *r) {
  size_t count = r->fit.layout->tensor_count;
  for (size_t i = 0; i < r->rest.len; i++) count += r->rest.data[i].kind == REST_GROUPS;
  return count;
}

// By what is read and stated: negative when `a` is better.
static int compare_statements(const reading *a, const reading *b) {
  if (a->noted != b->noted) return a->noted ? -1 : 1;
  if (count_used(a) != count_used(b)) return -compare_sizes(count_used(a), count_used(b));
  if (a->differs != b->differs) return a->differs < b->differs ? -1 : 1;
  if (a->told != b->told) return a->told > b->told ? -1 : 1;
  if (waste(a) - waste(b) > 0.05 || waste(b) - waste(a) > 0.05) return waste(a) < waste(b) ? -1 : 1;
  if (a->other_types != b->other_types) return a->other_types < b->other_types ? -1 : 1;
  if (a->fit.form != b->fit.form && rank_divides(a) != rank_divides(b)) return rank_divides(a) ? -1 : 1;
  return 0;
}

// The same, if the numbers of both are sound.
static int compare_unmeasured(const reading *a, const reading *b) {
  if (a->unexplained != b->unexplained) return compare_sizes(a->unexplained, b->unexplained);
  return compare_statements(a, b);
}

// By everything but what the numbers are.
static int compare_facts(const reading *a, const reading *b) {
  if (a->facts.known != b->facts.known) return a->facts.known ? -1 : 1;
  if (a->unexplained != b->unexplained) return compare_sizes(a->unexplained, b->unexplained);
  if (a->facts.finite != b->facts.finite) return a->facts.finite ? -1 : 1;
  return compare_statements(a, b);
}

// Parameters that were solved for.
static unsigned count_solved(const reading *r) {
  unsigned count = 0;
  for (size_t p = 0; p < r->fit.form->info->parameter_count; p++)
    count += r->fit.parameters.values[p] != r->fit.form->info->parameters[p].value;
  return count;
}

// By what is usual: layers of one file are mostly alike, formats are as they are declared, and sizes are round.
static int compare_likely(const reading *a, const reading *b) {
  if (a->fit.form->used != b->fit.form->used) return -compare_sizes(a->fit.form->used, b->fit.form->used);
  if (a->fit.form != b->fit.form && count_solved(a) != count_solved(b))
    return compare_sizes(count_solved(a), count_solved(b));
  return -compare_sizes(roundness(a), roundness(b));
}

// The numbers of all groups lie around zero: chance does not do that, with more than a few of them.
static bool is_centred(const reading *r) {
  enum { ENOUGH = 4 };
  return r->facts.has_codes && r->facts.centre < 1e-9 && r->facts.groups >= (double)ENOUGH;
}

static bool is_off_centre(const reading *r) { return r->facts.has_codes && r->facts.centre > 0.25; }

// 1: the numbers of `a` are those that weights have, rather than those of `b`; -1: those of `b`; 0: they may be either. A few
// weights may be odd by chance; and a layer is hardly packed in another way than most of its file.
static int compare_numbers(const reading *a, const reading *b) {
  double one = a->facts.bias, other = b->facts.bias, weights = fmin(a->facts.weights, b->facts.weights);
  double enough = fmax(0.25, 3 / sqrt(fmax(weights, 1)));
  if (is_centred(a) && is_off_centre(b)) return 1;
  if (is_centred(b) && is_off_centre(a)) return -1;
  const reading *better = one < other ? a : b, *worse = one < other ? b : a;
  if (better->fit.form->used < worse->fit.form->used / 4) enough += 1;
  if (fabs(one - other) <= enough) return 0;
  return better == a ? 1 : -1;
}

static int compare_readings(const void *first, const void *second) {
  const reading *a = first, *b = second;
  int facts = compare_facts(a, b);
  if (facts != 0) return facts;
  if (a->agrees != b->agrees) return a->agrees > b->agrees ? -1 : 1;
  int numbers = compare_numbers(a, b);
  if (numbers != 0) return -numbers;
  int likely = compare_likely(a, b);
  if (likely != 0) return likely;
  // Of formats that give the same numbers the plainest.
  size_t parameters = a->fit.form->info->parameter_count, others = b->fit.form->info->parameter_count;
  return parameters != others ? compare_sizes(parameters, others) : compare_sizes(a->order, b->order);
}

// Whether one with sound numbers is better, whatever the numbers of this one are.
static bool is_beaten(const readings *all, const reading *r) {
  for (size_t i = 0; i < all->len; i++) {
    const reading *other = &all->data[i];
    if (other->measured && other->facts.known && other->facts.finite && compare_unmeasured(other, r) < 0) return true;
  }
  return false;
}

static void swap_readings(readings *all, size_t i, size_t k) {
  reading kept = all->data[k];
  all->data[k] = all->data[i];
  all->data[i] = kept;
}

// The order in which they were added: where they stand after an earlier choice decides nothing.
static void restore_order(readings *all) {
  for (size_t i = 0; i < all->len; i++)
    while (all->data[i].order != i) swap_readings(all, i, all->data[i].order);
}

// Not by qsort: "about as odd" is no order of three.
void rank_sort(catalogue *c, readings *all) {
  size_t likely = 0;
  restore_order(all);
  for (size_t i = 1; i < all->len; i++)
    if (compare_unmeasured(&all->data[i], &all->data[likely]) < 0) likely = i;
  if (all->len > 0) read_numbers(c, &all->data[likely]);
  for (size_t i = 0; i < all->len; i++)
    if (!is_beaten(all, &all->data[i])) read_numbers(c, &all->data[i]);
  if (all->len > 0 && !all->data[0].measured) swap_readings(all, likely, 0);
  for (size_t i = 1; i < all->len; i++)
    if (all->data[i].measured && compare_readings(&all->data[i], &all->data[0]) < 0) swap_readings(all, i, 0);
}

bool rank_same_numbers(const reading *a, const reading *b) {
  if (a->fit.rows != b->fit.rows || a->fit.columns != b->fit.columns) return false;
  if (a->fit.form == b->fit.form && !fit_same_groups(&a->fit, &b->fit)) return false; // beyond the corner, too
  return a->facts.digest == b->facts.digest;
}

// What files call it, and numbers that tell of another reading: nothing decides, either.
static bool is_contradicted(const reading *best, const reading *other) {
  return best->agrees > other->agrees && is_centred(other) && is_off_centre(best);
}

// Whether they differ in a width that no size tells.
static bool differ_in_width(const reading *a, const reading *b) {
  size_t width = find_free_width(a->fit.form);
  return a->fit.form == b->fit.form && width != SIZE_MAX && fit_same_groups(&a->fit, &b->fit) &&
         a->fit.parameters.values[width] != b->fit.parameters.values[width];
}

bool rank_same(catalogue *c, const reading *best, reading *other) {
  bool in_width = differ_in_width(best, other);
  if (in_width && (best->differs != other->differs || best->told != other->told)) return false;
  if (!in_width && compare_unmeasured(best, other) != 0) return false;
  read_numbers(c, other);
  if (in_width) return other->facts.known && !rank_same_numbers(best, other);
  if (compare_facts(best, other) != 0 || rank_same_numbers(best, other)) return false;
  if (is_contradicted(best, other)) return true;
  return best->agrees == other->agrees && compare_numbers(best, other) == 0 && compare_likely(best, other) == 0;
}

const char *rank_text(arena *a, const reading *r) {
  return arena_printf(a, "%s, layout = %s", r->fit.scheme->name, r->fit.layout->name);
}
