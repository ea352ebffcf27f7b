// Arrays in and out of a run.
#include "driver/run_data.h"

#include <string.h>

#include "files/tensor_file.h"
#include "files/tensor_write.h"
#include "support/num.h"

enum { ROWS_SHOWN = 8, COLUMNS_SHOWN = 12 };

// "[NAME=]FILE" of --input or --output.
typedef struct binding {
  size_t port;
  const char *path;
} binding;

typedef VEC(binding) binding_list;

// ---- which file is for which port ------------------------------------------------------------------------

static size_t find_port(const ir_port *ports, size_t count, const char *name, size_t length) {
  size_t i = 0;
  while (i < count && (strlen(ports[i].name) != length || memcmp(ports[i].name, name, length) != 0)) i++;
  return i;
}

static void port_names(job *j, const ir_port *ports, size_t count) {
  strbuf names = {.mem = j->mem};
  for (size_t i = 0; i < count; i++) strbuf_printf(&names, "%s%s", i > 0 ? ", " : "", ports[i].name);
  diag_hint(j->d, "the model has: %s", strbuf_text(&names));
}

static bool bind(job *j, option_id id, const char *argument, const ir_port *ports, size_t count, binding_list *out) {
  const char *equals = strchr(argument, '='), *spelling = option_get(id)->spelling;
  if (equals == NULL && count != 1) {
    diag_error_file(j->d, "qcc", "%s %s: which one? the model has %zu: write NAME=%s", spelling, argument, count,
                    argument);
    port_names(j, ports, count);
    return false;
  }
  binding b = {.path = equals == NULL ? argument : equals + 1};
  if (equals != NULL) b.port = find_port(ports, count, argument, (size_t)(equals - argument));
  if (b.port == count) {
    diag_error_file(j->d, "qcc", "%s: the model has no '%.*s'", spelling, (int)(equals - argument), argument);
    port_names(j, ports, count);
    return false;
  }
  for (size_t i = 0; i < out->len; i++)
    if (out->data[i].port == b.port) {
      diag_error_file(j->d, "qcc", "%s: '%s' is given twice", spelling, ports[b.port].name);
      return false;
    }
  vec_push(j->mem, out, b);
  return true;
}

static bool bind_all(job *j, option_id id, const ir_port *ports, size_t count, binding_list *out) {
  bool ok = true;
  for (size_t i = 0; i < j->o->uses.len; i++)
    if (j->o->uses.data[i].id == id) ok = bind(j, id, j->o->uses.data[i].argument, ports, count, out) && ok;
  return ok;
}

// ---- reading ---------------------------------------------------------------------------------------------

static bool is_batched(const ir_type *t) { return t->rank > 0 && t->dims[0] == IR_BATCH; }

// Numbers of a port for one batch item.
static uint64_t item_size(const ir_type *t) {
  uint64_t size = 1;
  for (unsigned i = is_batched(t); i < t->rank; i++) size *= (uint64_t)t->dims[i];
  return size;
}

static const char *type_text(arena *a, const ir_type *t) {
  strbuf text = {.mem = a};
  strbuf_printf(&text, "%s[", elem_get(t->elem)->name);
  for (unsigned i = 0; i < t->rank; i++) {
    if (t->dims[i] == IR_BATCH)
      strbuf_printf(&text, "batch");
    else
      strbuf_printf(&text, "%s%lld", i > 0 ? ", " : "", (long long)t->dims[i]);
  }
  strbuf_putc(&text, ']');
  return strbuf_text(&text);
}

// Whether the file's dimensions from `first` on are the port's from `from` on.
static bool same_dims(const tensor *f, unsigned first, const ir_type *t, unsigned from) {
  if (f->rank - first != t->rank - from) return false;
  for (unsigned i = from; i < t->rank; i++)
    if (f->dims[first + i - from] != (uint64_t)t->dims[i]) return false;
  return true;
}

// The batch that an array means for a port: its first dimension, or 1 when it is one item without that dimension.
static bool find_batch(const tensor *f, const ir_type *t, uint64_t *batch) {
  *batch = 1;
  if (!is_batched(t)) return same_dims(f, 0, t, 0);
  if (f->rank == t->rank && same_dims(f, 1, t, 1)) {
    *batch = f->dims[0];
    return true;
  }
  return same_dims(f, 0, t, 1);
}

static bool take_batch(job *j, const tensor *f, const ir_port *port, uint64_t batch, run_data *data) {
  uint64_t most = j->m->plan->max_batch;
  if (!is_batched(&port->type)) return true;
  if (batch == 0 || (most != 0 && batch > most)) {
    diag_error_file(j->d, f->path, "a batch of %llu; the model takes 1 to %llu", (unsigned long long)batch,
                    (unsigned long long)most);
    return false;
  }
  if (data->batch != 0 && data->batch != batch) {
    diag_error_file(j->d, f->path, "a batch of %llu, but another input has %llu", (unsigned long long)batch,
                    (unsigned long long)data->batch);
    return false;
  }
  data->batch = batch;
  return true;
}

static bool read_tensor(job *j, const tensor *f, const ir_port *port, run_data *data, const void **out) {
  uint64_t batch;
  if (!find_batch(f, &port->type, &batch)) {
    diag_error_file(j->d, f->path, "%s, but input '%s' is %s", tensor_describe(j->mem, f), port->name,
                    type_text(j->mem, &port->type));
    return false;
  }
  if (!take_batch(j, f, port, batch, data)) return false;
  float *numbers = ARENA_ARRAY(j->mem, float, f->count);
  *out = numbers;
  return tensor_read_f32(j->d, f, 0, (size_t)f->count, numbers);
}

static bool read_input(job *j, const binding *b, run_data *data) {
  tensor_file *file = tensor_file_open(j->d, j->mem, b->path);
  if (file == NULL) return false;
  file_set_protect(j->outputs, b->path);
  bool ok = tensor_file_count(file) == 1;
  if (ok)
    ok = read_tensor(j, tensor_file_at(file, 0), &j->m->plan->inputs[b->port], data, &data->inputs[b->port]);
  else
    diag_error_file(j->d, b->path, "an input is one array (.npy), but this file has %zu tensors",
                    tensor_file_count(file));
  tensor_file_close(file);
  return ok;
}

static bool read_inputs(job *j, run_data *data) {
  const ir_plan *p = j->m->plan;
  binding_list files = {0};
  bool ok = bind_all(j, OPTION_INPUT, p->inputs, p->input_count, &files);
  data->inputs = ARENA_ARRAY(j->mem, const void *, p->input_count);
  for (size_t i = 0; i < files.len; i++) ok = read_input(j, &files.data[i], data) && ok;
  for (size_t i = 0; ok && i < p->input_count; i++) {
    if (data->inputs[i] != NULL) continue;
    diag_error_file(j->d, "qcc", "no numbers for input '%s', %s", p->inputs[i].name,
                    type_text(j->mem, &p->inputs[i].type));
    diag_hint(j->d, "give them with --input %s=FILE.npy", p->inputs[i].name);
    ok = false;
  }
  return ok;
}

bool run_data_read(job *j, run_data *out) {
  const ir_plan *p = j->m->plan;
  *out = (run_data){.outputs = ARENA_ARRAY(j->mem, void *, p->output_count)};
  if (!read_inputs(j, out)) return false;
  if (out->batch == 0) out->batch = 1;
  for (size_t i = 0; i < p->output_count; i++)
    out->outputs[i] = arena_alloc(j->mem, (size_t)(item_size(&p->outputs[i].type) * out->batch), sizeof(float));
  return true;
}

// ---- writing ---------------------------------------------------------------------------------------------

static unsigned output_dims(const ir_type *t, uint64_t batch, uint64_t *dims) {
  for (unsigned i = 0; i < t->rank; i++) dims[i] = t->dims[i] == IR_BATCH ? batch : (uint64_t)t->dims[i];
  return t->rank;
}

static bool write_output(job *j, const ir_port *port, uint64_t batch, const float *numbers, const char *path) {
  uint64_t dims[IR_MAX_RANK];
  out_file *f = output_open(j, path);
  if (f == NULL) return false;
  npy_write_f32(f, numbers, output_dims(&port->type, batch, dims), dims);
  return true;
}

// "y f32[360, 10]" and the first numbers of the first rows.
static void show_output(const ir_port *port, uint64_t batch, const float *numbers) {
  uint64_t dims[IR_MAX_RANK];
  unsigned rank = output_dims(&port->type, batch, dims);
  uint64_t columns = rank == 0 ? 1 : dims[rank - 1], rows = 1;
  printf("%s f32[", port->name);
  for (unsigned i = 0; i < rank; i++) printf("%s%llu", i > 0 ? ", " : "", (unsigned long long)dims[i]);
  printf("]\n");
  for (unsigned i = 0; i + 1 < rank; i++) rows *= dims[i];
  for (uint64_t r = 0; r < rows && r < ROWS_SHOWN; r++) {
    printf(" ");
    for (uint64_t c = 0; c < columns && c < COLUMNS_SHOWN; c++) printf(" %11.5g", (double)numbers[r * columns + c]);
    printf("%s\n", columns > COLUMNS_SHOWN ? " .." : "");
  }
  if (rows > ROWS_SHOWN) printf("  .. %llu more rows; --output writes all\n", (unsigned long long)(rows - ROWS_SHOWN));
}

bool run_data_write(job *j, const run_data *data) {
  const ir_plan *p = j->m->plan;
  binding_list files = {0};
  bool ok = bind_all(j, OPTION_RESULT, p->outputs, p->output_count, &files);
  for (size_t i = 0; i < p->output_count; i++) {
    const char *path = NULL;
    for (size_t f = 0; f < files.len; f++)
      if (files.data[f].port == i) path = files.data[f].path;
    if (path != NULL)
      ok = write_output(j, &p->outputs[i], data->batch, data->outputs[i], path) && ok;
    else
      show_output(&p->outputs[i], data->batch, data->outputs[i]);
  }
  return ok;
}
