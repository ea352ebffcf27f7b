// What the name of a file, or the files beside it, promise, and its content does not keep.
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "inspect/inspection.h"

typedef struct comparison {
  arena *mem;
  const catalogue *c;
  inspection *x;
  const inspected *most; // of the quantized matrices: one of the format with most weights; NULL: nothing is quantized
} comparison;

static void warn(comparison *m, const char *text) { vec_push(m->mem, &m->x->warnings, text); }

// One of the quantized matrices whose format has the most weights.
static const inspected *find_most(const inspection *x) {
  for (size_t f = 0; f < x->formats.len; f++)
    if (x->formats.data[f].quantized != NULL) return x->formats.data[f].quantized;
  return NULL;
}

static const inspected *find_most_float(const inspection *x) {
  for (size_t f = 0; f < x->formats.len; f++)
    if (x->formats.data[f].matrix != NULL) return x->formats.data[f].matrix;
  return NULL;
}

// ---- the ending ------------------------------------------------------------------------------------------

// Endings that are the name of a kind of file promise that kind.
static void compare_extension(comparison *m) {
  const char *ending = m->x->name.extension, *kind = tensor_file_kind(m->x->file);
  if (ending == NULL || strcasecmp(ending, kind) == 0) return;
  const char *kinds = tensor_file_kinds(m->mem);
  for (const char *word = kinds; *word != '\0'; word += strspn(word, ", ")) {
    size_t length = strcspn(word, ", ");
    if (length == strlen(ending) && strncasecmp(word, ending, length) == 0)
      warn(m, arena_printf(m->mem, "the name ends in .%s, but the content is %s", ending, kind));
    word += length;
  }
}

// ---- bits, group, method ---------------------------------------------------------------------------------

static unsigned bits_of_format(const inspected *t) {
  if (t->code_bits != 0) return t->code_bits;
  return (unsigned)(t->bits + 0.5);
}

static void compare_bits(comparison *m, const char *who, unsigned bits) {
  const inspected *t = m->most == NULL ? find_most_float(m->x) : m->most;
  if (bits == 0 || t == NULL || t->levels.kind != LEVELS_MANY) return;
  if (bits_of_format(t) == bits) return;
  if (m->most == NULL)
    warn(m, arena_printf(m->mem, "%s says %u bits, but no tensor is quantized: most weights are %s", who, bits,
                         t->format));
  else
    warn(m, arena_printf(m->mem, "%s says %u bits, but the codes of most weights have %u (%s)", who, bits,
                         bits_of_format(t), t->format));
}

static void compare_group(comparison *m, const char *who, uint64_t group) {
  const inspected *t = m->most;
  if (group == 0 || t == NULL || t->group_columns == group) return;
  warn(m, arena_printf(m->mem, "%s says groups of %" PRIu64 ", but most weights have one scale per %s", who, group,
                       t->group));
}

static bool has_layout(const inspection *x, const char *name) {
  for (size_t i = 0; i < x->tensors.len; i++) {
    const char *packed = x->tensors.data[i].packing;
    if (packed != NULL && strncasecmp(packed, name, strlen(name)) == 0) return true;
  }
  return false;
}

static const char *base_name(arena *a, const scheme *s) { return arena_strndup(a, s->name, strcspn(s->name, "(")); }

static bool has_scheme(comparison *m, const scheme *s) {
  const char *name = base_name(m->mem, s);
  for (size_t i = 0; i < m->x->tensors.len; i++) {
    const found *w = m->x->tensors.data[i].what;
    if (w->scheme != NULL && strcmp(base_name(m->mem, w->scheme), name) == 0) return true;
  }
  return false;
}

static void compare_method(comparison *m) {
  const name_parts *n = &m->x->name;
  if (n->method == NULL || m->x->tensors.len == 0) return;
  const char *most = m->most == NULL ? "nothing is quantized" : m->most->format;
  if (n->names_layout && !has_layout(m->x, n->method))
    warn(m, arena_printf(m->mem, "the name says %s, but no tensor is packed so (%s%s)", n->method,
                         m->most == NULL ? "" : "most are ", most));
  if (!n->names_layout && n->scheme != NULL && !has_scheme(m, n->scheme))
    warn(m, arena_printf(m->mem, "the name says %s, but no tensor is %s (%s%s)", n->method, n->scheme->name,
                         m->most == NULL ? "" : "most are ", most));
}

// A method that has so many bits, in a name that says others.
static void compare_itself(comparison *m) {
  const name_parts *n = &m->x->name;
  unsigned bits = n->method_bits;
  if (bits != 0 && n->bits != 0 && n->bits != bits)
    warn(m, arena_printf(m->mem, "the name says %s and %u bits, but %s has codes of %u", n->method, n->bits, n->method,
                         bits));
}

static void compare_config(comparison *m) {
  const quant_config *q = m->x->config;
  if (q == NULL) return;
  const char *slash = strrchr(q->paths[0], '/'), *who = slash == NULL ? q->paths[0] : slash + 1;
  if (q->weights.bits > 0 && q->weights.bits - (double)(unsigned)q->weights.bits == 0)
    compare_bits(m, who, (unsigned)q->weights.bits);
  if (q->weights.group_size > 0) compare_group(m, who, (uint64_t)q->weights.group_size);
}

void inspection_compare_name(arena *a, const catalogue *c, inspection *x) {
  comparison m = {.mem = a, .c = c, .x = x, .most = find_most(x)};
  compare_extension(&m);
  compare_method(&m);
  compare_itself(&m);
  // A name with a scheme in it says the bits with it; what differs was reported.
  if (x->name.scheme == NULL) compare_bits(&m, "the name", x->name.bits);
  compare_group(&m, "the name", x->name.group);
  compare_config(&m);
}

// ---- advice ----------------------------------------------------------------------------------------------

static void advise(arena *a, inspection *x, const char *text) { vec_push(a, &x->advice, text); }

static void advise_levels(arena *a, inspection *x) {
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *t = &x->tensors.data[i];
    if (t->levels.kind != LEVELS_CODEBOOK) continue;
    advise(a, x,
           arena_printf(a,
                        "'%s' holds the numbers of %s as %s: qcc convert --to '%s' --exact stores them in their bits",
                        t->what->name, t->levels.format->name, t->format, t->levels.format->name));
    return;
  }
}

static void advise_coarse(arena *a, inspection *x) {
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *t = &x->tensors.data[i];
    if (t->group == NULL || strcmp(t->group, "tensor") != 0 || t->code_bits == 0 || t->what->rows < 2) continue;
    advise(a, x,
           arena_printf(a,
                        "'%s' has one scale for the whole tensor; with one per row the same bits lose less: quantize "
                        "the float weights again",
                        t->what->name));
    return;
  }
}

static void advise_floats(arena *a, inspection *x) {
  uint64_t floats = 0;
  for (size_t i = 0; i < x->tensors.len; i++)
    if (x->tensors.data[i].what->kind == FOUND_FLOAT && x->tensors.data[i].is_matrix)
      floats += x->tensors.data[i].what->bytes;
  if (x->bytes > 0 && (double)floats > 0.5 * (double)x->bytes)
    advise(a, x,
           arena_printf(
               a, "%.0f %% of the bytes are float matrices: qcc quantize, or a quantize block, makes them smaller",
               100 * (double)floats / (double)x->bytes));
}

void inspection_advise(arena *a, inspection *x) {
  advise_levels(a, x);
  advise_coarse(a, x);
  advise_floats(a, x);
}
