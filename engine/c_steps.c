// The steps of a format's input and output in --emit=kernels: kernels over rows that are general, functions that make their
// factors from the format's fields, and the header's part that says in which order they belong around the product.
#include <string.h>

#include "engine/c_expr.h"
#include "engine/engine.h"
#include "format/transform.h"

typedef unsigned long long ull;

// ---- which kernels ---------------------------------------------------------------------------------------

static rows_kernel kernel_of(const transform_step *step) {
  static const ir_opcode ops[] = {[TRANSFORM_GATHER] = IR_TAKE,
                                  [TRANSFORM_MUL] = IR_TMUL,
                                  [TRANSFORM_DIV] = IR_TDIV,
                                  [TRANSFORM_HADAMARD] = IR_HADAMARD};
  return (rows_kernel){.op = ops[step->kind], .block = step->block};
}

static void add_kernels(arena *a, const transform *t, steps_kernels *out) {
  for (size_t i = 0; i < t->count; i++) {
    steps_kernel k = {.kernel = kernel_of(&t->steps[i])};
    k.name = lower_rows_name(a, &k.kernel);
    size_t at = 0;
    while (at < out->len && strcmp(out->data[at].name, k.name) != 0) at++;
    if (at == out->len) vec_push(a, out, k);
  }
}

steps_kernels engine_of_steps(const engine *g) {
  steps_kernels all = {0};
  for (size_t i = 0; i < g->m->recipes.len; i++) {
    add_kernels(g->mem, &g->m->recipes.data[i]->scheme->input, &all);
    add_kernels(g->mem, &g->m->recipes.data[i]->scheme->output, &all);
  }
  return all;
}

bool engine_check_steps(const engine *g) {
  for (size_t i = 0; i < g->m->recipes.len; i++) {
    const scheme *s = g->m->recipes.data[i]->scheme;
    for (size_t side = 0; side < 2; side++) {
      const transform *t = side == 0 ? &s->input : &s->output;
      for (size_t step = 0; step < t->count; step++) {
        if (t->steps[step].kind != TRANSFORM_HADAMARD || t->steps[step].block != 0) continue;
        diag_error(g->d, t->steps[step].loc, "a kernel for all sizes needs the block of the Hadamard transform of '%s'",
                   s->name);
        diag_hint(g->d, "give it: hadamard(x, 128)");
        return false;
      }
    }
  }
  return true;
}

// ---- the header ------------------------------------------------------------------------------------------

typedef struct step_writer {
  const engine *g;
  const recipe *r;
  const char *symbol;
  const char *side; // "input" or "output"
  char count;       // 'k' or 'n'
  const transform *steps;
  strbuf *out;
} step_writer;

static step_writer writer_of(const engine *g, const recipe *r, bool input, strbuf *out) {
  return (step_writer){.g = g,
                       .r = r,
                       .symbol = engine_symbol(g, r),
                       .side = input ? "input" : "output",
                       .count = input ? 'k' : 'n',
                       .steps = input ? &r->scheme->input : &r->scheme->output,
                       .out = out};
}

static const char *meaning(arena *a, const transform_step *s, char i) {
  static const char *const forms[] = {[TRANSFORM_GATHER] = "x[factor[%c]]",
                                      [TRANSFORM_MUL] = "x[%c] * factor[%c]",
                                      [TRANSFORM_DIV] = "x[%c] / factor[%c]"};
  if (s->kind == TRANSFORM_HADAMARD)
    return arena_printf(a, "each %llu elements times the Hadamard matrix; %c is a multiple of them", (ull)s->block, i);
  strbuf out = {.mem = a};
  for (const char *c = forms[s->kind]; *c != '\0'; c++) {
    bool hole = c[0] == '%';
    strbuf_putc(&out, hole ? i : *c);
    c += hole;
  }
  return strbuf_text(&out);
}

static const char *factor_type(const transform_step *s) { return s->kind == TRANSFORM_GATHER ? "int32_t" : "float"; }

static void put_factor_head(const step_writer *w, size_t i) {
  strbuf_printf(w->out, "void %s_%s_%zu_factor(size_t n, size_t k, const %s_fields *fields, %s *factor)", w->symbol,
                w->side, i, w->symbol, factor_type(&w->steps->steps[i]));
}

static void put_call(const step_writer *w, size_t i, const cg_options *co) {
  const transform_step *s = &w->steps->steps[i];
  rows_kernel k = kernel_of(s);
  const char *kernel = lower_rows_name(w->g->mem, &k), *p = w->symbol,
             *factor = TRANSFORM_HAS_FACTOR(s->kind) ? "factor" : NULL;
  const char *parameter = factor == NULL ? "" : arena_printf(w->g->mem, "const %s *factor, ", factor_type(s));
  if (w->g->target->gpu)
    strbuf_printf(w->out, "#define %s_%s_%zu_KERNEL \"%s\"\n", p, w->side, i,
                  cg_kernel_symbol(w->g->mem, co, w->g->tiers[0], kernel));
  strbuf_printf(w->out, "static inline qrt_args %s_%s_%zu_args(size_t %c, const float *x, %sfloat *y) {\n", p, w->side,
                i, w->count, parameter);
  strbuf_printf(w->out, "  qrt_args args = {{(void *)(uintptr_t)x, y%s}, {%c, 1}};\n  return args;\n}\n",
                factor == NULL ? "" : ", (void *)(uintptr_t)factor", w->count);
  if (w->g->target->gpu) return;
  strbuf_printf(w->out,
                "static inline void %s_%s_%zu(const %s_tier *tier, size_t %c, const float *x, %sfloat *y,\n"
                "    size_t begin, size_t end) {\n"
                "  qrt_args args = %s_%s_%zu_args(%c, x, %sy);\n  tier->%s(&args, begin, end);\n}\n",
                p, w->side, i, w->g->prefix, w->count, parameter, p, w->side, i, w->count,
                factor == NULL ? "" : "factor, ", kernel);
}

static void put_side(const step_writer *w, const cg_options *co) {
  for (size_t i = 0; i < w->steps->count; i++) {
    const transform_step *s = &w->steps->steps[i];
    strbuf_printf(w->out, "\n/* Step %zu of the %s: y[%c] = %s. */\n", i, w->side, w->count,
                  meaning(w->g->mem, s, w->count));
    if (TRANSFORM_HAS_FACTOR(s->kind)) {
      put_factor_head(w, i);
      strbuf_printf(w->out, ";\n");
    }
    put_call(w, i, co);
  }
}

void engine_put_steps(const engine *g, const cg_options *co, const recipe *r, strbuf *out) {
  const scheme *s = r->scheme;
  if (s->input.count + s->output.count == 0) return;
  strbuf_printf(
      out,
      "/* The format changes what its layer reads and gives: layer(x) = output(W input(x)) + bias, with the packed W.\n"
      " * Before %s_prepare come the %zu steps of the input, in order, and after the product the %zu of the\n"
      " * output, each from one buffer into another; rows begin .. end - 1 lie one after the other without gaps. "
      "Factors\n"
      " * are made once, %s from the format's fields. Fields that no factor uses may be NULL there, and\n"
      " * for pack those that only factors use. */\n",
      engine_symbol(g, r), s->input.count, s->output.count, "for each W,");
  step_writer input = writer_of(g, r, true, out), output = writer_of(g, r, false, out);
  put_side(&input, co);
  put_side(&output, co);
  strbuf_putc(out, '\n');
}

// ---- the source ------------------------------------------------------------------------------------------

static void put_factor(const step_writer *w, size_t i) {
  const transform_step *s = &w->steps->steps[i];
  c_names names = {.s = w->r->scheme, .tables = arena_printf(w->g->mem, "%s_table", w->symbol)};
  bool input = w->count == 'k';
  names.vars[VAR_K] = "(int64_t)k";
  names.vars[VAR_N] = "(int64_t)n";
  strbuf_printf(w->out, "static double %s_%s_%zu_value(const qp_source *s, uint64_t n, uint64_t k) {\n", w->symbol,
                w->side, i);
  strbuf_printf(w->out, "  (void)s, (void)n, (void)k;\n  return %s", s->factor->is_int ? "(double)" : "");
  c_expr_put(w->out, &names, s->factor);
  strbuf_printf(w->out, ";\n}\n\n");
  put_factor_head(w, i);
  strbuf_printf(w->out, " {\n  qp_source s = {n, k, %s_fields_get, {0}, {{0, {0}, 0, 0}}};\n", w->symbol);
  for (unsigned f = 0; f < w->r->scheme->field_count; f++)
    if (expr_uses_field(s->factor, f))
      strbuf_printf(w->out, "  s.fields[%u] = fields->%s;\n", f, w->r->scheme->fields[f].name);
  strbuf_printf(w->out,
                "  (void)fields;\n  for (size_t i = 0; i < %c; i++) factor[i] = (%s)%s_%s_%zu_value(&s, %s);\n}\n\n",
                w->count, factor_type(s), w->symbol, w->side, i, input ? "0, i" : "i, 0");
}

void engine_put_factors(const engine *g, const recipe *r, strbuf *out) {
  for (size_t side = 0; side < 2; side++) {
    step_writer w = writer_of(g, r, side == 0, out);
    for (size_t i = 0; i < w.steps->count; i++)
      if (TRANSFORM_HAS_FACTOR(w.steps->steps[i].kind)) put_factor(&w, i);
  }
}
