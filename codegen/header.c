// The C header of a compiled model.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "codegen/plan.h"
#include "support/vec.h"

extern const char *const qrt_header_lines[]; // made from runtime/qrt.h by the build

const char *cg_runtime_header(arena *a) {
  strbuf b = {.mem = a};
  for (const char *const *line = qrt_header_lines; *line != NULL; line++) strbuf_printf(&b, "%s", *line);
  return strbuf_text(&b);
}

typedef struct header {
  strbuf *out;
  arena *mem;
  const cg_model *model;
  const cg_options *options;
  const ir_plan *plan;
  const char *prefix; // of functions
  const char *upper;  // of macros
} header;

static const char *identifier(arena *a, const char *text, bool upper) {
  char *copy = arena_strdup(a, text);
  cg_make_identifier(copy);
  for (char *c = copy; upper && *c != '\0'; c++) *c = (char)toupper((unsigned char)*c);
  return copy;
}

static const char *port_shape(arena *a, const ir_type *t) {
  strbuf b = {.mem = a};
  strbuf_printf(&b, "f32[");
  for (unsigned i = 0; i < t->rank; i++) {
    if (i > 0) strbuf_printf(&b, ", ");
    if (t->dims[i] == IR_BATCH)
      strbuf_printf(&b, "batch");
    else
      strbuf_printf(&b, "%lld", (long long)t->dims[i]);
  }
  strbuf_putc(&b, ']');
  return strbuf_text(&b);
}

// Numbers of a port: of the whole, or of each item of the batch.
static uint64_t port_numbers(const ir_type *type, bool *batch) {
  uint64_t count = 1;
  *batch = false;
  for (unsigned i = 0; i < type->rank; i++) {
    *batch = *batch || type->dims[i] == IR_BATCH;
    count *= type->dims[i] == IR_BATCH ? 1 : (uint64_t)type->dims[i];
  }
  return count;
}

static void write_port_macro(const header *h, const char *kind, const ir_port *port) {
  bool batch;
  uint64_t count = port_numbers(&port->type, &batch);
  const char *name = identifier(h->mem, port->name, true);
  strbuf_printf(h->out, "/* %s %s: %s%s */\n", kind, port->name, port_shape(h->mem, &port->type),
                batch ? "; the number of floats for each item of the batch" : "; its number of floats");
  strbuf_printf(h->out, "#define %s%s_%s_FLOATS %lluu\n", h->upper, identifier(h->mem, kind, true), name,
                (unsigned long long)count);
}

static void write_macros(const header *h) {
  const ir_plan *p = h->plan;
  uint64_t fixed = p->workspace.fixed + h->model->plan->slot_bytes;
  for (size_t i = 0; i < p->input_count; i++) write_port_macro(h, "input", &p->inputs[i]);
  for (size_t i = 0; i < p->output_count; i++) write_port_macro(h, "output", &p->outputs[i]);
  strbuf_printf(h->out, "\n/* The largest batch%s. */\n#define %sMAX_BATCH %lluu\n",
                p->max_batch == 0 ? "; 0: no bound but memory" : "", h->upper, (unsigned long long)p->max_batch);
  strbuf_printf(h->out,
                "/* Bytes of workspace for a batch in that range (%sworkspace_size checks it), and its alignment, "
                "which divides them. "
                "*/\n"
                "#define %sWORKSPACE_SIZE(batch) ((size_t)%lluu + (size_t)%lluu * (batch))\n"
                "#define %sWORKSPACE_ALIGN 64u\n",
                h->prefix, h->upper, (unsigned long long)fixed, (unsigned long long)p->workspace.per_batch, h->upper);
  strbuf_printf(h->out,
                "/* Bytes of the packed weights, without the file's header. */\n#define %sWEIGHTS_SIZE %lluu\n\n",
                h->upper, (unsigned long long)p->weights_size);
}

// A function that opens the model, with the identity of this header: the header of another library is told.
static void write_open(const header *h, const char *what, const char *parameters, const char *arguments) {
  const char *p = h->prefix;
  strbuf_printf(h->out,
                "qrt_status %sopen%s_checked(qrt_model *model%s, uint64_t identity);\n"
                "static inline qrt_status %sopen%s(qrt_model *model%s) {\n"
                "  return %sopen%s_checked(model%s, UINT64_C(0x%016llx));\n}\n",
                p, what, parameters, p, what, parameters, p, what, arguments, (unsigned long long)h->model->identity);
}

static void write_opens(const header *h) {
  strbuf_printf(
      h->out,
      "/* Opens the packed weights: maps the file at `path`, or takes `size` bytes at `bytes` (64-byte aligned),\n"
      " * which must stay there. Checks that they are whole and belong to this model, as this header does, and picks\n"
      " * the best code for this processor. */\n");
  write_open(h, "", ", const char *path", ", path");
  write_open(h, "_memory", ", const void *bytes, size_t size", ", bytes, size");
  if (h->model->embedded != NULL) {
    strbuf_printf(h->out, "/* Opens the weights inside the library. */\n");
    write_open(h, "_embedded", "", "");
  }
  strbuf_printf(h->out,
                "/* Unmaps the weights; an opened model holds nothing else. */\nvoid %sclose(qrt_model *model);\n\n",
                h->prefix);
}

static void write_run(const header *h) {
  const ir_plan *p = h->plan;
  strbuf_printf(h->out,
                "/* Bytes of workspace for a batch, a multiple of its alignment; 0 when the batch is out of range. */\n"
                "size_t %sworkspace_size(size_t batch);\n\n"
                "/* Computes the model for `batch` items.\n",
                h->prefix);
  for (size_t i = 0; i < p->input_count; i++)
    strbuf_printf(h->out, " *   in_%s: %s, rows one after the other\n", identifier(h->mem, p->inputs[i].name, false),
                  port_shape(h->mem, &p->inputs[i].type));
  for (size_t i = 0; i < p->output_count; i++)
    strbuf_printf(h->out, " *   out_%s: %s, written\n", identifier(h->mem, p->outputs[i].name, false),
                  port_shape(h->mem, &p->outputs[i].type));
  strbuf_printf(h->out,
                " *   workspace: 64-byte aligned, %sworkspace_size(batch) bytes or more, used by one call at a time\n"
                " *   pool: threads to share the work, or NULL; their number changes no bit of the result\n"
                " * Allocates nothing and keeps nothing; no two of the buffers may overlap. */\n"
                "qrt_status %srun(const qrt_model *model, size_t batch",
                h->prefix, h->prefix);
  for (size_t i = 0; i < p->input_count; i++)
    strbuf_printf(h->out, ", const float *in_%s", identifier(h->mem, p->inputs[i].name, false));
  for (size_t i = 0; i < p->output_count; i++)
    strbuf_printf(h->out, ", float *out_%s", identifier(h->mem, p->outputs[i].name, false));
  strbuf_printf(h->out, ",\n    void *workspace, size_t workspace_size, const qrt_pool *pool);\n\n");
}

static void write_rest(const header *h) {
  strbuf_printf(h->out, "/* The instruction set whose code an opened model runs: one of");
  for (size_t i = 0; i < h->model->tier_count; i++)
    strbuf_printf(h->out, "%s \"%s\"", i > 0 ? "," : "", h->model->tiers[i]->name);
  strbuf_printf(h->out,
                ". */\nconst char *%sisa(const qrt_model *model);\n\n"
                "/* The model's tables, for the functions of the runtime. */\nextern const qrt_plan %splan;\n\n",
                h->prefix, h->prefix);
}

const char *cg_header(arena *a, const cg_model *m, const cg_options *o) {
  strbuf b = {.mem = a};
  header h = {.out = &b, .mem = a, .model = m, .options = o, .plan = m->module->plan};
  h.prefix = cg_symbol(a, o, "");
  h.upper = identifier(a, h.prefix, true);
  strbuf_printf(&b, "/* %s: a model compiled by qcc for %s. */\n", m->module->name, m->triple);
  // The guard is this header's alone: upper case does not tell all names apart.
  strbuf_printf(&b, "#ifndef QCC_%s%016llx_H\n#define QCC_%s%016llx_H\n\n", h.prefix, (unsigned long long)m->identity,
                h.prefix, (unsigned long long)m->identity);
  strbuf_printf(&b,
                "#ifdef %sMAX_BATCH\n#error \"another model's header has macros %s.., too: compile one of them with "
                "--prefix=NAME\"\n#endif\n\n",
                h.upper, h.upper);
  strbuf_printf(&b, "%s\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", cg_runtime_header(a));
  write_macros(&h);
  write_opens(&h);
  write_run(&h);
  write_rest(&h);
  strbuf_printf(&b, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
  return strbuf_text(&b);
}
