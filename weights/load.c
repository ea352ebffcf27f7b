// From weight files to the payload of the packed file, one tensor at a time.
#include "weights/load.h"

#include <inttypes.h>
#include <string.h>

#include "ir/transform.h"
#include "support/fp.h"
#include "support/num.h"
#include "weights/encode_mixture.h"
#include "weights/from_float.h"
#include "weights/pack.h"
#include "weights/pack_tiles.h"
#include "weights/parts.h"
#include "weights/stored.h"

struct weight_set {
  diag *d;
  const ir_module *m;
  weights_options options;
  stored_weight *stored; // by weight of the module
  progress bar;
  uint64_t done; // bytes of float weights that have been encoded
  uint64_t payload_size;
};

// ---- opening ---------------------------------------------------------------------------------------------

static bool check_sizes(diag *d, const ir_weight *w) {
  uint64_t count;
  if (w->rows != 0 && w->columns != 0 && num_mul(w->rows, w->columns, &count) && count <= INT64_MAX / 16) return true;
  diag_error(d, w->loc, "'%s' has %" PRIu64 " x %" PRIu64 " weights, which cannot be", w->name, w->rows, w->columns);
  return false;
}

weight_set *weights_open(diag *d, arena *a, weight_files *files, const ir_module *m, const weights_options *options) {
  weight_set *w = ARENA_NEW(a, weight_set);
  bool ok = true;
  *w = (weight_set){.d = d, .m = m};
  if (options != NULL) w->options = *options;
  w->stored = ARENA_ARRAY(a, stored_weight, m->weights.len);
  stored_finder finder = {.d = d, .mem = a, .files = files, .m = m, .options = &w->options};
  for (size_t i = 0; i < m->weights.len; i++) {
    const ir_weight *weight = m->weights.data[i];
    bool made = weight->of != NULL || weight->part != NULL; // from another
    w->stored[i] = (stored_weight){.weight = weight, .kind = STORED_FACTOR};
    ok &= check_sizes(d, weight) && (made || stored_find(&finder, weight, &w->stored[i]));
  }
  return ok ? w : NULL;
}

size_t weights_count(const weight_set *w) { return w->m->weights.len; }

// ---- codes -----------------------------------------------------------------------------------------------

static tensor_codes *read_float(weight_set *w, arena *a, const stored_weight *s, weight_stats *stats) {
  const ir_weight *weight = s->weight;
  from_float_options options = {.encode = w->options.encode,
                                .progress = &w->bar,
                                .progress_base = w->done,
                                .layer = weight->layer,
                                .file = s->file};
  from_float_result result;
  if (!from_float_encode(w->d, a, s->tensor, weight->scheme, weight->rows, weight->columns, &options, &result))
    return NULL;
  w->done += 4 * s->tensor->count;
  stats->has_error = true;
  stats->error = result.error;
  stats->seconds = result.seconds;
  return result.codes;
}

static tensor_codes *read_blocks(weight_set *w, arena *a, const stored_weight *s, weight_stats *stats) {
  (void)stats;
  return layout_read_blocks(w->d, a, s->weight->scheme, s->layout, s->weight->name, s->data, s->size, s->weight->rows,
                            s->weight->columns);
}

// The fields without a place, fitted to the float weights.
static bool fit_rest(weight_set *w, arena *a, const stored_weight *s, tensor_codes *codes) {
  arena *room = arena_new();
  float *numbers = ARENA_ARRAY(room, float, (size_t)s->tensor->count);
  bool ok = tensor_read_f32(w->d, s->tensor, 0, (size_t)s->tensor->count, numbers) &&
            encode_dense_part(w->d, a, codes, numbers, w->options.encode);
  arena_free(room);
  return ok;
}

static tensor_codes *read_tensors(weight_set *w, arena *a, const stored_weight *s, weight_stats *stats) {
  (void)stats;
  arena *bytes = arena_new();
  const layout_input *inputs = stored_unpack(bytes, s);
  tensor_codes *codes = layout_read_tensors(w->d, a, s->weight->scheme, s->layout, s->weight->layer, inputs,
                                            s->weight->rows, s->weight->columns);
  arena_free(bytes);
  return codes == NULL || !s->layout->fit || fit_rest(w, a, s, codes) ? codes : NULL;
}

static tensor_codes *read_fields(weight_set *w, arena *a, const stored_weight *s, weight_stats *stats) {
  (void)stats;
  return fields_read(w->d, a, s->file, s->weight->name, s->weight->scheme, s->weight->rows, s->weight->columns);
}

typedef tensor_codes *(*read_fn)(weight_set *w, arena *a, const stored_weight *s, weight_stats *stats);

static const read_fn readers[] = {
    [STORED_FLOAT] = read_float,
    [STORED_BLOCKS] = read_blocks,
    [STORED_TENSORS] = read_tensors,
    [STORED_FIELDS] = read_fields,
};

tensor_codes *weights_read_codes(weight_set *w, arena *a, size_t index, weight_stats *stats) {
  const stored_weight *s = &w->stored[index];
  const ir_weight *weight = s->weight;
  weight_stats made = weight_stats_new(weight->layer, weight->scheme, weight->rows, weight->columns, weight->size);
  tensor_codes *codes = readers[s->kind](w, a, s, &made);
  if (stats != NULL) *stats = made;
  return codes;
}

// ---- packing ---------------------------------------------------------------------------------------------

// All constants that are made from this weight's fields.
static bool pack_factors(weight_set *w, const ir_weight *weight, const tensor_codes *codes, uint8_t *payload) {
  if (!transform_check_codes(w->d, codes, weight->layer)) return false;
  for (size_t i = 0; i < w->m->weights.len; i++) {
    const ir_weight *made = w->m->weights.data[i];
    bool input = false;
    if (made->of == NULL || strcmp(made->of, weight->name) != 0) continue;
    const transform_step *step = ir_weight_step(w->m, made, &input);
    if (step == NULL || made->size != 4 * (input ? codes->columns : codes->rows)) {
      diag_error(w->d, weight->loc, "'%s' is no factor of '%s'", made->name, weight->name);
      return false;
    }
    pack_factor(codes, step, input, payload + made->offset);
  }
  return true;
}

// Straight from the file. Constants are made of codes, which are read then.
static bool packs_from_file(const stored_weight *s) {
  const scheme *of = s->weight->scheme;
  return (s->kind == STORED_BLOCKS || s->kind == STORED_TENSORS) && !s->layout->fit && of->input.count == 0 &&
         of->output.count == 0 && s->weight->rows * s->weight->columns >= PACK_WORTH_PLANS;
}

static bool pack_file(weight_set *w, arena *a, const stored_weight *s, uint8_t *out, weight_stats *stats) {
  const ir_weight *weight = s->weight;
  bool blocks = s->kind == STORED_BLOCKS;
  const layout_input block_input = {.data = s->data, .size = s->size};
  const pack_source source = {.layout = s->layout,
                              .inputs = blocks ? &block_input : stored_unpack(a, s),
                              .name = blocks ? weight->name : weight->layer};
  *stats = weight_stats_new(weight->layer, weight->scheme, weight->rows, weight->columns, weight->size);
  if (!pack_check_size(w->d, weight->recipe, weight->rows, weight->columns, weight->size)) return false;
  const pack_tiles *x = pack_tiles_new(w->d, a, weight->recipe, weight->rows, weight->columns, &source);
  return x != NULL && pack_tiles_head(x, w->d, out) &&
         pack_tiles_run(x, w->d, 0, pack_tiles_count(x), out + pack_tiles_head_bytes(x));
}

static bool pack_codes(weight_set *w, arena *a, size_t index, uint8_t *payload, weight_stats *stats) {
  const ir_weight *weight = w->stored[index].weight;
  if (packs_from_file(&w->stored[index])) return pack_file(w, a, &w->stored[index], payload + weight->offset, stats);
  tensor_codes *codes = weights_read_codes(w, a, index, stats);
  return codes != NULL && pack_tensor(w->d, a, weight->recipe, codes, payload + weight->offset, weight->size) &&
         pack_factors(w, weight, codes, payload);
}

// Nothing to do: it comes with the weight that it is made from.
static bool pack_nothing(weight_set *w, arena *a, size_t index, uint8_t *payload, weight_stats *stats) {
  const ir_weight *weight = w->stored[index].weight;
  (void)a, (void)payload;
  *stats = (weight_stats){0}; // parts count with the whole
  if (weight->of != NULL) *stats = weight_stats_new(weight->layer, NULL, weight->rows, weight->columns, weight->size);
  return true;
}

static bool pack_numbers(weight_set *w, arena *a, size_t index, uint8_t *payload, weight_stats *stats) {
  const stored_weight *s = &w->stored[index];
  uint8_t *out = payload + s->weight->offset;
  size_t count = (size_t)s->tensor->count;
  *stats = weight_stats_new(s->weight->layer, NULL, s->weight->rows, s->weight->columns, s->weight->size);
  if (s->weight->size != 4 * s->tensor->count) {
    diag_error(w->d, s->weight->loc, "'%s' has %zu numbers, for which the plan has %" PRIu64 " bytes", s->weight->name,
               count, s->weight->size);
    return false;
  }
  float *numbers = ARENA_ARRAY(a, float, count);
  if (!tensor_read_f32(w->d, s->tensor, 0, count, numbers)) return false;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = fp_bits32(numbers[i]);
    for (unsigned b = 0; b < 4; b++) out[4 * i + b] = (uint8_t)(bits >> 8 * b);
  }
  return true;
}

// The parts of a weight are packed with it, from the codes of the whole.
static bool pack_in_parts(weight_set *w, arena *a, size_t index, uint8_t *payload, weight_stats *stats) {
  const ir_weight *weight = w->stored[index].weight;
  uint64_t bytes = 0;
  tensor_codes *codes = weights_read_codes(w, a, index, stats);
  bool ok = codes != NULL && pack_parts(w->d, a, w->m, weight, codes, payload, w->payload_size, &bytes) &&
            pack_factors(w, weight, codes, payload);
  stats->bytes = bytes;
  stats->stored_bits = 8 * (double)bytes / ((double)weight->rows * (double)weight->columns);
  return ok;
}

// The place that the plan gives the weight, inside the payload.
static bool check_place(const weight_set *w, const ir_weight *weight, uint64_t size) {
  uint64_t end;
  if (num_add(weight->offset, weight->size, &end) && end <= size &&
      (weight->scheme == NULL || weight->recipe != NULL || ir_has_parts(w->m, weight)))
    return true;
  diag_error(w->d, weight->loc, "the plan has no place for '%s' in the %" PRIu64 " bytes of weights", weight->name,
             size);
  return false;
}

static uint64_t float_bytes(const weight_set *w) {
  uint64_t total = 0;
  for (size_t i = 0; i < w->m->weights.len; i++)
    if (w->stored[i].kind == STORED_FLOAT && w->stored[i].tensor != NULL) total += 4 * w->stored[i].tensor->count;
  return total;
}

bool weights_pack(weight_set *w, uint8_t *payload, uint64_t size, weight_stats *stats) {
  typedef bool pack_fn(weight_set * w, arena * a, size_t index, uint8_t *payload, weight_stats *stats);
  bool ok = true;
  w->done = 0;
  w->payload_size = size;
  for (size_t i = 0; i < w->m->weights.len; i++) ok &= check_place(w, w->m->weights.data[i], size);
  if (!ok) return false;
  progress_begin(&w->bar, w->options.progress, "", float_bytes(w));
  for (size_t i = 0; i < w->m->weights.len; i++) {
    const ir_weight *weight = w->m->weights.data[i];
    arena *a = arena_new();
    w->bar.label = weight->layer;
    bool made = weight->of != NULL || weight->part != NULL;
    bool in_parts = weight->scheme != NULL && weight->recipe == NULL;
    pack_fn *pack = made ? pack_nothing : weight->scheme == NULL ? pack_numbers : in_parts ? pack_in_parts : pack_codes;
    ok &= pack(w, a, i, payload, &stats[i]);
    arena_free(a);
  }
  progress_end(&w->bar);
  return ok;
}
