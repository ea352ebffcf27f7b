#include "inspect/rank.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- what the file says of itself ------------------------------------------------------------------------

// Letters and digits, in lower case: "pack-quantized" is "packquantized".
static const char *plain_text(arena *a, const char *text) {
  strbuf out = {.mem = a};
  for (; *text != '\0'; text++) {
    if (*text >= 'A' && *text <= 'Z') strbuf_putc(&out, (char)(*text - 'A' + 'a'));
    if ((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9')) strbuf_putc(&out, *text);
  }
  return strbuf_text(&out);
}

static const char *last_part(const char *key) {
  const char *dot = strrchr(key, '.');
  return dot == NULL ? key : dot + 1;
}

// A number under a key that has the parameter's name in it, as "group_size" has "group".
static bool names_parameter(const tensor_meta *m, const fe_parameter *p, int64_t value) {
  char *end;
  long long number = strtoll(m->value, &end, 10);
  return *end == '\0' && end != m->value && number == value && strstr(last_part(m->key), p->name) != NULL;
}

static bool is_short(const tensor_meta *m) { return m->item_type == NULL && strlen(m->value) <= 64; }

// A number that is that of a parameter.
static unsigned told_by(const tensor_meta *m, const fit *x) {
  unsigned count = 0;
  for (size_t p = 0; is_short(m) && p < x->form->info->parameter_count; p++)
    count += names_parameter(m, &x->form->info->parameters[p], x->parameters.values[p]);
  return count;
}

// A text that is the name of the scheme or of the layout.
static unsigned agrees_with(arena *a, const tensor_meta *m, const fit *x) {
  if (!is_short(m)) return 0;
  const char *value = plain_text(a, m->value);
  return strcmp(value, plain_text(a, x->layout->name)) == 0 || strcmp(value, plain_text(a, x->form->info->name)) == 0;
}

// What the configuration says of widths and groups; a group of -1 is a row.
static unsigned agrees_with_args(const quant_args *args, const fit *x) {
  unsigned count = 0;
  for (size_t p = 0; p < x->form->info->parameter_count; p++) {
    int64_t value = x->parameters.values[p];
    fe_parameter_role role = x->form->info->parameters[p].role;
    count += role == FE_PARAMETER_WIDTH && args->bits - (double)value == 0;
    count += role == FE_PARAMETER_GROUP && args->group_size != 0 &&
             value == (args->group_size == -1 ? (int64_t)x->columns : args->group_size);
  }
  return count;
}

static void count_meta(arena *a, const tensor_meta *m, const fit *x, reading *r) {
  r->told += told_by(m, x);
  r->agrees += agrees_with(a, m, x);
}

static void hear(const subject *s, const fit *x, reading *r) {
  arena *a = arena_new();
  for (size_t i = 0; i < tensor_file_meta_count(s->file); i++) count_meta(a, tensor_file_meta_at(s->file, i), x, r);
  for (size_t i = 0; s->config != NULL && i < s->config->member_count; i++) count_meta(a, &s->config->members[i], x, r);
  if (s->config != NULL) r->told += agrees_with_args(&s->config->weights, x);
  arena_free(a);
}

// ---- a reading -------------------------------------------------------------------------------------------

static void read_numbers(catalogue *c, reading *r) {
  arena *a = arena_new();
  tensor_codes *corner = r->inputs == NULL ? NULL
                                           : sample_tensors(c->quiet, a, r->fit.scheme, r->fit.layout, r->inputs,
                                                            r->fit.rows, r->fit.columns);
  r->facts = sample_measure(corner);
  if (corner != NULL) {
    double *numbers = ARENA_ARRAY(c->mem, double, (size_t)corner->columns);
    scheme_row(corner, 0, numbers);
    r->numbers = numbers;
    r->number_count = (size_t)corner->columns;
  }
  arena_free(a);
}

static unsigned count_same_types(const reading *r) {
  unsigned count = 0;
  elem_type type;
  for (size_t i = 0; i < r->fit.layout->tensor_count; i++)
    count += solve_elem_type(r->tensors[i]->dtype, &type) && type == r->fit.layout->tensors[i].type;
  return count;
}

static double measure_coverage(const reading *r) {
  double stored = 0, weights = (double)r->fit.rows * (double)r->fit.columns;
  for (size_t i = 0; i < r->fit.layout->tensor_count; i++) stored += 8 * (double)r->tensors[i]->size;
  return scheme_bits_per_weight(r->fit.scheme, r->fit.rows, r->fit.columns) * weights / stored;
}

static const char *find_problem(catalogue *c, const reading *r) {
  if (!r->facts.known) return "its tensors cannot be read as the layout says";
  for (size_t i = 0; i < r->rest.len; i++)
    if (r->rest.data[i].kind == REST_OTHER)
      return arena_printf(c->mem, "the layout '%s' does not explain '%s'", r->fit.layout->name,
                          r->rest.data[i].tensor->name);
  return NULL;
}

void rank_add(const subject *s, const char *layer, const tensor *const *tensors, const tensor *const *viewed,
              const fit *x, readings *out) {
  catalogue *c = s->c;
  reading r = {.fit = *x, .tensors = tensors, .order = out->len};
  r.inputs = sample_inputs(c->mem, x->layout, viewed);
  beside_find(c, s->file, layer, x, tensors, &r.rest);
  for (size_t i = 0; i < r.rest.len; i++) r.unexplained += r.rest.data[i].kind == REST_OTHER;
  hear(s, x, &r);
  r.same_types = count_same_types(&r);
  r.coverage = measure_coverage(&r);
  read_numbers(c, &r);
  r.problem = find_problem(c, &r);
  vec_push(c->mem, out, r);
}

// ---- order -----------------------------------------------------------------------------------------------

static bool divides(const reading *r) {
  for (size_t p = 0; p < r->fit.form->info->parameter_count; p++)
    if (r->fit.form->info->parameters[p].role == FE_PARAMETER_GROUP &&
        r->fit.columns % (uint64_t)r->fit.parameters.values[p] != 0)
      return false;
  return true;
}

// Weights lie around zero, and so do the numbers that a group can have.
static double oddness(const reading *r) { return r->facts.bias + (r->facts.has_codes ? r->facts.centre : 0); }

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

// By everything but the numbers: negative when `a` is better.
static int compare_facts(const reading *a, const reading *b) {
  if (a->facts.known != b->facts.known) return a->facts.known ? -1 : 1;
  if (a->unexplained != b->unexplained) return compare_sizes(a->unexplained, b->unexplained);
  if (a->facts.finite != b->facts.finite) return a->facts.finite ? -1 : 1;
  if (a->fit.layout->tensor_count != b->fit.layout->tensor_count)
    return -compare_sizes(a->fit.layout->tensor_count, b->fit.layout->tensor_count);
  if (a->told != b->told) return a->told > b->told ? -1 : 1;
  if (waste(a) - waste(b) > 0.05 || waste(b) - waste(a) > 0.05) return waste(a) < waste(b) ? -1 : 1;
  if (a->same_types != b->same_types) return a->same_types > b->same_types ? -1 : 1;
  if (divides(a) != divides(b)) return divides(a) ? -1 : 1;
  return 0;
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

// A few groups may be odd by chance; and a layer is hardly packed in another way than most of its file.
static bool numbers_decide(const reading *a, const reading *b) {
  double one = oddness(a), other = oddness(b), groups = fmin(a->facts.groups, b->facts.groups);
  double enough = fmax(0.25, 3 / sqrt(fmax(groups, 1)));
  const reading *better = one < other ? a : b, *worse = one < other ? b : a;
  if (better->fit.form->used < worse->fit.form->used / 4) enough += 1;
  return fabs(one - other) > enough;
}

static int compare_readings(const void *first, const void *second) {
  const reading *a = first, *b = second;
  int facts = compare_facts(a, b);
  if (facts != 0) return facts;
  if (numbers_decide(a, b)) return oddness(a) < oddness(b) ? -1 : 1;
  if (a->agrees != b->agrees) return a->agrees > b->agrees ? -1 : 1;
  int likely = compare_likely(a, b);
  if (likely != 0) return likely;
  // Of formats that give the same numbers the plainest.
  size_t parameters = a->fit.form->info->parameter_count, others = b->fit.form->info->parameter_count;
  return parameters != others ? compare_sizes(parameters, others) : compare_sizes(a->order, b->order);
}

// Not by qsort: "about as odd" is no order of three.
void rank_sort(readings *all) {
  for (size_t i = 1; i < all->len; i++)
    if (compare_readings(&all->data[i], &all->data[0]) < 0) {
      reading best = all->data[i];
      all->data[i] = all->data[0];
      all->data[0] = best;
    }
}

static bool same_numbers(const reading *a, const reading *b) {
  if (a->fit.rows != b->fit.rows || a->fit.columns != b->fit.columns || a->number_count != b->number_count)
    return false;
  for (size_t i = 0; i < a->number_count; i++)
    if (a->numbers[i] < b->numbers[i] || a->numbers[i] > b->numbers[i]) return false;
  return true;
}

bool rank_same(const reading *a, const reading *b) {
  return compare_facts(a, b) == 0 && !numbers_decide(a, b) && a->agrees == b->agrees && compare_likely(a, b) == 0 &&
         !same_numbers(a, b);
}

const char *rank_text(arena *a, const reading *r) {
  return arena_printf(a, "%s, layout = %s", r->fit.scheme->name, r->fit.layout->name);
}
