#include "inspect/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// One name being decoded.
typedef struct decoder {
  const catalogue *c;
  arena *mem;
  name_parts *out;
  VEC(const char *) words;
  strbuf base, extra;
  bool quantized; // a word about quantization was met
} decoder;

static const char *lower(arena *a, const char *text) {
  char *copy = arena_strdup(a, text);
  for (char *c = copy; *c != '\0'; c++) *c = (char)tolower((unsigned char)*c);
  return copy;
}

static bool same_word(arena *a, const char *x, const char *y) { return strcmp(lower(a, x), lower(a, y)) == 0; }

// ---- patterns --------------------------------------------------------------------------------------------

// Matches lower-case text: '#' is a number (up to 9 digits; into numbers[], in order), '?' the end of what is looked at,
// everything else itself.
static bool match(const char *pattern, const char *text, unsigned numbers[2]) {
  unsigned count = 0;
  for (; *pattern != '\0' && *pattern != '?'; pattern++) {
    if (*pattern != '#') {
      if (*text++ != *pattern) return false;
      continue;
    }
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9) return false;
    if (count < 2) numbers[count++] = (unsigned)strtoul(text, NULL, 10);
    text += digits;
  }
  return *pattern == '?' || *text == '\0';
}

typedef enum part { PART_BITS, PART_GROUP, PART_TYPE, PART_BOTH } part;

// Words that say how numbers are stored, in lower case.
static const struct {
  const char *pattern;
  part part;
} patterns[] = {
    {"#bit", PART_BITS}, {"#bits", PART_BITS},   {"quant#", PART_BITS},  {"#g", PART_GROUP},   {"g#", PART_GROUP},
    {"gs#", PART_GROUP}, {"group#", PART_GROUP}, {"int#", PART_TYPE},    {"uint#", PART_TYPE}, {"fp#", PART_TYPE},
    {"bf#", PART_TYPE},  {"float#", PART_TYPE},  {"bfloat#", PART_TYPE}, {"w#a#", PART_BOTH},  {"q#f#?", PART_BOTH},
    {"w#", PART_BITS},   {"q#", PART_BITS},
};

static void note_word(decoder *d, const char *word) {
  strbuf_printf(&d->extra, "%s%s", d->extra.len > 0 ? "-" : "", word);
}

// A later type is that of activations or of what is not quantized.
static void set_type(decoder *d, const char *word, unsigned bits) {
  if (d->out->bits != 0) {
    note_word(d, word);
    return;
  }
  d->out->bits = bits;
  if (d->out->method == NULL) d->out->method = word;
}

static bool take_pattern(decoder *d, const char *word) {
  enum { MOST_BITS = 64 };
  const char *text = lower(d->mem, word);
  unsigned numbers[2] = {0};
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    if (!match(patterns[i].pattern, text, numbers)) continue;
    if (patterns[i].part != PART_GROUP && numbers[0] > MOST_BITS) continue; // no width: a word like others
    switch (patterns[i].part) {
    case PART_BITS: d->out->bits = numbers[0]; break;
    case PART_GROUP: d->out->group = numbers[0]; break;
    case PART_TYPE: set_type(d, word, numbers[0]); break;
    case PART_BOTH:
      d->out->bits = numbers[0];
      d->out->activation_bits = numbers[1];
      if (d->out->method == NULL) d->out->method = word;
      break;
    }
    return true;
  }
  return false;
}

// "7b", "8x7b", "1.1B", "350m"
static bool is_parameter_count(const char *word) {
  size_t digits = strspn(word, "0123456789.");
  if (digits == 0) return false;
  const char *rest = word + digits;
  if ((*rest == 'x' || *rest == 'X') && isdigit((unsigned char)rest[1])) return is_parameter_count(rest + 1);
  return (*rest == 'b' || *rest == 'B' || *rest == 'm' || *rest == 'M') && rest[1] == '\0';
}

// ---- names of formats ------------------------------------------------------------------------------------

// A scheme's name, alone or with a variant of a few letters behind it.
static bool is_variant(arena *a, const char *word, const char *name) {
  enum { MAX_VARIANT = 3 };
  size_t length = strlen(name);
  if (strlen(word) < length || !same_word(a, arena_strndup(a, word, length), name)) return false;
  const char *rest = word + length;
  if (*rest == '\0') return true;
  return *rest == '_' && strlen(rest + 1) <= MAX_VARIANT && isalpha((unsigned char)rest[1]);
}

static unsigned code_bits(const scheme *s) {
  for (size_t f = 0; f < s->field_count; f++)
    if (s->fields[f].gran.kind == GRAN_WEIGHT && s->fields[f].rank == 0) return elem_get(s->fields[f].type)->bits;
  return 0;
}

static bool take_scheme(decoder *d, const char *word) {
  const scheme *best = NULL;
  size_t best_length = 0;
  for (size_t i = 0; i < fe_library_count(d->c->library); i++) {
    const fe_library_scheme *info = fe_library_at(d->c->library, i);
    if (!is_variant(d->mem, word, info->name) || strlen(info->name) <= best_length) continue;
    best = fe_library_make(d->c->library, i, NULL);
    best_length = strlen(info->name);
  }
  if (best == NULL) return false;
  d->out->method = word;
  d->out->scheme = best;
  d->out->method_bits = code_bits(best);
  return true;
}

// How many bits each code has where a layout stores it; 0 when that depends on the scheme's parameters.
static unsigned stored_bits(const decoder *d, const catalogue_form *form) {
  binding b = {{0}};
  size_t width = SIZE_MAX;
  for (size_t p = 0; p < form->info->parameter_count; p++) {
    b.values[p] = form->info->parameters[p].value;
    if (form->info->parameters[p].role == FE_PARAMETER_WIDTH) width = p;
  }
  if (width == SIZE_MAX) return code_bits(form->sample);
  b.values[width] *= 2;
  const scheme *other = catalogue_make(d->c, form, &b);
  const scheme_layout *l = catalogue_layout(form, form->sample);
  for (size_t i = 0; other != NULL && i < l->place_count; i++) {
    const expr *at = l->places[i].raw, *again = catalogue_layout(form, other)->places[i].raw;
    if (form->sample->fields[l->places[i].field].gran.kind == GRAN_WEIGHT && at->op == EXPR_STREAM)
      return expr_equal(at, again) ? code_bits(form->sample) : 0;
  }
  return 0;
}

// A layout that only one scheme has stands for that scheme; one of many schemes is a way of packing.
static bool take_layout(decoder *d, const char *word) {
  size_t count = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < d->c->forms.len; i++) {
    const catalogue_form *form = &d->c->forms.data[i];
    if (!same_word(d->mem, word, catalogue_layout(form, form->sample)->name)) continue;
    unsigned own = stored_bits(d, form);
    bits = count++ == 0 || bits == own ? own : 0;
  }
  if (count == 0) return false;
  if (d->out->method == NULL || !d->out->names_layout) d->out->method = word;
  d->out->names_layout = true;
  d->out->method_bits = bits;
  return true;
}

// ---- words -----------------------------------------------------------------------------------------------

static bool take_word(decoder *d, const char *word) {
  return take_scheme(d, word) || take_layout(d, word) || take_pattern(d, word);
}

static void keep_word(decoder *d, const char *word) {
  strbuf *to = d->quantized ? &d->extra : &d->base;
  if (!d->quantized && d->out->parameters == NULL && is_parameter_count(word))
    d->out->parameters = word;
  else
    strbuf_printf(to, "%s%s", to->len > 0 ? "-" : "", word);
}

// Words may be joined by a low line; names of schemes have such lines, too.
static void take_joined(decoder *d, const char *word) {
  if (take_word(d, word)) {
    d->quantized = true;
    return;
  }
  const char *line = strchr(word, '_');
  if (line == NULL || line == word || line[1] == '\0') {
    keep_word(d, word);
    return;
  }
  const char *first = arena_strndup(d->mem, word, (size_t)(line - word));
  bool known = take_word(d, first);
  d->quantized |= known;
  if (!known) keep_word(d, first);
  take_joined(d, line + 1);
}

static bool is_number(const char *word) { return *word != '\0' && word[strspn(word, "0123456789")] == '\0'; }

// "4-bit" is one word.
static void take_words(decoder *d) {
  for (size_t i = 0; i < d->words.len; i++) {
    const char *word = d->words.data[i], *next = i + 1 < d->words.len ? d->words.data[i + 1] : "";
    if (is_number(word) && (same_word(d->mem, next, "bit") || same_word(d->mem, next, "bits"))) {
      word = arena_printf(d->mem, "%sbit", word);
      i++;
    }
    take_joined(d, word);
  }
}

static void split_words(decoder *d, const char *text) {
  size_t start = 0, length = strlen(text);
  for (size_t i = 0; i <= length; i++) {
    bool between_digits =
        i > 0 && i < length && isdigit((unsigned char)text[i - 1]) && isdigit((unsigned char)text[i + 1]);
    bool ends = i == length || strchr("- /", text[i]) != NULL || (text[i] == '.' && !between_digits);
    if (!ends) continue;
    if (i > start) vec_push(d->mem, &d->words, arena_strndup(d->mem, text + start, i - start));
    start = i + 1;
  }
}

// Whether a word says how numbers are stored, as "w4a16" does.
static bool is_about_numbers(const catalogue *c, arena *a, const char *word) {
  name_parts parts = {0};
  decoder d = {.c = c, .mem = a, .out = &parts, .base = {.mem = a}, .extra = {.mem = a}};
  return take_pattern(&d, word) || take_scheme(&d, word);
}

// Letters and digits behind the last dot, beginning with a letter.
static const char *find_extension(const catalogue *c, arena *a, const char *text) {
  const char *dot = strrchr(text, '.');
  if (dot == NULL || dot == text || !isalpha((unsigned char)dot[1])) return NULL;
  for (const char *at = dot + 1; *at != '\0'; at++)
    if (!isalnum((unsigned char)*at)) return NULL;
  return is_about_numbers(c, a, dot + 1) ? NULL : dot + 1;
}

name_parts name_decode(const catalogue *c, arena *a, const char *name) {
  size_t length = strlen(name);
  while (length > 1 && name[length - 1] == '/') length--;
  const char *text = arena_strndup(a, name, length), *slash = strrchr(text, '/');
  name_parts out = {.text = slash == NULL ? text : slash + 1};
  decoder d = {.c = c, .mem = a, .out = &out, .base = {.mem = a}, .extra = {.mem = a}};
  out.extension = find_extension(c, a, out.text);
  length = strlen(out.text) - (out.extension == NULL ? 0 : strlen(out.extension) + 1);
  split_words(&d, arena_strndup(a, out.text, length));
  take_words(&d);
  if (d.base.len > 0) out.base = strbuf_text(&d.base);
  if (d.extra.len > 0) out.extra = strbuf_text(&d.extra);
  if (out.bits == 0) out.bits = out.method_bits;
  return out;
}

// ---- printing --------------------------------------------------------------------------------------------

static void print_field(FILE *out, const char *label, const char *value) {
  fprintf(out, "%-11s %s\n", label, value == NULL ? "-" : value);
}

static const char *bits_text(arena *a, const name_parts *n) {
  if (n->bits == 0) return NULL;
  if (n->activation_bits == 0) return arena_printf(a, "%u", n->bits);
  return arena_printf(a, "%u, activations %u", n->bits, n->activation_bits);
}

static const char *method_text(arena *a, const name_parts *n) {
  if (n->method == NULL || n->scheme == NULL) return n->method;
  return arena_printf(a, "%s (scheme %s)", n->method, n->scheme->name);
}

static const char *other_text(arena *a, const name_parts *n) {
  strbuf text = {.mem = a};
  if (n->group != 0) strbuf_printf(&text, "group %" PRIu64, n->group);
  if (n->extra != NULL) strbuf_printf(&text, "%s%s", text.len > 0 ? ", " : "", n->extra);
  return text.len == 0 ? NULL : strbuf_text(&text);
}

void name_print(FILE *out, arena *a, const name_parts *n) {
  print_field(out, "base model", n->base);
  print_field(out, "parameters", n->parameters);
  print_field(out, "method", method_text(a, n));
  print_field(out, "bits", bits_text(a, n));
  print_field(out, "other", other_text(a, n));
  print_field(out, "extension", n->extension);
}
