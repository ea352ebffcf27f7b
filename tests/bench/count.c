#include "tests/bench/count.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/steps.h"

// A name for files from "int_g(bits=4, group=32)".
static char *file_name(arena *a, const char *format) {
  char *name = arena_strdup(a, format);
  for (char *c = name; *c != '\0'; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return name;
}

static bool write_object(diag *d, const char *path, cg_bytes object) {
  FILE *f = fopen(path, "wb");
  bool ok = f != NULL && fwrite(object.data, 1, object.size, f) == object.size;
  if (f != NULL) ok = fclose(f) == 0 && ok;
  if (!ok) diag_error_file(d, path, "cannot be written");
  return ok;
}

static void write_steps(FILE *out, const step_counts *s) {
  const char *separator = "";
  for (size_t i = 0; i < s->size; i++) {
    if (s->at[i] == 0) continue;
    fprintf(out, "%s[%zu, %u]", separator, i, s->at[i]);
    separator = ", ";
  }
}

static bool write_record(diag *d, arena *a, const qcc_product *p, const step_counts *s, const char *format,
                         const char *object, const char *folder) {
  const char *path = arena_printf(a, "%s/counts.jsonl", folder);
  const target_tier *tier = p->meter->o.tier;
  cg_options co = {0};
  FILE *out = fopen(path, "a");
  if (out == NULL) {
    diag_error_file(d, path, "cannot be written");
    return false;
  }
  fprintf(out,
          "{\"tier\": \"%s\", \"cpu\": \"%s\", \"features\": \"%s\", \"format\": \"%s\", \"act\": \"%s\", \"tokens\": "
          "%llu, "
          "\"rows\": %llu, \"columns\": %llu, ",
          tier->name, tier->cpu, tier->features, format, act_text(a, &p->kernels->recipe->act),
          (unsigned long long)p->tokens, (unsigned long long)p->weights->rows, (unsigned long long)p->weights->columns);
  fprintf(out, "\"object\": \"%s\", \"symbol\": \"%s\", \"total\": %llu, \"steps\": [", object,
          cg_kernel_symbol(a, &co, tier, "matmul"), (unsigned long long)s->total);
  write_steps(out, s);
  fputs("]}\n", out);
  return fclose(out) == 0;
}

bool count_instructions(diag *d, meter *m, const qcc_kernels *k, const qcc_weights *w, const char *format,
                        uint64_t tokens, const char *folder) {
  arena *a = arena_new();
  float *x = matter_activations(d, tokens, w->columns);
  qcc_product p = {0};
  step_counts steps;
  const char *object = arena_printf(a, "%s/%s.%s.o", folder, file_name(a, format), m->o.tier->name);
  bool ok = x != NULL && qcc_begin(&p, m, k, w, x, tokens) &&
            steps_count(&steps, d, a, k->product, &p.args, w->tiles, k->code->object.size) &&
            write_object(d, object, k->code->object) && write_record(d, a, &p, &steps, format, object, folder);
  qcc_end(&p);
  free(x);
  arena_free(a);
  return ok;
}
