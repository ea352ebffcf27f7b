#include "inspect/endings.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_unique(text_list *texts) {
  size_t kept = 0;
  if (texts->len == 0) return;
  qsort(texts->data, texts->len, sizeof *texts->data, compare_texts);
  for (size_t i = 0; i < texts->len; i++)
    if (i == 0 || strcmp(texts->data[i], texts->data[kept - 1]) != 0) texts->data[kept++] = texts->data[i];
  texts->len = kept;
}

// The longest ending of each layout: the others follow from it.
static void list_longest(const catalogue *c, text_list *out) {
  for (size_t i = 0; i < c->forms.len; i++) {
    const catalogue_form *form = &c->forms.data[i];
    const scheme_layout *l = catalogue_layout(form, form->sample);
    const char *longest = NULL;
    if (form->endings == NULL) continue;
    for (size_t t = 0; t < l->tensor_count; t++)
      if (longest == NULL || strlen(l->tensors[t].suffix) > strlen(longest)) longest = l->tensors[t].suffix;
    if (longest != NULL) vec_push(c->mem, out, longest);
  }
  sort_unique(out);
}

void endings_list_layers(const catalogue *c, const tensor_file *f, text_list *out) {
  text_list endings = {0};
  list_longest(c, &endings);
  for (size_t i = 0; i < tensor_file_count(f); i++) {
    const char *name = tensor_file_at(f, i)->name;
    size_t length = strlen(name);
    for (size_t e = 0; e < endings.len; e++) {
      size_t own = strlen(endings.data[e]);
      if (own > length || strcmp(name + length - own, endings.data[e]) != 0) continue;
      vec_push(c->mem, out, arena_strndup(c->mem, name, length - own));
    }
  }
  sort_unique(out);
}

const tensor *const *endings_find(catalogue *c, const tensor_file *f, const char *layer) {
  tensor_range range = tensor_file_range(f, layer);
  if (c->at_endings == NULL) c->at_endings = ARENA_ARRAY(c->mem, const tensor *, c->endings.len);
  for (size_t i = 0; i < c->endings.len; i++) {
    const layout_tensor *t = c->endings.data[i];
    bool is_ending = strchr(t->suffix, '*') == NULL; // else the layer's name is inside
    c->at_endings[i] = is_ending ? tensor_file_find_in(f, &range, t->suffix)
                                 : tensor_file_find(f, layout_tensor_name(c->mem, t, layer));
  }
  return c->at_endings;
}

bool endings_have(const catalogue_form *form, const tensor *const *tensors) {
  size_t count = catalogue_layout(form, form->sample)->tensor_count;
  for (size_t i = 0; form->endings != NULL && i < count; i++)
    if (tensors[form->endings[i]] == NULL) return false;
  return form->endings != NULL;
}
