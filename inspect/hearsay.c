#include "inspect/hearsay.h"

#include <stdlib.h>
#include <string.h>

#include "support/map.h"

enum { MAX_LENGTH = 64 }; // of texts that are names or numbers

typedef struct said_number {
  const char *key; // the last part
  int64_t value;
} said_number;

typedef VEC(int64_t) value_list;

typedef struct said_numbers {
  VEC(said_number) all;
  name_map by_parameter; // to value_list, sorted
} said_numbers;

struct hearsay {
  const tensor_file *file;
  const quant_config *config;
  arena *mem;
  said_numbers numbers[2]; // of the file, of the configuration
  unsigned *names;         // by form
};

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

static bool is_short(const tensor_meta *m) {
  return m->item_type == NULL && strnlen(m->value, MAX_LENGTH + 1) <= MAX_LENGTH;
}

// ---- sorting it out --------------------------------------------------------------------------------------

static void note_number(arena *a, const tensor_meta *m, said_numbers *out) {
  char *end;
  long long number = strtoll(m->value, &end, 10);
  if (*end == '\0' && end != m->value) vec_push(a, &out->all, ((said_number){last_part(m->key), number}));
}

static void note_text(arena *scratch, const char *text, name_map *out) {
  name_map_set(out, plain_text(scratch, text), out); // what is under a name does not matter
}

static void note_all(hearsay *h, arena *scratch, name_map *texts) {
  for (size_t i = 0; i < tensor_file_meta_count(h->file); i++) {
    const tensor_meta *m = tensor_file_meta_at(h->file, i);
    if (!is_short(m)) continue;
    note_number(h->mem, m, &h->numbers[0]);
    if (strncmp(m->key, "qcc.", 4) != 0) note_text(scratch, m->value, texts); // those are of single layers
  }
  for (size_t i = 0; h->config != NULL && i < h->config->member_count; i++) {
    const tensor_meta *m = &h->config->members[i];
    if (!is_short(m)) continue;
    note_number(h->mem, m, &h->numbers[1]);
    note_text(scratch, m->value, texts);
  }
}

// The names that files give, the more exact ones first.
static void score_names(hearsay *h, const catalogue *c, arena *scratch, const name_map *texts) {
  const quant_config *q = h->config;
  const char *given[] = {q == NULL ? NULL : q->checkpoint_format, q == NULL ? NULL : q->format,
                         q == NULL ? NULL : q->method};
  enum { COUNT = sizeof given / sizeof *given };
  _Static_assert((int)COUNT < (int)HEARSAY_NAME_BITS, "each name has a bit of the score");
  h->names = ARENA_ARRAY(h->mem, unsigned, c->forms.len);
  for (size_t n = 0; n < COUNT; n++)
    if (given[n] != NULL)
      given[n] = strnlen(given[n], MAX_LENGTH + 1) > MAX_LENGTH ? NULL : plain_text(scratch, given[n]);
  for (size_t i = 0; i < c->forms.len; i++) {
    const catalogue_form *form = &c->forms.data[i];
    const char *own[] = {plain_text(scratch, catalogue_layout(form, form->sample)->name),
                         plain_text(scratch, form->info->name)};
    for (size_t k = 0; k < 2; k++) {
      h->names[i] |= name_map_get(texts, own[k]) != NULL;
      for (size_t n = 0; n < COUNT; n++)
        if (given[n] != NULL && strcmp(given[n], own[k]) == 0) h->names[i] |= 1u << (COUNT - n);
    }
  }
}

hearsay *hearsay_of(catalogue *c, const tensor_file *f, const quant_config *config) {
  for (size_t i = 0; i < c->heard.len; i++)
    if (c->heard.data[i]->file == f && c->heard.data[i]->config == config) return c->heard.data[i];
  arena *scratch = arena_new();
  hearsay *h = ARENA_NEW(c->mem, hearsay);
  name_map texts = {.mem = scratch};
  *h = (hearsay){.file = f, .config = config, .mem = c->mem};
  for (size_t i = 0; i < 2; i++) h->numbers[i].by_parameter.mem = c->mem;
  note_all(h, scratch, &texts);
  score_names(h, c, scratch, &texts);
  vec_push(c->mem, &c->heard, h);
  arena_free(scratch);
  return h;
}

// ---- asking ----------------------------------------------------------------------------------------------

static int compare_values(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static const value_list *values_of(hearsay *h, said_numbers *n, const char *parameter) {
  value_list *values = name_map_get(&n->by_parameter, parameter);
  if (values != NULL) return values;
  values = ARENA_NEW(h->mem, value_list);
  *values = (value_list){0};
  for (size_t i = 0; i < n->all.len; i++)
    if (strstr(n->all.data[i].key, parameter) != NULL) vec_push(h->mem, values, n->all.data[i].value);
  if (values->len > 0) qsort(values->data, values->len, sizeof *values->data, compare_values);
  name_map_set(&n->by_parameter, parameter, values);
  return values;
}

// How many sorted values are less than `value`.
static size_t count_below(const value_list *values, int64_t value) {
  size_t from = 0, to = values->len;
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    if (values->data[middle] < value)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

size_t hearsay_told(hearsay *h, bool beside, const char *parameter, int64_t value) {
  const value_list *values = values_of(h, &h->numbers[beside], parameter);
  size_t first = count_below(values, value);
  return (value == INT64_MAX ? values->len : count_below(values, value + 1)) - first;
}

unsigned hearsay_names(const hearsay *h, const catalogue_form *form) { return h->names[form->index]; }
