#include "tests/inspect/kit.h"

#include <math.h>
#include <string.h>

#include "encode/encode.h"

inspect_case ic;

void inspect_setup(void) {
  static const char *const dirs[] = {QCC_SOURCE_DIR "/schemes"};
  fe_options options = {.dirs = dirs, .dir_count = 1};
  ic = (inspect_case){.mem = arena_new(), .dir = scratch_new()};
  ic.d = diag_new(ic.mem, NULL, false);
  ic.c = catalogue_open(ic.d, ic.mem, NULL, &options);
  ic.out = (convert_output){.mem = ic.mem};
  ck_assert_msg(diag_error_count(ic.d) == 0, "%s", diag_text(ic.d));
}

void inspect_teardown(void) {
  scratch_remove(&ic.dir);
  arena_free(ic.mem);
}

// The sum of four draws, of variance 1/3.
float *inspect_weights(uint64_t rows, uint64_t columns, uint64_t seed) {
  float *w = ARENA_ARRAY(ic.mem, float, (size_t)(rows * columns));
  seed = seed * 2654435761u + 12345;
  for (uint64_t i = 0; i < rows * columns; i++) {
    double sum = 0;
    for (int draw = 0; draw < 4; draw++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      sum += (double)(seed >> 40) / 16777216.0 - 0.5;
    }
    w[i] = (float)(0.05 * sum * 1.7320508);
  }
  return w;
}

const scheme *inspect_scheme(const char *text) {
  const scheme *s = fe_library_find(ic.c->library, text);
  ck_assert_msg(s != NULL, "there is no scheme %s", text);
  return s;
}

// The sum of four draws, from -2 to 2.
static double draw(uint64_t *seed) {
  double sum = 0;
  for (int i = 0; i < 4; i++) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    sum += (double)(*seed >> 40) / 16777216.0 - 0.5;
  }
  return sum;
}

// An element that weights may well have: codes around their middle, positive scales, zero points near the middle.
static uint64_t likely_element(const scheme_field *f, uint64_t *seed) {
  const elem_info *type = elem_get(f->type);
  bool is_scale = f->gran.kind != GRAN_WEIGHT && f->rank == 0;
  double number = draw(seed), width = is_scale ? 0.02 : 0.2;
  if (type->kind == ELEM_KIND_FLOAT) return elem_encode(f->type, is_scale ? 0.01 + 0.004 * fabs(number) : 0.1 * number);
  double middle = type->kind == ELEM_KIND_UINT ? ldexp(0.5, (int)type->bits) : 0;
  return elem_encode(f->type, floor(middle + width * number * ldexp(1, (int)type->bits)));
}

const tensor_codes *inspect_likely(const scheme *s, uint64_t rows, uint64_t columns) {
  tensor_codes *t = tensor_codes_new(ic.d, ic.mem, s, rows, columns);
  uint64_t seed = 1;
  for (size_t f = 0; t != NULL && f < s->field_count; f++) {
    uint64_t count = 0;
    scheme_field_count(&s->fields[f], rows, columns, &count);
    for (uint64_t i = 0; i < count; i++) t->elements[f][i] = (uint32_t)likely_element(&s->fields[f], &seed);
  }
  return t;
}

const tensor_codes *inspect_encode(const scheme *s, uint64_t rows, uint64_t columns) {
  diag *quiet = diag_new(ic.mem, NULL, false);
  return encode_tensor(quiet, ic.mem, s, inspect_weights(rows, columns, 7), rows, columns, NULL, (encode_progress){0});
}

void inspect_add(const char *name, tensor_dtype dtype, unsigned rank, const uint64_t *dims, const void *data) {
  uint64_t size = tensor_dtype_bits(dtype) / 8;
  for (unsigned r = 0; r < rank; r++) size *= dims[r];
  safetensors_item item = {.name = name, .dtype = dtype, .rank = rank, .data = data, .size = (size_t)size};
  item.dims = arena_memdup(ic.mem, dims, rank * sizeof *dims);
  vec_push(ic.mem, &ic.out.items, item);
}

void inspect_add_meta(const char *key, const char *value) {
  vec_push(ic.mem, &ic.out.meta, ((tensor_meta){.key = key, .type = "string", .value = value}));
}

bool inspect_add_layer(const char *layer, const tensor_codes *codes, const scheme_layout *l) {
  diag *quiet = diag_new(ic.mem, NULL, false);
  uint64_t bytes;
  return convert_store(quiet, &ic.out, codes, l, layer, &bytes);
}

tensor_file *inspect_write(const char *name) {
  const char *path = scratch_path(&ic.dir, name);
  file_set *set = file_set_new(ic.d, ic.mem);
  ck_assert_msg(convert_write(ic.d, set, path, &ic.out) && file_set_commit(set), "%s", diag_text(ic.d));
  ic.out = (convert_output){.mem = ic.mem};
  tensor_file *f = tensor_file_open(ic.d, ic.mem, path);
  ck_assert_msg(f != NULL, "%s", diag_text(ic.d));
  return f;
}

const inspection *inspect_run(const tensor_file *f) {
  quant_config *config = NULL;
  quant_config_beside(ic.d, ic.mem, f, &config);
  return inspect_file(ic.c, f, config, &(inspect_options){.values = true});
}

const inspected *inspect_line(const inspection *x, const char *name) {
  for (size_t i = 0; i < x->tensors.len; i++)
    if (strcmp(x->tensors.data[i].what->name, name) == 0) return &x->tensors.data[i];
  ck_abort_msg("nothing was found under the name %s", name);
  return NULL;
}
