// Recognising what the weight files of a model hold: the bridge from the frontend's question to inspect/.
#include <string.h>

#include "driver/job.h"
#include "inspect/recognise.h"
#include "weights/fields.h"
#include "weights/from_float.h"

typedef struct known_config {
  const tensor_file *file;
  quant_config *config; // NULL: there is none
} known_config;

// Opened when a layer needs it first.
typedef struct known_formats {
  catalogue *formats;
  VEC(known_config) configs;
} known_formats;

static known_formats *open_formats(job *j) {
  if (j->formats != NULL) return j->formats;
  fe_options fe = {.dirs = j->scheme_dirs.data, .dir_count = j->scheme_dirs.len};
  j->formats = ARENA_NEW(j->mem, known_formats);
  diag *quiet = diag_new(j->mem, NULL, false); // mistakes in formats that nothing uses are none of this run
  *j->formats = (known_formats){.formats = catalogue_open(quiet, j->mem, j->tree, &fe)};
  return j->formats;
}

static const quant_config *find_config(job *j, known_formats *k, const tensor_file *f) {
  for (size_t i = 0; i < k->configs.len; i++)
    if (k->configs.data[i].file == f) return k->configs.data[i].config;
  known_config made = {.file = f};
  quant_config_beside(j->d, j->mem, f, &made.config);
  vec_push(j->mem, &k->configs, made);
  found_list all = {0};
  recognise_file(&(subject){.c = k->formats, .file = f, .config = made.config},
                 &all); // what most layers are decides about the others
  return made.config;
}

// Plain float weights, with a bias at most, are not looked at further, unless they may lie in two ways.
static bool may_be_quantized(job *j, const tensor_file *f, const char *layer) {
  const char *prefix = arena_printf(j->mem, "%s.", layer);
  const tensor *weight = tensor_file_find(f, arena_printf(j->mem, "%sweight", prefix));
  if (weight == NULL) weight = tensor_file_find(f, layer);
  if (weight == NULL || tensor_order_open(weight)) return true;
  if (weight->dtype != TENSOR_BLOCKS && !from_float_dtype(weight->dtype)) return true;
  tensor_range range = tensor_file_range(f, prefix);
  for (size_t i = range.begin; i < range.end; i++) {
    const tensor *t = tensor_file_by_name(f, i);
    if (t != weight && strcmp(t->name + strlen(layer), ".bias") != 0) return true;
  }
  return false;
}

bool formats_recognise(void *context, const char *file, const char *layer, uint64_t columns, const char *wanted,
                       fe_recognised *out) {
  job *j = context;
  const tensor_file *f = weight_files_open(j->files, file);
  fields_note note;
  if (f == NULL || !may_be_quantized(j, f, layer)) return false;
  const char *weight = arena_printf(j->mem, "%s.weight", layer);
  if (fields_find(j->d, j->mem, f, weight, &note) != FIELDS_ABSENT) return false; // the file says itself what it is
  if (fields_find(j->d, j->mem, f, layer, &note) != FIELDS_ABSENT) return false;
  known_formats *k = open_formats(j);
  const found *w =
      recognise_layer(&(subject){.c = k->formats, .file = f, .config = find_config(j, k, f)}, layer, columns, wanted);
  if (w == NULL) return false;
  *out = (fe_recognised){.problem = w->problem};
  if (w->scheme != NULL) out->scheme = w->scheme->name, out->layout = w->layout->name;
  for (size_t i = 0; i < w->others.len; i++)
    out->other = i == 0 ? w->others.data[0] : arena_printf(j->mem, "%s, or %s", out->other, w->others.data[i]);
  return true;
}
