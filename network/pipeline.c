// The passes in order; the verifier between them; dumps of what each changed.
#include <string.h>

#include "network/passes.h"

static const lower_pass passes[] = {
    {"transform", "puts what schemes do to input and output around the product", pass_transform, false},
    {"split", "multiplies the parts of mixed formats one by one", pass_split, false},
    {"normalise", "writes every value expression as a sum of products", pass_normalise, false},
    {"mode", "chooses how each scheme is computed", pass_mode, false},
    {"factor", "pulls coarse factors out of the inner loop", pass_factor, false},
    {"prove", "bounds every accumulator, shortening spans until none overflows", pass_prove, false},
    {"layout", "chooses the layouts of weights and activations", pass_layout, true},
    {"prepare", "makes the activations' quantization explicit and shared", pass_prepare, true},
    {"fuse", "joins activation functions and residual sums to the matmul", pass_fuse, true},
    {"clean", "removes operations that nobody uses", pass_clean, true},
    {"plan", "assigns memory and lists the steps", pass_plan, true},
};

size_t lower_pass_count(void) { return sizeof passes / sizeof *passes; }
const lower_pass *lower_pass_get(size_t index) { return &passes[index]; }

// Whether `name` is in the comma-separated list.
static bool listed(const char *list, const char *name) {
  size_t length = strlen(name);
  while (list != NULL && *list != '\0') {
    size_t n = strcspn(list, ",");
    if ((n == length && memcmp(list, name, n) == 0) || (n == 3 && memcmp(list, "all", 3) == 0)) return true;
    list += n + (list[n] == ',');
  }
  return false;
}

static void dump(const lower_options *o, const char *name, const char *before, const char *after) {
  fprintf(o->dump_stream, "// before %s\n%s", name, before);
  if (strcmp(before, after) == 0) {
    fprintf(o->dump_stream, "// after %s: unchanged\n", name);
  } else {
    fprintf(o->dump_stream, "// after %s\n%s", name, after);
  }
}

static bool run_pass(diag *d, ir_module *m, const lower_options *o, const lower_pass *pass) {
  bool wanted = listed(o->dump, pass->name);
  const char *before = wanted ? ir_print(m->mem, m) : NULL;
  if (!pass->run(d, m, o)) return false;
  if (wanted) dump(o, pass->name, before, ir_print(m->mem, m));
  return !o->verify || !pass->complete || ir_verify(d, m);
}

bool lower_module(diag *d, ir_module *m, const lower_options *o) {
  if (o->explain != NULL) fprintf(o->explain, "%s for %s\n", m->name, o->target->name);
  if (m->plan != NULL) return true; // lowered already: text that was written after lowering
  for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
    if (!run_pass(d, m, o, &passes[i])) return false;
  lower_explain_plan(m, o);
  return true;
}
