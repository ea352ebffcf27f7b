// The JSON files beside a model's weights.
#include "files/quant_config.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "files/json_file.h"
#include "support/file.h"
#include "support/vec.h"

enum { MAX_DEPTH = 32 };

// The files in the order in which they count, and the member that has the configuration (NULL: the file itself).
static const struct {
  const char *file;
  const char *member;
} places[] = {
    {"config.json", "quantization_config"},   {"config.json", "compression_config"}, {"config.json", "quantization"},
    {"quantize_config.json", NULL},           {"quantization_config.json", NULL},    {"quant_config.json", NULL},
    {"hf_quant_config.json", "quantization"},
};

enum { PLACES = sizeof places / sizeof *places };

typedef struct reader {
  diag *d;
  arena *mem;
  quant_config *out;
  VEC(const char *) paths;
  VEC(quant_rule) rules;
  VEC(const char *) ignore;
  VEC(tensor_meta) members;
  size_t budget; // bytes that members of the file may still take: long keys around many scalars multiply
} reader;

// ---- members of known types, whichever of their names is there -------------------------------------------

static const char *const bits_names[] = {"bits", "num_bits", "w_bit", "wbits", "weight_bits", NULL};
static const char *const group_names[] = {"group_size", "q_group_size", NULL};
static const char *const symmetric_names[] = {"sym", "symmetric", NULL};
static const char *const zero_names[] = {"zero_point", NULL};
static const char *const order_names[] = {"desc_act", NULL};
static const char *const dynamic_names[] = {"dynamic", NULL};
static const char *const type_names[] = {"type", "bnb_4bit_quant_type", "data_type", "fmt", NULL};
static const char *const strategy_names[] = {"strategy", NULL};
static const char *const block_names[] = {"weight_block_size", "block_structure", NULL};
static const char *const method_names[] = {"quant_method", "quant_algo", "method", NULL};
static const char *const format_names[] = {"format", "packing_format", NULL};
static const char *const checkpoint_names[] = {"checkpoint_format", NULL};
static const char *const version_names[] = {"version", NULL};
// Lists of modules that are left alone, and objects whose members are overrides for modules.
static const char *const ignore_names[] = {"ignore", "ignored_layers", "modules_to_not_convert", "exclude_modules",
                                           NULL};
#define IGNORE_ENDING "_skip_modules"
static const char *const override_names[] = {"dynamic", "extra_config", "config_for_layers", "layer_quant_config",
                                             NULL};

static const json_t *find(const json_t *object, const char *const *names) {
  const json_t *value = NULL;
  for (; value == NULL && *names != NULL; names++) value = json_object_get(object, *names);
  return value;
}

static void take_text(arena *a, const json_t *object, const char *const *names, const char **out) {
  const json_t *value = find(object, names);
  if (*out == NULL && json_is_string(value))
    *out = arena_strndup(a, json_string_value(value), json_string_length(value));
}

static void take_answer(const json_t *object, const char *const *names, quant_answer *out) {
  const json_t *value = find(object, names);
  if (*out == QUANT_UNSAID && json_is_boolean(value)) *out = json_is_true(value) ? QUANT_YES : QUANT_NO;
}

static void take_bits(const json_t *object, quant_args *out) {
  double bits = json_number_value(find(object, bits_names)); // 0 for what is no number
  if (json_is_true(json_object_get(object, "load_in_4bit"))) bits = 4;
  if (json_is_true(json_object_get(object, "load_in_8bit"))) bits = 8;
  if (out->bits == 0 && bits > 0 && bits <= 64) out->bits = bits;
}

static void take_block(const json_t *object, quant_args *out) {
  const json_t *value = find(object, block_names);
  if (out->block[0] != 0 || json_array_size(value) != 2) return;
  json_int_t rows = json_integer_value(json_array_get(value, 0)),
             columns = json_integer_value(json_array_get(value, 1));
  if (rows <= 0 || columns <= 0) return;
  out->block[0] = (uint64_t)rows;
  out->block[1] = (uint64_t)columns;
}

static void take_args(arena *a, const json_t *object, quant_args *out) {
  const json_t *group = find(object, group_names);
  take_bits(object, out);
  take_text(a, object, type_names, &out->type);
  take_text(a, object, strategy_names, &out->strategy);
  if (out->group_size == 0 && json_is_integer(group) && json_integer_value(group) >= -1)
    out->group_size = json_integer_value(group);
  take_block(object, out);
  take_answer(object, symmetric_names, &out->symmetric);
  take_answer(object, zero_names, &out->zero_point);
  take_answer(object, order_names, &out->desc_act);
  take_answer(object, dynamic_names, &out->dynamic);
}

// ---- rules -----------------------------------------------------------------------------------------------

static const char *const *texts_of(arena *a, const json_t *list, size_t *count) {
  const char **texts = ARENA_ARRAY(a, const char *, json_array_size(list));
  *count = 0;
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *item = json_array_get(list, i);
    if (json_is_string(item)) texts[(*count)++] = arena_strdup(a, json_string_value(item));
  }
  return texts;
}

static void take_group(reader *r, const char *name, const json_t *object) {
  quant_rule rule = {.name = arena_strdup(r->mem, name)};
  rule.targets = texts_of(r->mem, json_object_get(object, "targets"), &rule.target_count);
  take_text(r->mem, object, format_names, &rule.format);
  take_args(r->mem, json_object_get(object, "weights"), &rule.weights);
  take_args(r->mem, json_object_get(object, "input_activations"), &rule.inputs);
  vec_push(r->mem, &r->rules, rule);
}

// A pattern may say itself whether it is an override ("+:") or excludes modules ("-:").
static void take_override(reader *r, const char *name, const json_t *object) {
  bool marked = (name[0] == '+' || name[0] == '-') && name[1] == ':';
  quant_rule rule = {.name = arena_printf(r->mem, "%s%s", marked ? "re:" : "", name + (marked ? 2 : 0))};
  rule.skip = name[0] == '-' && marked;
  take_text(r->mem, object, format_names, &rule.format);
  take_args(r->mem, object, &rule.weights);
  vec_push(r->mem, &r->rules, rule);
}

static void take_rules(reader *r, json_t *config) {
  const char *key;
  json_t *value;
  json_object_foreach(json_object_get(config, "config_groups"), key, value) take_group(r, key, value);
  for (size_t i = 0; override_names[i] != NULL; i++)
    json_object_foreach(json_object_get(config, override_names[i]), key, value) take_override(r, key, value);
  // Overrides may stand among the members: these are the ones with names of modules.
  json_object_foreach(config, key, value) {
    if (strchr(key, '.') != NULL && json_is_object(value)) take_override(r, key, value);
  }
}

static bool names_ignored(const char *key) {
  size_t length = strlen(key), ending = strlen(IGNORE_ENDING);
  for (size_t i = 0; ignore_names[i] != NULL; i++)
    if (strcmp(key, ignore_names[i]) == 0) return true;
  return length > ending && strcmp(key + length - ending, IGNORE_ENDING) == 0;
}

static void take_ignored(reader *r, json_t *config) {
  const char *key;
  json_t *value;
  json_object_foreach(config, key, value) {
    size_t count = 0;
    const char *const *texts = names_ignored(key) ? texts_of(r->mem, value, &count) : NULL;
    for (size_t i = 0; i < count; i++) vec_push(r->mem, &r->ignore, texts[i]);
  }
}

static void take_config(reader *r, json_t *config) {
  quant_config *out = r->out;
  take_text(r->mem, config, method_names, &out->method);
  take_text(r->mem, config, format_names, &out->format);
  take_text(r->mem, config, checkpoint_names, &out->checkpoint_format);
  take_text(r->mem, config, version_names, &out->version);
  take_args(r->mem, config, &out->weights);
  if (r->rules.len == 0) take_rules(r, config);
  if (r->ignore.len == 0) take_ignored(r, config);
}

// ---- every scalar ----------------------------------------------------------------------------------------

static const char *type_of(const json_t *value) {
  static const char *const names[] = {
      [JSON_STRING] = "string", [JSON_INTEGER] = "i64", [JSON_REAL] = "f64",
      [JSON_TRUE] = "bool",     [JSON_FALSE] = "bool",  [JSON_NULL] = "null",
  };
  return names[json_typeof(value)];
}

static const char *text_of(arena *a, const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_STRING: return arena_strdup(a, json_string_value(value));
  case JSON_INTEGER: return arena_printf(a, "%lld", (long long)json_integer_value(value));
  case JSON_REAL: return arena_printf(a, "%.17g", json_real_value(value));
  case JSON_TRUE: return "true";
  case JSON_FALSE: return "false";
  default: return "null";
  }
}

static bool keep(reader *r, const char *key, json_t *value, unsigned depth);

static bool keep_scalar(reader *r, const char *key, const json_t *value) {
  tensor_meta m = {.key = key, .type = type_of(value), .value = text_of(r->mem, value)};
  vec_push(r->mem, &r->members, m);
  return true;
}

// The path of a member of `key`; NULL when the budget is used up.
static const char *member_path(reader *r, const char *key, const char *between, const char *name) {
  size_t size = strlen(key) + strlen(name) + sizeof(tensor_meta);
  if (size > r->budget) return NULL;
  r->budget -= size;
  return arena_printf(r->mem, "%s%s%s", key, key[0] == '\0' ? "" : between, name);
}

static bool keep_array(reader *r, const char *key, json_t *value, unsigned depth) {
  bool ok = true;
  for (size_t i = 0; i < json_array_size(value) && ok; i++) {
    char index[32];
    snprintf(index, sizeof index, "[%zu]", i);
    const char *path = member_path(r, key, "", index);
    ok = path != NULL && keep(r, path, json_array_get(value, i), depth + 1);
  }
  return ok;
}

static bool keep_object(reader *r, const char *key, json_t *value, unsigned depth) {
  const char *name;
  json_t *item;
  json_object_foreach(value, name, item) {
    const char *path = member_path(r, key, ".", name);
    if (path == NULL || !keep(r, path, item, depth + 1)) return false;
  }
  return true;
}

// Keeps every scalar in a value; false when there is too much.
static bool keep(reader *r, const char *key, json_t *value, unsigned depth) {
  if (depth > MAX_DEPTH) return false;
  if (json_is_object(value)) return keep_object(r, key, value, depth);
  return json_is_array(value) ? keep_array(r, key, value, depth) : keep_scalar(r, key, value);
}

// ---- the files -------------------------------------------------------------------------------------------

// Takes what the JSON of a file says; `first` is the first of its places. `file` may be NULL: it was reported.
static bool take_file(reader *r, const char *path, json_t *file, size_t first) {
  enum { BUDGET = 16 << 20 };
  if (file == NULL) return false;
  r->budget = BUDGET;
  vec_push(r->mem, &r->paths, path);
  for (size_t i = first; i < PLACES && strcmp(places[i].file, places[first].file) == 0; i++)
    take_config(r, places[i].member == NULL ? file : json_object_get(file, places[i].member));
  bool ok = keep(r, "", file, 0);
  json_decref(file);
  if (ok) return true;
  diag_error_file(r->d, path, "its members are too many or nested too deeply");
  diag_hint(r->d, "fetch the file again, or put it away");
  return false;
}

static bool read_file(reader *r, const char *folder, size_t first) {
  const char *path = path_join(r->mem, folder, places[first].file);
  struct stat st;
  if (stat(path, &st) != 0 || S_ISDIR(st.st_mode)) return true;
  return take_file(r, path, json_file_load(r->d, r->mem, path), first);
}

static bool first_place(size_t i) { return i == 0 || strcmp(places[i].file, places[i - 1].file) != 0; }

static quant_config *finish(reader *r) {
  quant_config *c = r->out;
  c->paths = r->paths.data, c->path_count = r->paths.len;
  c->rules = r->rules.data, c->rule_count = r->rules.len;
  c->ignore = r->ignore.data, c->ignore_count = r->ignore.len;
  c->members = r->members.data, c->member_count = r->members.len;
  return c;
}

bool quant_config_read(diag *d, arena *a, const char *folder, quant_config **out) {
  reader r = {.d = d, .mem = a, .out = ARENA_NEW(a, quant_config)};
  bool ok = true;
  for (size_t i = 0; i < PLACES; i++)
    if (first_place(i)) ok &= read_file(&r, folder, i);
  *out = finish(&r);
  if (r.paths.len == 0) *out = NULL;
  return ok;
}

bool quant_config_parse(diag *d, arena *a, const char *path, const char *text, size_t size, quant_config **out) {
  reader r = {.d = d, .mem = a, .out = ARENA_NEW(a, quant_config)};
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  size_t first = 0;
  while (first + 1 < PLACES && strcmp(places[first].file, name) != 0) first++;
  bool ok = take_file(&r, path, json_text_load(d, a, path, text, size), first);
  *out = finish(&r);
  return ok;
}

bool quant_config_beside(diag *d, arena *a, const tensor_file *f, quant_config **out) {
  return quant_config_read(d, a, path_dirname(a, tensor_file_part(f, 0)), out);
}
