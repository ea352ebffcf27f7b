// From weight files to the payload of the packed file, one tensor at a time.
#include "weights/load.h"

#include <inttypes.h>
#include <string.h>

#include "encode/encode.h"
#include "format/transform.h"
#include "pack/pack.h"
#include "support/fp.h"
#include "support/num.h"
#include "weights/from_float.h"
#include "weights/pack_float.h"
#include "weights/parts.h"
#include "weights/stored.h"

// File bytes after which their memory is let go of; numbers that are converted together.
enum { FORGET_BYTES = 32 << 20, NUMBERS_AT_ONCE = 1 << 18, MAX_NESTING = 64 };

struct weight_set {
  diag *d;
  const ir_module *m;
  weights_options options;
  weight_files *files;
  stored_weight *stored; // by weight of the module
  progress bar;
  uint64_t done; // bytes of weights that have been packed
  payload *out;
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
  if (ok) weight_files_watch(files);
  w->files = files;
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
  stats->has_error = true;
  stats->error = result.error;
  stats->seconds = result.seconds;
  from_float_warn(w->d, s->tensor->path, weight->layer, weight->scheme, &result.error);
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

// Bytes that the progress line counts: the file's, of floats as numbers of four bytes.
static uint64_t work_bytes(const stored_weight *s) {
  uint64_t bytes = 0;
  if (s->kind == STORED_FLOAT || s->kind == STORED_NUMBERS) return 4 * s->tensor->count;
  if (s->kind == STORED_BLOCKS) return s->size;
  for (size_t i = 0; s->kind == STORED_TENSORS && i < s->layout->tensor_count; i++) bytes += s->inputs[i].size;
  return bytes;
}

// Lets go of the file's memory. It comes back where it is read again.
static void forget(const stored_weight *s) {
  if (s->tensor != NULL) tensor_file_forget(s->file, s->tensor->data, s->tensor->size);
  for (size_t i = 0; s->kind == STORED_TENSORS && i < s->layout->tensor_count; i++)
    tensor_file_forget(s->file, s->tensors[i]->data, s->tensors[i]->size);
}

// What a tensor's packing reports.
typedef struct packing_watch {
  weight_set *w;
  const stored_weight *s;
  uint64_t bytes;
  uint64_t forgotten; // of them
} packing_watch;

static void watch_tiles(void *user, uint64_t tiles, uint64_t of) {
  packing_watch *x = user;
  uint64_t done = (uint64_t)((double)x->bytes * (double)tiles / (double)of);
  progress_update(&x->w->bar, x->w->done + done);
  if (done - x->forgotten < FORGET_BYTES) return;
  forget(x->s);
  x->forgotten = done;
}

// All tiles of a weight; its file's bytes count as done unless `counted` says that they have been.
static bool run_tiles(weight_set *w, const stored_weight *s, pack_tiles *x, bool counted) {
  packing_watch user = {.w = w, .s = s, .bytes = counted ? 0 : work_bytes(s)};
  const pack_watch watch = {.done = watch_tiles, .user = &user};
  return x != NULL && pack_run(x, w->d, w->out, s->weight->offset, pack_run_threads(), &watch);
}

// All constants that are made from this weight's fields.
static bool pack_factors(weight_set *w, arena *a, const ir_weight *weight, const tensor_codes *codes) {
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
    uint8_t *room = payload_room(w->out, a, made->offset, made->size);
    pack_factor(codes, step, input, room);
    payload_put(w->out, made->offset, room, made->size);
  }
  return true;
}

// Straight from the file. Constants are made of codes, which are read then.
static bool packs_from_file(const stored_weight *s) {
  const scheme *of = s->weight->scheme;
  return (s->kind == STORED_BLOCKS || s->kind == STORED_TENSORS) && !s->layout->fit && of->input.count == 0 &&
         of->output.count == 0 && s->weight->rows * s->weight->columns >= PACK_WORTH_PLANS;
}

static bool pack_file(weight_set *w, arena *a, const stored_weight *s, weight_stats *stats) {
  const ir_weight *weight = s->weight;
  bool blocks = s->kind == STORED_BLOCKS;
  const layout_input block_input = {.data = s->data, .size = s->size};
  const pack_source source = {.layout = s->layout,
                              .inputs = blocks ? &block_input : stored_unpack(a, s),
                              .name = blocks ? weight->name : weight->layer};
  *stats = weight_stats_new(weight->layer, weight->scheme, weight->rows, weight->columns, weight->size);
  return pack_check_size(w->d, weight->recipe, weight->rows, weight->columns, weight->size) &&
         run_tiles(w, s, pack_tiles_new(w->d, a, weight->recipe, weight->rows, weight->columns, &source), false);
}

static bool pack_small(weight_set *w, arena *a, const ir_weight *weight, const tensor_codes *codes) {
  uint8_t *room = payload_room(w->out, a, weight->offset, weight->size);
  if (!pack_plain(w->d, a, weight->recipe, codes, room, weight->size)) return false;
  payload_put(w->out, weight->offset, room, weight->size);
  return true;
}

// Float weights whose rows are encoded apart. False when something is wrong, which encoding all of them at once reports.
static bool pack_floats(weight_set *w, const stored_weight *s, weight_stats *stats) {
  const ir_weight *weight = s->weight;
  packing_watch user = {.w = w, .s = s, .bytes = work_bytes(s)};
  const pack_watch watch = {.done = watch_tiles, .user = &user};
  const float_source source = {
      .tensor = s->tensor, .file = s->file, .layer = weight->layer, .encode = w->options.encode};
  uint64_t size;
  *stats = weight_stats_new(weight->layer, weight->scheme, weight->rows, weight->columns, weight->size);
  stats->has_error = true;
  return packing_tensor_bytes(&weight->recipe->pack, weight->rows, weight->columns, &size) && size == weight->size &&
         pack_float_run(weight->recipe, weight->rows, weight->columns, &source, w->out, weight->offset,
                        pack_run_threads(), &watch, &stats->error, &stats->seconds);
}

static bool packs_floats(const stored_weight *s) {
  return s->kind == STORED_FLOAT && s->weight->rows * s->weight->columns >= PACK_WORTH_PLANS &&
         pack_float_apart(s->weight->scheme);
}

static bool pack_codes(weight_set *w, arena *a, size_t index, weight_stats *stats) {
  const stored_weight *s = &w->stored[index];
  const ir_weight *weight = s->weight;
  if (packs_floats(s) && pack_floats(w, s, stats)) {
    from_float_warn(w->d, s->tensor->path, weight->layer, weight->scheme, &stats->error);
    return true;
  }
  if (packs_from_file(s)) return pack_file(w, a, s, stats);
  const pack_source source = {.codes = weights_read_codes(w, a, index, stats), .name = weight->layer};
  if (source.codes == NULL || !pack_check_size(w->d, weight->recipe, weight->rows, weight->columns, weight->size))
    return false;
  bool small = weight->rows * weight->columns < PACK_WORTH_PLANS;
  return (small ? pack_small(w, a, weight, source.codes)
                : run_tiles(w, s, pack_tiles_new(w->d, a, weight->recipe, weight->rows, weight->columns, &source),
                            true)) &&
         pack_factors(w, a, weight, source.codes);
}

// Nothing to do: it comes with the weight that it is made from.
static bool pack_nothing(weight_set *w, arena *a, size_t index, weight_stats *stats) {
  const ir_weight *weight = w->stored[index].weight;
  (void)a;
  *stats = (weight_stats){0}; // parts count with the whole
  if (weight->of != NULL) *stats = weight_stats_new(weight->layer, NULL, weight->rows, weight->columns, weight->size);
  return true;
}

static void put_numbers(const float *numbers, size_t count, uint8_t *out) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = fp_bits32(numbers[i]);
    for (unsigned b = 0; b < 4; b++) out[4 * i + b] = (uint8_t)(bits >> 8 * b);
  }
}

static bool pack_numbers(weight_set *w, arena *a, size_t index, weight_stats *stats) {
  const stored_weight *s = &w->stored[index];
  uint64_t count = s->tensor->count;
  packing_watch watch = {.w = w, .s = s, .bytes = work_bytes(s)};
  *stats = weight_stats_new(s->weight->layer, NULL, s->weight->rows, s->weight->columns, s->weight->size);
  if (s->weight->size != 4 * count) {
    diag_error(w->d, s->weight->loc, "'%s' has %" PRIu64 " numbers, for which the plan has %" PRIu64 " bytes",
               s->weight->name, count, s->weight->size);
    return false;
  }
  float *numbers = ARENA_ARRAY(a, float, NUMBERS_AT_ONCE);
  uint8_t *bytes = ARENA_ARRAY(a, uint8_t, 4 * NUMBERS_AT_ONCE);
  for (uint64_t first = 0; first < count; first += NUMBERS_AT_ONCE) {
    size_t some = count - first < NUMBERS_AT_ONCE ? (size_t)(count - first) : NUMBERS_AT_ONCE;
    if (!tensor_read_f32(w->d, s->tensor, first, some, numbers)) return false;
    put_numbers(numbers, some, bytes);
    payload_put(w->out, s->weight->offset + 4 * first, bytes, 4 * some);
    watch_tiles(&watch, first + some, count);
  }
  return true;
}

// The parts of a weight are packed with it, from the codes of the whole.
static bool pack_in_parts(weight_set *w, arena *a, size_t index, weight_stats *stats) {
  const ir_weight *weight = w->stored[index].weight;
  uint64_t bytes = 0;
  tensor_codes *codes = weights_read_codes(w, a, index, stats);
  bool ok =
      codes != NULL && pack_parts(w->d, a, w->m, weight, codes, w->out, &bytes) && pack_factors(w, a, weight, codes);
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

static uint64_t all_bytes(const weight_set *w) {
  uint64_t total = 0;
  for (size_t i = 0; i < w->m->weights.len; i++) total += work_bytes(&w->stored[i]);
  return total;
}

typedef bool pack_fn(weight_set *w, arena *a, size_t index, weight_stats *stats);

static pack_fn *pack_function(const ir_weight *weight) {
  if (weight->of != NULL || weight->part != NULL) return pack_nothing; // made from another
  return weight->scheme == NULL ? pack_numbers : weight->recipe == NULL ? pack_in_parts : pack_codes;
}

// The weight with which weight `index` is packed: itself, or the one that it is made from in the end. `count`: none.
static size_t packed_with(const ir_module *m, size_t index, unsigned depth) {
  const ir_weight *weight = m->weights.data[index];
  const char *name = weight->of != NULL ? weight->of : weight->part != NULL ? weight->part->whole : NULL;
  if (name == NULL) return index;
  for (size_t i = 0; i < m->weights.len && depth < MAX_NESTING; i++)
    if (strcmp(m->weights.data[i]->name, name) == 0) return packed_with(m, i, depth + 1);
  return m->weights.len;
}

// first[i]: where the payload begins that weights i and after, and what is made from them, will write.
static uint64_t *first_offsets(arena *a, const ir_module *m) {
  size_t count = m->weights.len;
  uint64_t *first = ARENA_ARRAY(a, uint64_t, count + 1);
  for (size_t i = 0; i <= count; i++) first[i] = UINT64_MAX;
  for (size_t i = 0; i < count; i++) {
    size_t with = packed_with(m, i, 0);
    if (m->weights.data[i]->offset < first[with]) first[with] = m->weights.data[i]->offset;
  }
  for (size_t i = count; i > 0; i--)
    if (first[i] < first[i - 1]) first[i - 1] = first[i];
  return first;
}

bool weights_pack_into(weight_set *w, payload *out, weight_stats *stats) {
  bool ok = true;
  w->done = 0;
  w->out = out;
  for (size_t i = 0; i < w->m->weights.len; i++) ok &= check_place(w, w->m->weights.data[i], payload_size(out));
  if (!ok) return false;
  arena *room = arena_new();
  const uint64_t *first = first_offsets(room, w->m);
  progress_begin(&w->bar, w->options.progress, "", all_bytes(w));
  for (size_t i = 0; i < w->m->weights.len; i++) {
    const ir_weight *weight = w->m->weights.data[i];
    arena *a = arena_new();
    w->bar.label = weight->layer;
    payload_settle(out, first[i] < payload_size(out) ? first[i] : payload_size(out));
    ok &= pack_function(weight)(w, a, i, &stats[i]);
    arena_free(a);
    forget(&w->stored[i]);
    w->done += work_bytes(&w->stored[i]);
  }
  progress_end(&w->bar);
  arena_free(room);
  return weight_files_unchanged(w->files) && ok;
}

bool weights_pack(weight_set *w, uint8_t *bytes, uint64_t size, weight_stats *stats) {
  arena *a = arena_new();
  bool ok = weights_pack_into(w, payload_in_memory(a, bytes, size), stats);
  arena_free(a);
  return ok;
}
