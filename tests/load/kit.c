#include "tests/support/temp_dir.h" // first: it asks for more of POSIX

#include "tests/load/kit.h"

#include "network/lower.h"
#include "pack/pack.h"
#include "support/num.h"

load_case lc;

void load_setup(void) {
  temp_dir_make();
  lc.mem = arena_new();
  lc.d = diag_new(lc.mem, NULL, false);
  lc.m = ir_module_new(lc.mem, "model");
  lc.files = weight_files_new(lc.d, lc.mem, temp_dir);
}

void load_teardown(void) {
  weight_files_close(lc.files);
  arena_free(lc.mem);
  temp_dir_remove();
}

const char *load_path(const char *name) { return arena_strdup(lc.mem, temp_path(name)); }

int load_file_count(void) { return temp_dir_count(); }

// ---- files -----------------------------------------------------------------------------------------------

safetensors_item load_item(const char *name, tensor_dtype dtype, unsigned rank, const uint64_t *dims,
                           const void *data) {
  uint64_t size = tensor_dtype_bits(dtype) / 8;
  for (unsigned i = 0; i < rank; i++) size *= dims[i];
  return (safetensors_item){.name = name,
                            .dtype = dtype,
                            .rank = rank,
                            .dims = arena_memdup(lc.mem, dims, rank * sizeof *dims),
                            .data = data,
                            .size = (size_t)size};
}

safetensors_item load_matrix(const char *name, uint64_t rows, uint64_t columns, const float *w) {
  return load_item(name, TENSOR_F32, 2, (uint64_t[]){rows, columns}, w);
}

void load_write(const char *file, const safetensors_item *items, size_t count, const tensor_meta *meta, size_t metas) {
  const char *path = load_path(file);
  file_set *set = file_set_new(lc.d, lc.mem);
  out_file *out = file_set_open(set, path);
  ck_assert(out != NULL && safetensors_write(lc.d, path, out, items, count, meta, metas) && file_set_commit(set));
}

static void put(out_file *f, uint64_t value, unsigned bytes) {
  uint8_t little[8];
  for (unsigned i = 0; i < bytes; i++) little[i] = (uint8_t)(value >> 8 * i);
  out_write(f, little, bytes);
}

void load_write_gguf(const char *file, const gguf_tensor *tensors, size_t count) {
  file_set *set = file_set_new(lc.d, lc.mem);
  out_file *f = file_set_open(set, load_path(file));
  uint64_t offset = 0;
  out_write(f, "GGUF", 4);
  put(f, 3, 4);
  put(f, count, 8);
  put(f, 0, 8);
  for (size_t i = 0; i < count; i++) {
    const gguf_tensor *t = &tensors[i];
    put(f, strlen(t->name), 8);
    out_write(f, t->name, strlen(t->name));
    put(f, t->rank, 4);
    for (unsigned r = t->rank; r > 0; r--) put(f, t->dims[r - 1], 8);
    put(f, t->type, 4);
    put(f, offset, 8);
    num_align_up(offset + t->size, 32, &offset);
  }
  out_align(f, 32);
  for (size_t i = 0; i < count; i++) {
    out_write(f, tensors[i].data, tensors[i].size);
    out_align(f, 32);
  }
  ck_assert(file_set_commit(set));
}

// ---- the module ------------------------------------------------------------------------------------------

void load_source(const char *file) { vec_push(lc.mem, &lc.m->sources, file); }

ir_weight *load_weight(const char *name, const scheme *s, uint64_t rows, uint64_t columns) {
  ir_weight *w = ARENA_NEW(lc.mem, ir_weight);
  const char *dot = strstr(name, ".weight");
  *w = (ir_weight){.name = name, .layer = name, .scheme = s, .rows = rows, .columns = columns};
  if (dot != NULL) w->layer = arena_strndup(lc.mem, name, (size_t)(dot - name));
  vec_push(lc.mem, &lc.m->weights, w);
  return w;
}

static void place(ir_weight *w, uint64_t *end) {
  act_spec act = {.kind = ACT_PLAIN, .type = ELEM_F32};
  lower_options options = {.target = target_get(0)};
  diag *quiet = diag_new(lc.mem, NULL, false); // warnings of slow paths are not the subject here
  w->size = 4 * w->rows * w->columns;
  if (w->scheme != NULL) {
    w->recipe = lower_make_recipe(quiet, lc.mem, w->scheme, &act, w->scheme->name, &options);
    ck_assert_msg(w->recipe != NULL, "%s", diag_text(quiet));
    ck_assert(packing_tensor_bytes(&w->recipe->pack, w->rows, w->columns, &w->size));
  }
  w->offset = *end;
  ck_assert(num_align_up(w->offset + w->size, 64, end));
}

void load_place(void) {
  lc.m->plan = ARENA_NEW(lc.mem, ir_plan);
  for (size_t i = 0; i < lc.m->weights.len; i++) place(lc.m->weights.data[i], &lc.m->plan->weights_size);
}

// ---- what is expected ------------------------------------------------------------------------------------

weight_set *load_open(void) {
  weight_set *set = weights_open(lc.d, lc.mem, lc.files, lc.m, NULL);
  ck_assert_msg(set != NULL, "%s", diag_text(lc.d));
  return set;
}

qw_image load_build(weight_stats *stats) {
  qw_image image;
  load_place();
  ck_assert_msg(qw_build(lc.d, lc.mem, load_open(), lc.m, &image, stats), "%s", diag_text(lc.d));
  ck_assert_msg(diag_error_count(lc.d) == 0, "%s", diag_text(lc.d));
  return image;
}

void load_expect_packed(const qw_image *image, const ir_weight *w, const tensor_codes *codes) {
  uint8_t *expected = ARENA_ARRAY(lc.mem, uint8_t, (size_t)w->size);
  ck_assert(pack_tensor(lc.d, lc.mem, w->recipe, codes, expected, w->size));
  ck_assert_mem_eq(image->payload + w->offset, expected, (size_t)w->size);
}

void load_expect_codes(const tensor_codes *a, const tensor_codes *b) {
  ck_assert(a != NULL && b != NULL && a->rows == b->rows && a->columns == b->columns && a->scheme == b->scheme);
  for (size_t f = 0; f < a->scheme->field_count; f++) {
    uint64_t count = 0;
    ck_assert(scheme_field_count(&a->scheme->fields[f], a->rows, a->columns, &count));
    ck_assert_mem_eq(a->elements[f], b->elements[f], (size_t)count * sizeof(uint32_t));
  }
}

void load_expect_message(const char *text) {
  ck_assert_msg(strstr(diag_text(lc.d), text) != NULL, "'%s' is not in\n%s", text, diag_text(lc.d));
}

tensor_codes *load_random_codes(const scheme *s, uint64_t rows, uint64_t columns, uint64_t seed) {
  tensor_codes *t = tensor_codes_new(lc.d, lc.mem, s, rows, columns);
  for (size_t f = 0; f < s->field_count; f++) {
    const elem_info *e = elem_get(s->fields[f].type);
    uint64_t count = 0;
    ck_assert(scheme_field_count(&s->fields[f], rows, columns, &count));
    for (uint64_t i = 0; i < count; i++) {
      uint64_t bits = kit_random(&seed);
      if (e->kind == ELEM_KIND_FLOAT) bits = elem_encode(s->fields[f].type, kit_normal(&seed));
      t->elements[f][i] = (uint32_t)(bits & (e->bits == 32 ? UINT32_MAX : (UINT32_C(1) << e->bits) - 1));
    }
  }
  return t;
}

tensor_codes *load_encode(const scheme *s, const float *w, uint64_t rows, uint64_t columns) {
  tensor_codes *t = encode_tensor(lc.d, lc.mem, s, w, rows, columns, NULL, (encode_progress){0});
  ck_assert_msg(t != NULL, "%s", diag_text(lc.d));
  return t;
}

uint8_t *load_blocks(const tensor_codes *codes, const scheme_layout *l, size_t *size) {
  uint64_t bytes;
  ck_assert(layout_block_bytes(lc.d, l, "w", codes->rows, codes->columns, &bytes));
  uint8_t *data = ARENA_ARRAY(lc.mem, uint8_t, (size_t)bytes);
  ck_assert_msg(layout_write_blocks(lc.d, codes, l, data, bytes), "%s", diag_text(lc.d));
  *size = (size_t)bytes;
  return data;
}
