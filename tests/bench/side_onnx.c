#include "tests/bench/side_onnx.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "measure/meter.h"

#define LINE 512
#define GROUP_BITS 4

struct onnx {
  arena *mem;
  pid_t pid;
  FILE *to, *from;
  const char *folder;
  const char *names[ONNX_VARIANTS];
  bool stopped; // by a signal, between turns
  const onnx_product *planned;
};

static const int accuracies[ONNX_VARIANTS] = {4, 0};

// ---- the child -------------------------------------------------------------------------------------------

static bool reply(onnx *o, char *line) {
  if (fgets(line, LINE, o->from) == NULL) return false;
  line[strcspn(line, "\n")] = '\0';
  return strncmp(line, "error", 5) != 0;
}

static bool ask(onnx *o, const char *command, char *line) {
  fprintf(o->to, "%s\n", command);
  fflush(o->to);
  return reply(o, line);
}

static void run_child(const int *in, const int *out, const char *python, const char *program) {
#ifdef __linux__
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // a child that stands still would stay behind
#endif
  (void)dup2(in[0], STDIN_FILENO);
  (void)dup2(out[1], STDOUT_FILENO);
  for (int i = 0; i < 2; i++) {
    close(in[i]);
    close(out[i]);
  }
  execl(python, python, program, (char *)NULL);
  _exit(127);
}

static bool start(onnx *o, const char *python, const char *program) {
  int in[2], out[2];
  if (pipe(in) != 0 || pipe(out) != 0) return false;
  o->pid = fork();
  if (o->pid == 0) run_child(in, out, python, program);
  close(in[0]);
  close(out[1]);
  o->to = fdopen(in[1], "w");
  o->from = fdopen(out[0], "r");
  return o->pid > 0 && o->to != NULL && o->from != NULL;
}

onnx *onnx_start(diag *d, arena *a, const char *python, const char *program, const char *folder) {
  onnx *o = ARENA_NEW(a, onnx);
  char line[LINE] = "";
  *o = (onnx){.mem = a, .folder = folder};
  (void)signal(SIGPIPE, SIG_IGN); // a child that died is seen where its answer is missing
  if (start(o, python, program) && reply(o, line)) {
    o->names[0] = arena_printf(a, "%s, accuracy 4", line);
    o->names[1] = arena_printf(a, "%s, accuracy 0", line);
    onnx_end(&(onnx_product){.child = o});
    return o;
  }
  diag_error_file(d, program, "onnxruntime does not start");
  onnx_stop(o);
  return NULL;
}

void onnx_stop(onnx *o) {
  if (o == NULL) return;
  if (o->stopped) (void)kill(o->pid, SIGCONT);
  if (o->to != NULL) fclose(o->to);
  if (o->from != NULL) fclose(o->from);
  if (o->pid > 0) (void)waitpid(o->pid, NULL, 0);
}

const char *onnx_name(const onnx *o, size_t variant) { return o->names[variant]; }

void onnx_begin(void *state) {
  onnx *o = ((const onnx_product *)state)->child;
  if (o->stopped) (void)kill(o->pid, SIGCONT);
  o->stopped = false;
}

void onnx_end(void *state) {
  onnx *o = ((const onnx_product *)state)->child;
  (void)kill(o->pid, SIGSTOP);
  o->stopped = true;
}

// ---- weights ---------------------------------------------------------------------------------------------

static bool write_bytes(diag *d, const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  bool ok = f != NULL && fwrite(data, 1, size, f) == size;
  if (f != NULL) ok = fclose(f) == 0 && ok;
  if (!ok) diag_error_file(d, path, "cannot be written");
  return ok;
}

static const scheme_layout *nbits_layout(const scheme *s) {
  for (size_t i = 0; i < s->layout_count; i++)
    if (strcmp(s->layouts[i].name, "matmul_nbits") == 0) return &s->layouts[i];
  return NULL;
}

// The group of a scheme of 4 bits, 0: it is none.
static uint64_t group_of(const scheme *s) {
  uint64_t group = 0;
  for (size_t i = 0; i < s->field_count; i++) {
    const scheme_field *f = &s->fields[i];
    if (f->gran.kind == GRAN_WEIGHT && elem_get(f->type)->bits != GROUP_BITS) return 0;
    if (f->gran.kind != GRAN_WEIGHT) group = f->gran.group;
  }
  return group;
}

// Writes the tensors of the first rows; their paths become members of a JSON object. NULL (reported) on failure.
static const char *write_tensors(const onnx *o, diag *d, const matter *m, const scheme_layout *l) {
  layout_input *shapes = ARENA_ARRAY(o->mem, layout_input, l->tensor_count);
  uint8_t **bytes = ARENA_ARRAY(o->mem, uint8_t *, l->tensor_count);
  if (!layout_tensor_shapes(d, m->scheme, l, MATTER_ROWS, m->columns, shapes)) return NULL;
  for (size_t i = 0; i < l->tensor_count; i++) bytes[i] = ARENA_ARRAY(o->mem, uint8_t, shapes[i].size + 1);
  if (!layout_write_tensors(d, m->codes, l, shapes, bytes)) return NULL;
  const char *text = "";
  for (size_t i = 0; i < l->tensor_count; i++) {
    const char *path = arena_printf(o->mem, "%s/onnx-%s.bin", o->folder, l->tensors[i].name);
    if (!write_bytes(d, path, bytes[i], shapes[i].size)) return NULL;
    if (elem_get(shapes[i].type)->kind == ELEM_KIND_FLOAT && shapes[i].type != ELEM_F16) return NULL;
    text = arena_printf(o->mem, "%s%s\"%s\": \"%s\"", text, i == 0 ? "" : ", ", l->tensors[i].name, path);
  }
  return text;
}

bool onnx_load(onnx *o, diag *d, arena *a, const matter *m, size_t memory) {
  const scheme_layout *l = nbits_layout(m->scheme);
  uint64_t group = l == NULL ? 0 : group_of(m->scheme);
  char line[LINE];
  if (o == NULL || group == 0) return false;
  const char *tensors = write_tensors(o, d, m, l);
  uint64_t bytes = m->rows * m->columns / 2;
  onnx_product any = {.child = o};
  o->planned = NULL;
  onnx_begin(&any);
  bool ok =
      tensors != NULL &&
      ask(o,
          arena_printf(a,
                       "{\"do\": \"load\", \"rows\": %llu, \"columns\": %llu, \"group\": %llu, \"patch_rows\": %d, "
                       "\"tensors\": {%s}, \"copies\": %llu}",
                       (unsigned long long)m->rows, (unsigned long long)m->columns, (unsigned long long)group,
                       MATTER_ROWS, tensors, (unsigned long long)(memory / bytes > 0 ? memory / bytes : 1)),
          line);
  onnx_end(&any);
  return ok;
}

// ---- products --------------------------------------------------------------------------------------------

// Makes the child's current product this one.
static bool plan(const onnx_product *p, char *line) {
  if (p->child->planned == p) return true;
  p->child->planned = p;
  return ask(
      p->child,
      arena_printf(p->child->mem,
                   "{\"do\": \"plan\", \"tokens\": %llu, \"threads\": %u, \"accuracy\": %d, \"x\": \"%s/onnx-x.bin\"}",
                   (unsigned long long)p->tokens, p->threads, accuracies[p->variant], p->child->folder),
      line);
}

static bool read_result(const onnx_product *p, const char *path, float *y) {
  FILE *f = fopen(path, "rb");
  size_t count = p->tokens * p->rows;
  bool ok = f != NULL && fread(y, sizeof *y, count, f) == count;
  if (f != NULL) fclose(f);
  return ok;
}

bool onnx_first(const onnx_product *p, diag *d, float *y) {
  onnx *o = p->child;
  char line[LINE] = "no answer";
  const char *folder = o->folder;
  const char *x = arena_printf(o->mem, "%s/onnx-x.bin", folder), *out = arena_printf(o->mem, "%s/onnx-y.bin", folder);
  if (!write_bytes(d, x, p->x, p->tokens * p->columns * sizeof *p->x)) return false;
  onnx_product any = {.child = o};
  o->planned = NULL;
  onnx_begin(&any);
  bool ok = plan(p, line) && ask(o, arena_printf(o->mem, "{\"do\": \"result\", \"y\": \"%s\"}", out), line);
  onnx_end(&any);
  if (!ok) diag_error_file(d, o->names[p->variant], "%s", line);
  return ok && read_result(p, out, y);
}

double onnx_time(void *state) {
  const onnx_product *p = state;
  char line[LINE] = "";
  if (!plan(p, line) || !ask(p->child, "{\"do\": \"run\"}", line)) return -1;
  return strtod(line, NULL);
}
