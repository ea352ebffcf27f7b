// What stored bytes mean: weights_of SCHEMES < JOBS
//
// Each line of JOBS is one job, its words separated by blanks; all numbers in files are little endian.
//
//   list OUT                                       the formats of the folder, see put_format
//   decode FORMAT LAYOUT ROWS COLUMNS OUT TENSOR.. the weights as f64, row by row
//   values FORMAT ..                               the same without what the format does to the layer's input and output
//   encode FORMAT LAYOUT ROWS COLUMNS OUT IN BLOCKS
//                                                  f32 weights of the file IN are encoded; OUT gets what the codes mean, as
//                                                  f64, and BLOCKS the bytes of the layout ("-": none are wanted)
//
// FORMAT is as in a rule of `quantize`, without blanks. LAYOUT is one of the format's layouts, or "-" for its bare fields.
// A TENSOR is NAME=TYPE=SIZExSIZE..=FILE: a tensor of the layout, the one tensor of a block layout (any name, u8), or a
// field, whose elements are then u32 words with the raw bits.
//
// After each job a line is printed: "ok", or "refused". Why is said on the standard error.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/eval.h"
#include "format/transform.h"
#include "frontend/frontend.h"
#include "support/file.h"
#include "support/num.h"
#include "weights/from_float.h"

enum { SIDE = 4096, MAX_WORDS = 32, MAX_LINE = 8192 };

typedef struct job {
  diag *d;
  arena *mem;
  const char *schemes;
  size_t count;
  char *words[MAX_WORDS];
  const scheme *s;
  const scheme_layout *layout; // NULL: bare fields
  uint64_t rows, columns;
} job;

static bool refuse(const char *why, const char *what) {
  fprintf(stderr, "weights_of: %s: %s\n", why, what);
  return false;
}

static bool write_file(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  bool ok = f != NULL && fwrite(data, 1, size, f) == size;
  ok = f != NULL && fclose(f) == 0 && ok;
  return ok || refuse("cannot be written", path);
}

// ---- decode ----------------------------------------------------------------------------------------------

typedef struct stored {
  const char *name;
  layout_input input;
} stored;

// Takes NAME=TYPE=SIZExSIZE..=FILE apart, in place.
static bool read_stored(const job *j, char *word, stored *out) {
  char *parts[4] = {word};
  for (int i = 1; i < 4; i++) {
    parts[i] = strchr(parts[i - 1], '=');
    if (parts[i] == NULL) return refuse("no tensor", word);
    *parts[i]++ = '\0';
  }
  *out = (stored){.name = parts[0], .input.type = elem_by_name(parts[1])};
  if (out->input.type == ELEM_COUNT) return refuse("no type", parts[1]);
  for (char *at = parts[2]; *at != '\0' && out->input.rank < SCHEME_MAX_RANK; at += *at == 'x')
    out->input.dims[out->input.rank++] = strtoull(at, &at, 10);
  mapped_file file;
  if (!file_map(j->d, j->mem, parts[3], &file)) return false;
  out->input.data = file.data;
  out->input.size = file.size;
  return true;
}

static const stored *find_stored(const stored *all, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(all[i].name, name) == 0) return &all[i];
  refuse("is not given", name);
  return NULL;
}

static tensor_codes *read_fields(const job *j, const stored *all, size_t count) {
  tensor_codes *t = tensor_codes_new(j->d, j->mem, j->s, j->rows, j->columns);
  for (size_t f = 0; t != NULL && f < j->s->field_count; f++) {
    const stored *found = find_stored(all, count, j->s->fields[f].name);
    uint64_t elements = 0;
    scheme_field_count(&j->s->fields[f], j->rows, j->columns, &elements);
    if (found == NULL || found->input.size != 4 * elements) return NULL;
    memcpy(t->elements[f], found->input.data, found->input.size);
  }
  return t;
}

static tensor_codes *read_tensors(const job *j, const stored *all, size_t count) {
  layout_input *inputs = ARENA_ARRAY(j->mem, layout_input, j->layout->tensor_count);
  for (size_t i = 0; i < j->layout->tensor_count; i++) {
    const stored *found = find_stored(all, count, j->layout->tensors[i].name);
    if (found == NULL) return NULL;
    inputs[i] = found->input;
  }
  return layout_read_tensors(j->d, j->mem, j->s, j->layout, "tensor", inputs, j->rows, j->columns);
}

static tensor_codes *read_codes(const job *j, const stored *all, size_t count) {
  if (j->layout == NULL) return read_fields(j, all, count);
  if (j->layout->block_weights == 0) return read_tensors(j, all, count);
  return layout_read_blocks(j->d, j->mem, j->s, j->layout, "tensor", all[0].input.data, all[0].input.size, j->rows,
                            j->columns);
}

static bool write_weights(const job *j, const tensor_codes *t, bool values, const char *path) {
  uint64_t count, bytes;
  size_t size;
  if (!num_mul(j->rows, j->columns, &count) || !num_mul(count, sizeof(double), &bytes) || !num_to_size(bytes, &size))
    return refuse("is too large", path);
  if (!transform_check_codes(j->d, t, "tensor")) return false;
  double *weights = values ? NULL : transform_weights(j->mem, t);
  bool changed = weights != NULL; // by what the format does to input and output
  if (!changed) weights = ARENA_ARRAY(j->mem, double, (size_t)count);
  for (uint64_t n = 0; !changed && n < j->rows; n++) scheme_row(t, n, weights + n * j->columns);
  return write_file(path, weights, size);
}

static bool decode(job *j, bool values) {
  stored all[MAX_WORDS];
  size_t count = j->count - 6;
  if (count == 0) return refuse("nothing to decode", j->words[1]);
  for (size_t i = 0; i < count; i++)
    if (!read_stored(j, j->words[6 + i], &all[i])) return false;
  const tensor_codes *t = read_codes(j, all, count);
  return t != NULL && write_weights(j, t, values, j->words[5]);
}

// ---- encode ----------------------------------------------------------------------------------------------

static bool write_blocks(const job *j, const tensor_codes *t, const char *path) {
  uint64_t bytes;
  if (j->layout == NULL || !layout_block_bytes(j->d, j->layout, "tensor", j->rows, j->columns, &bytes)) return false;
  uint8_t *blocks = ARENA_ARRAY(j->mem, uint8_t, (size_t)bytes);
  return layout_write_blocks(j->d, t, j->layout, blocks, bytes) && write_file(path, blocks, (size_t)bytes);
}

static bool encode(job *j) {
  mapped_file file;
  if (j->count != 8 || !file_map(j->d, j->mem, j->words[6], &file)) return refuse("needs IN and BLOCKS", j->words[0]);
  if (file.size / sizeof(float) / j->columns != j->rows) return refuse("has another size", file.path);
  tensor numbers = {.name = "tensor", .dtype = TENSOR_F32, .rank = 2, .count = j->rows * j->columns, .path = file.path};
  numbers.data = arena_memdup(j->mem, file.data, file.size);
  numbers.size = file.size;
  numbers.dims = (const uint64_t[]){j->rows, j->columns};
  from_float_result made;
  if (!from_float_encode(j->d, j->mem, &numbers, j->s, j->rows, j->columns, &(from_float_options){0}, &made))
    return false;
  if (!write_weights(j, made.codes, false, j->words[5])) return false;
  return strcmp(j->words[7], "-") == 0 || write_blocks(j, made.codes, j->words[7]);
}

// ---- list ------------------------------------------------------------------------------------------------

// Bits per weight of SIDE x SIDE weights in separate tensors; 0 when their sizes are left to the file.
static double tensor_bits(const scheme *s, const scheme_layout *l) {
  double bits = 0;
  eval_env env = {.scheme = s};
  env.vars[VAR_ROWS] = env.vars[VAR_COLUMNS] = SIDE;
  for (size_t t = 0; t < l->tensor_count; t++) {
    const layout_tensor *part = &l->tensors[t];
    double numbers = elem_get(part->stored_count > 0 ? part->stored[0] : part->type)->bits;
    for (unsigned i = 0; i < part->rank; i++) {
      if (part->dims[i] == NULL) return 0;
      numbers *= (double)eval_int(&env, part->dims[i]);
    }
    bits += numbers;
  }
  return bits / (double)SIDE / (double)SIDE;
}

// One line: name, parameters, bits per weight of 4096 x 4096 weights in the smallest layout or as bare fields, then
// every layout as name:block weights:block bytes:type, zero block weights for separate tensors.
static void put_format(const job *j, const fe_scheme_info *info, const scheme *s, FILE *out) {
  double bits = scheme_bits_per_weight(s, SIDE, SIDE);
  for (size_t i = 0; i < s->layout_count; i++) {
    const scheme_layout *l = &s->layouts[i];
    bool blocks = l->block_weights > 0;
    double packed = blocks ? 8 * (double)l->block_bytes / (double)l->block_weights : tensor_bits(s, l);
    if (packed > 0 && packed < bits) bits = packed;
  }
  fprintf(out, "%s\t%s\t%.17g\t", info->name, info->parameters, bits);
  for (size_t i = 0; i < s->layout_count; i++)
    fprintf(out, "%s%s:%" PRIu64 ":%" PRIu64 ":%" PRId64, i == 0 ? "" : " ", s->layouts[i].name,
            s->layouts[i].block_weights, s->layouts[i].block_bytes, s->layouts[i].type_id);
  fprintf(out, "\n");
  (void)j;
}

static bool list(job *j) {
  fe_options options = {.dirs = &j->schemes, .dir_count = 1};
  const fe_scheme_info *all;
  size_t count = fe_list_schemes(j->d, j->mem, &options, &all);
  FILE *out = fopen(j->words[1], "w");
  if (out == NULL) return refuse("cannot be written", j->words[1]);
  for (size_t i = 0; i < count; i++) {
    const scheme *s = fe_find_scheme(j->d, j->mem, NULL, &options, all[i].name);
    if (s != NULL) put_format(j, &all[i], s, out);
  }
  return fclose(out) == 0 && diag_error_count(j->d) == 0;
}

// ---- all -------------------------------------------------------------------------------------------------

static bool find_format(job *j) {
  if (j->count < 6) return refuse("too few words", j->words[0]);
  fe_options options = {.dirs = &j->schemes, .dir_count = 1};
  j->s = fe_find_scheme(j->d, j->mem, NULL, &options, j->words[1]);
  j->rows = strtoull(j->words[3], NULL, 10);
  j->columns = strtoull(j->words[4], NULL, 10);
  if (j->s == NULL || j->rows == 0 || j->columns == 0) return refuse("no such format or size", j->words[1]);
  if (strcmp(j->words[2], "-") == 0) return true;
  j->layout = scheme_find_layout(j->s, j->words[2]);
  return j->layout != NULL || refuse("no such layout", j->words[2]);
}

static bool run_job(const char *schemes, char *line) {
  arena *a = arena_new();
  job j = {.d = diag_new(a, stderr, false), .mem = a, .schemes = schemes};
  bool ok = false;
  char *rest = NULL;
  for (char *word = strtok_r(line, " \n", &rest); word != NULL && j.count < MAX_WORDS;
       word = strtok_r(NULL, " \n", &rest))
    j.words[j.count++] = word;
  if (j.count == 2 && strcmp(j.words[0], "list") == 0)
    ok = list(&j);
  else if (j.count > 0 && strcmp(j.words[0], "decode") == 0)
    ok = find_format(&j) && decode(&j, false);
  else if (j.count > 0 && strcmp(j.words[0], "values") == 0)
    ok = find_format(&j) && decode(&j, true);
  else if (j.count > 0 && strcmp(j.words[0], "encode") == 0)
    ok = find_format(&j) && encode(&j);
  else
    refuse("no job", j.count > 0 ? j.words[0] : "an empty line");
  arena_free(a);
  return ok;
}

int main(int argc, char **argv) {
  static char line[MAX_LINE];
  if (argc != 2) {
    fprintf(stderr, "usage: weights_of SCHEMES < JOBS\n");
    return 2;
  }
  while (fgets(line, sizeof line, stdin) != NULL) printf("%s\n", run_job(argv[1], line) ? "ok" : "refused");
  return 0;
}
