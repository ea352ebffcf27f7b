// The packed file: its identity, its digest, that the runtime takes it, and that it is written whole or not at all.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "ir/plan_write.h"
#include "tests/load/kit.h"

#define ROWS UINT64_C(8)
#define COLUMNS UINT64_C(64)

static ir_weight *small_model(scheme *s) {
  safetensors_item item = load_matrix("fc.weight", ROWS, COLUMNS, kit_normal_weights(lc.mem, ROWS * COLUMNS, 1));
  load_write("m.safetensors", &item, 1, NULL, 0);
  load_source("m.safetensors");
  return load_weight("fc.weight", s, ROWS, COLUMNS);
}

static const qrt_tier any_cpu = {.name = "any"};

static qrt_status open_with(const qw_image *image, uint64_t id) {
  ir_module *m = ir_module_new(lc.mem, "weights");
  m->plan = ARENA_NEW(lc.mem, ir_plan);
  *m->plan = (ir_plan){.weights_size = image->payload_size, .max_batch = 1};
  plan_image p;
  ck_assert(ir_plan_write(lc.d, lc.mem, m, id, &p));
  qrt_plan plan = {
      .abi_version = QRT_ABI_VERSION, .tier_count = 1, .tiers = &any_cpu, .bytes = p.bytes, .size = p.size};
  qrt_model model;
  qrt_status status = qrt_open_memory(&model, &plan, image->bytes, image->size);
  if (status == QRT_OK) ck_assert_ptr_eq(model.weights, image->payload);
  qrt_close(&model);
  return status;
}

START_TEST(the_runtime_opens_it) {
  small_model(kit_q4_0(lc.mem));
  qw_image image = load_build(NULL);
  uint64_t id = qw_model_id(lc.m);
  ck_assert_uint_eq((uintptr_t)image.bytes % 64, 0);
  ck_assert_int_eq(open_with(&image, id), QRT_OK);
  ck_assert_int_eq(open_with(&image, id + 1), QRT_ERROR_MISMATCH);
  qrt_weights_header header;
  ck_assert(qw_check(lc.d, "m.qw", image.bytes, image.size, &id, &header));
  ck_assert_uint_eq(header.model_id, id);
  ck_assert_uint_eq(header.payload_size, image.payload_size);
  ck_assert_uint_eq(header.digest, qrt_digest(image.payload, (size_t)image.payload_size));
}
END_TEST

START_TEST(the_same_bytes_every_time) {
  small_model(kit_q4_k(lc.mem));
  qw_image first = load_build(NULL), second = load_build(NULL);
  ck_assert_uint_eq(first.size, second.size);
  ck_assert_mem_eq(first.bytes, second.bytes, first.size);
}
END_TEST

// Every kind of damage has its message; the runtime refuses the same bytes.
static const struct {
  size_t at; // SIZE_MAX: the last byte is cut off
  const char *text;
} damages[] = {
    {0, "no file of packed weights"},
    {4, "packed weights of version"},
    {8, "but its header says"},
    {16, "header of these packed"},
    {24, "header of these packed"},
    {32, "packed for another model"},
    {40, "wrong digest"},
    {48, "header of these packed"},
    {63, "header of these packed"},
    {64, "wrong digest"},
    {64 + 100, "wrong digest"},
    {SIZE_MAX, "but its header says"},
};

START_TEST(damage_is_found) {
  small_model(kit_q4_0(lc.mem));
  qw_image image = load_build(NULL);
  uint64_t id = qw_model_id(lc.m);
  if (damages[_i].at == SIZE_MAX)
    image.size--;
  else
    image.bytes[damages[_i].at] ^= 0x10;
  ck_assert(!qw_check(lc.d, "m.qw", image.bytes, image.size, &id, NULL));
  load_expect_message("m.qw: error: ");
  load_expect_message(damages[_i].text);
  ck_assert_int_ne(open_with(&image, id), QRT_OK);
}
END_TEST

START_TEST(short_files) {
  static const uint8_t bytes[] = "QCCW";
  for (size_t size = 0; size < sizeof bytes; size++) ck_assert(!qw_check(lc.d, "m.qw", bytes, size, NULL, NULL));
  load_expect_message("no file of packed weights");
}
END_TEST

// ---- identity --------------------------------------------------------------------------------------------

typedef struct identity_case {
  ir_weight *w;
  scheme *s;
  recipe *r;
} identity_case;

static void no_change(identity_case *c) { (void)c; }
static void model_name(identity_case *c) { (void)c, lc.m->name = "other"; }
static void weight_name(identity_case *c) { c->w->name = "fd.weight"; }
static void weight_rows(identity_case *c) { c->w->rows++; }
static void weight_columns(identity_case *c) { c->w->columns++; }
static void weight_offset(identity_case *c) { c->w->offset += 64; }
static void weight_size(identity_case *c) { c->w->size++; }
static void scheme_name(identity_case *c) { c->s->name = "other"; }
static void field_type(identity_case *c) { ((scheme_field *)c->s->fields)[1].type = ELEM_BF16; }
static void field_group(identity_case *c) { ((scheme_field *)c->s->fields)[1].gran.group = 64; }
static void table_value(identity_case *c) { ((double *)c->s->tables[0].values)[3] += 0x1p-20; }
static void value(identity_case *c) { c->s->value = op1(lc.mem, EXPR_NEG, c->s->value); }
static void packed_rows(identity_case *c) { c->r->pack.rows *= 2; }
static void plane(identity_case *c) { c->r->pack.planes[0].offset += 64; }
static void activations(identity_case *c) { c->r->act.type = ELEM_BF16; }
static void source(identity_case *c) { c->w->source = "other.safetensors"; }
static void layer(identity_case *c) { c->w->layer = "other"; }
static void layout(identity_case *c) { c->s->layout_count = 0; }
static void reason(identity_case *c) { c->r->reason = "other words"; }
static void price(identity_case *c) { c->r->cycles += 1; }

static const struct {
  void (*change)(identity_case *c);
  bool matters;
} changes[] = {
    {no_change, false},    {model_name, true},  {weight_name, true}, {weight_rows, true}, {weight_columns, true},
    {weight_offset, true}, {weight_size, true}, {scheme_name, true}, {field_type, true},  {field_group, true},
    {table_value, true},   {value, true},       {packed_rows, true}, {plane, true},       {activations, true},
    {source, false},       {layer, false},      {layout, false},     {reason, false},     {price, false},
};

START_TEST(model_id) {
  identity_case c = {.s = kit_codebook3(lc.mem)};
  c.w = load_weight("fc.weight", c.s, ROWS, COLUMNS);
  load_place();
  c.r = arena_memdup(lc.mem, c.w->recipe, sizeof *c.r);
  c.w->recipe = c.r;
  uint64_t before = qw_model_id(lc.m);
  changes[_i].change(&c);
  ck_assert_int_eq(qw_model_id(lc.m) != before, changes[_i].matters);
}
END_TEST

// Whether bytes or bits are multiplied is a matter of the target's prices: the weights are the same.
START_TEST(bits_and_bytes_read_one_file) {
  ir_weight *w = load_weight("fc.weight", kit_codebook3(lc.mem), ROWS, COLUMNS);
  load_place();
  recipe *r = arena_memdup(lc.mem, w->recipe, sizeof *r);
  w->recipe = r;
  r->mode = MODE_INT_DOT;
  uint64_t bytes = qw_model_id(lc.m);
  r->mode = MODE_BIT_DOT;
  r->prepared.bit_planes = 2;
  r->prepared.isum_span = 64;
  r->prepared.isum_signs = 3;
  ck_assert_uint_eq(qw_model_id(lc.m), bytes);
  r->mode = MODE_FLOAT;
  ck_assert_uint_ne(qw_model_id(lc.m), bytes);
}
END_TEST

// ---- writing ---------------------------------------------------------------------------------------------

START_TEST(the_file_is_the_image) {
  small_model(kit_q4_0(lc.mem));
  qw_image image = load_build(NULL);
  file_set *set = file_set_new(lc.d, lc.mem);
  qw_write(file_set_open(set, load_path("m.qw")), &image);
  ck_assert(file_set_commit(set));
  mapped_file f;
  ck_assert(file_map(lc.d, lc.mem, load_path("m.qw"), &f));
  ck_assert_uint_eq(f.size, image.size);
  ck_assert_mem_eq(f.data, image.bytes, f.size);
  file_unmap(&f);
}
END_TEST

START_TEST(a_full_disk_leaves_nothing) {
  small_model(kit_q8_0(lc.mem));
  qw_image image = load_build(NULL);
  file_set *set = file_set_new(lc.d, lc.mem);
  int before = load_file_count();
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 100, .rlim_max = RLIM_INFINITY});
  qw_write(file_set_open(set, load_path("m.qw")), &image);
  ck_assert(!file_set_commit(set));
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY});
  load_expect_message("m.qw: error: cannot be written");
  ck_assert_int_eq(load_file_count(), before);
}
END_TEST

START_TEST(too_large_for_any_machine) {
  qw_image image;
  ck_assert(!qw_image_new(lc.d, lc.mem, UINT64_MAX - 10, &image));
  load_expect_message("too many for this machine");
}
END_TEST

TCase *load_tcase_qw(void) {
  TCase *t = tcase_create("qw");
  tcase_add_test(t, the_runtime_opens_it);
  tcase_add_test(t, the_same_bytes_every_time);
  tcase_add_loop_test(t, damage_is_found, 0, sizeof damages / sizeof *damages);
  tcase_add_test(t, short_files);
  tcase_add_loop_test(t, model_id, 0, sizeof changes / sizeof *changes);
  tcase_add_test(t, bits_and_bytes_read_one_file);
  tcase_add_test(t, the_file_is_the_image);
  tcase_add_test(t, a_full_disk_leaves_nothing);
  tcase_add_test(t, too_large_for_any_machine);
  return t;
}
