// What is refused when a model is opened, and with which status.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrt_plan.h"
#include "small_model.h"
#include "tests/check_main.h"

enum { MAGIC = 0, VERSION = 4, FILE_SIZE = 8, OFFSET = 16, SIZE = 24, ID = 32, DIGEST = 40, RESERVED = 48 };

static qrt_status open_bytes(const small_file *file, size_t size) {
  qrt_model model;
  qrt_status status = qrt_open_memory(&model, &small_plan, file->bytes, size);
  ck_assert((status == QRT_OK) == (model.plan != NULL));
  qrt_close(&model);
  return status;
}

START_TEST(a_valid_file_opens) {
  small_file file;
  small_file_make(&file);
  qrt_model model;
  ck_assert_int_eq(qrt_open_memory(&model, &small_plan, file.bytes, SMALL_FILE), QRT_OK);
  ck_assert_ptr_eq(model.weights, file.bytes + 64);
  ck_assert_ptr_null(model.mapping);
  ck_assert_str_eq(qrt_tier_name(&model), "base");
  qrt_close(&model);
  ck_assert_ptr_null(model.plan);
  ck_assert_str_eq(qrt_tier_name(&model), "");
}
END_TEST

// A field of the header set to a value; the digest stays right, since it does not cover the header.
static const struct damaged_header {
  const char *what;
  size_t field;
  uint64_t value;
  qrt_status status;
} damaged_headers[] = {
    {"no magic", MAGIC, 0, QRT_ERROR_FORMAT},
    {"another format's magic", MAGIC, UINT64_C(0x146554747), QRT_ERROR_FORMAT},
    {"magic of the other byte order", MAGIC, UINT64_C(0x151434357), QRT_ERROR_FORMAT},
    {"version 0", VERSION, 0, QRT_ERROR_VERSION},
    {"a later version", VERSION, 2, QRT_ERROR_VERSION},
    {"version of the other byte order", VERSION, 0x01000000, QRT_ERROR_VERSION},
    {"the highest version", VERSION, UINT32_MAX, QRT_ERROR_VERSION},
    {"file size 0", FILE_SIZE, 0, QRT_ERROR_FORMAT},
    {"file size of the header alone", FILE_SIZE, 64, QRT_ERROR_FORMAT},
    {"file size one less", FILE_SIZE, SMALL_FILE - 1, QRT_ERROR_FORMAT},
    {"file size one more", FILE_SIZE, SMALL_FILE + 1, QRT_ERROR_FORMAT},
    {"file size with a high bit", FILE_SIZE, UINT64_C(1) << 32 | SMALL_FILE, QRT_ERROR_FORMAT},
    {"the largest file size", FILE_SIZE, UINT64_MAX, QRT_ERROR_FORMAT},
    {"payload in the header", OFFSET, 0, QRT_ERROR_FORMAT},
    {"payload before the header's end", OFFSET, 63, QRT_ERROR_FORMAT},
    {"payload later", OFFSET, 128, QRT_ERROR_FORMAT},
    {"payload at the end", OFFSET, SMALL_FILE, QRT_ERROR_FORMAT},
    {"payload behind the end", OFFSET, SMALL_FILE + 64, QRT_ERROR_FORMAT},
    {"payload offset that wraps", OFFSET, UINT64_MAX - 63, QRT_ERROR_FORMAT},
    {"payload size 0", SIZE, 0, QRT_ERROR_FORMAT},
    {"payload size one less", SIZE, SMALL_PAYLOAD - 1, QRT_ERROR_FORMAT},
    {"payload size one more", SIZE, SMALL_PAYLOAD + 1, QRT_ERROR_FORMAT},
    {"payload size with the header", SIZE, SMALL_FILE, QRT_ERROR_FORMAT},
    {"payload size that wraps", SIZE, UINT64_MAX - 63, QRT_ERROR_FORMAT},
    {"the largest payload size", SIZE, UINT64_MAX, QRT_ERROR_FORMAT},
    {"another model", ID, SMALL_ID + 1, QRT_ERROR_MISMATCH},
    {"no model", ID, 0, QRT_ERROR_MISMATCH},
    {"digest 0", DIGEST, 0, QRT_ERROR_CHECKSUM},
    {"digest of ones", DIGEST, UINT64_MAX, QRT_ERROR_CHECKSUM},
    {"first reserved word used", RESERVED, 1, QRT_ERROR_FORMAT},
    {"second reserved word used", RESERVED + 8, UINT64_C(1) << 63, QRT_ERROR_FORMAT},
};

START_TEST(damaged_headers_are_refused) {
  const struct damaged_header *row = &damaged_headers[_i];
  small_file file;
  small_file_make(&file);
  if (row->field < FILE_SIZE)
    small_put32(file.bytes + row->field, (uint32_t)row->value);
  else
    small_put64(file.bytes + row->field, row->value);
  qrt_status status = open_bytes(&file, SMALL_FILE);
  ck_assert_msg(status == row->status, "%s: %s", row->what, qrt_status_text(status));
}
END_TEST

START_TEST(every_flipped_bit_is_found) {
  small_file file;
  small_file_make(&file);
  for (size_t bit = 0; bit < 8 * SMALL_FILE; bit++) {
    file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    qrt_status status = open_bytes(&file, SMALL_FILE);
    ck_assert_msg(status != QRT_OK, "bit %zu", bit);
    if (bit >= 512) ck_assert_int_eq(status, QRT_ERROR_CHECKSUM);
    file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}
END_TEST

// Each prefix lies at the end of its own allocation, where a sanitizer sees reads behind it.
START_TEST(every_truncation_is_found) {
  small_file file;
  small_file_make(&file);
  for (size_t size = 0; size < SMALL_FILE; size++) {
    uint8_t *bytes = aligned_alloc(64, (size + 127) / 64 * 64);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, file.bytes, size);
    qrt_model model;
    ck_assert_int_eq(qrt_open_memory(&model, &small_plan, bytes, size), QRT_ERROR_FORMAT);
    free(bytes);
  }
}
END_TEST

// A file that was cut, with a header that was made to fit the cut.
START_TEST(a_consistent_short_file_is_of_another_model) {
  small_file file;
  small_file_make(&file);
  small_put64(file.bytes + FILE_SIZE, SMALL_FILE - 64);
  small_put64(file.bytes + SIZE, SMALL_PAYLOAD - 64);
  small_put64(file.bytes + DIGEST, qrt_digest(file.bytes + 64, SMALL_PAYLOAD - 64));
  ck_assert_int_eq(open_bytes(&file, SMALL_FILE - 64), QRT_ERROR_MISMATCH);
}
END_TEST

START_TEST(arguments_are_checked) {
  small_file file;
  small_file_make(&file);
  qrt_model model;
  ck_assert_int_eq(qrt_open_memory(NULL, &small_plan, file.bytes, SMALL_FILE), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_memory(&model, NULL, file.bytes, SMALL_FILE), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_memory(&model, &small_plan, NULL, SMALL_FILE), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_memory(&model, &small_plan, file.bytes + 1, SMALL_FILE - 1), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_memory(&model, &small_plan, file.bytes + 32, SMALL_FILE - 32), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_file(NULL, &small_plan, "x"), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_file(&model, NULL, "x"), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_file(&model, &small_plan, NULL), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_embedded(NULL, &small_plan), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_open_embedded(&model, NULL), QRT_ERROR_ARGUMENT);
  qrt_close(NULL);
}
END_TEST

/* ---- plans ---- */
static qrt_status open_with(const qrt_plan *plan) {
  small_file file;
  small_file_make(&file);
  qrt_model model;
  return qrt_open_memory(&model, plan, file.bytes, SMALL_FILE);
}

START_TEST(a_plan_of_another_version_is_refused) {
  qrt_plan plan = small_plan;
  plan.abi_version = QRT_ABI_VERSION + 1;
  ck_assert_int_eq(open_with(&plan), QRT_ERROR_VERSION);
}
END_TEST

START_TEST(a_plan_for_other_kernels_is_refused) {
  qrt_plan plan = small_plan;
  plan.kernel_count = 3;
  ck_assert_int_eq(open_with(&plan), QRT_ERROR_ARGUMENT);
  plan.kernel_count = 2;
  plan.bytes = NULL;
  ck_assert_int_eq(open_with(&plan), QRT_ERROR_ARGUMENT);
}
END_TEST

enum { // of the entries of the small plan
  SYMBOL = 90,
  VALUE = 99,
  WORKSPACE = 106,
  INPUT = 107,
  PLACES = 119,
  FIRST_STEP = 128,
  SECOND_STEP = 137
};

// A byte of the plan, under a right digest.
static const struct damaged_plan {
  const char *what;
  size_t at;
  uint8_t byte;
} damaged_plans[] = {
    {"another magic", 0, 'q'},
    {"a size of one less", 8, SMALL_PLAN_SIZE - 1},
    {"a size of one more", 8, SMALL_PLAN_SIZE + 1},
    {"a high bit of the size", 15, 0x80},
    {"one kernel", 48, 1},
    {"more kernels than there can be", 50, 1},
    {"no symbol", 52, 0},
    {"more symbols than fit", 52, 63},
    {"many symbols", 55, 0xff},
    {"one value", 56, 1},
    {"three values", 56, 3},
    {"a condition", 60, 1},
    {"no input", 64, 0},
    {"two inputs", 64, 2},
    {"no output", 68, 0},
    {"a later value", 72, 1},
    {"two places", 76, 2},
    {"four places", 76, 4},
    {"one step", 80, 1},
    {"three steps", 80, 3},
    {"many steps", 83, 0x7f},
    {"a name behind the end", 84, 0x7f},
    {"a second spelling of a number", SYMBOL + 8, 0},
    {"an unknown operation", VALUE, QRT_PLAN_OPS},
    {"a value made from itself", VALUE + 1, 3},
    {"a value made from a later one", VALUE + 2, 5},
    {"a second spelling of 0", VALUE + 6, 0},
    {"a workspace of no value", WORKSPACE, 7},
    {"a name of 127 bytes", INPUT, 0x7f},
    {"an unknown element", INPUT + 2, QRT_ELEMENTS},
    {"nine dimensions", INPUT + 3, 9},
    {"a dimension of no value", INPUT + 4, 7},
    {"a place in no space", PLACES, QRT_NONE},
    {"a place in an unknown space", PLACES, QRT_STATE + 1},
    {"a second input", PLACES + 1, 1},
    {"a second workspace", PLACES + 4, 1},
    {"a second output", PLACES + 7, 1},
    {"an offset of no value", PLACES + 2, 11},
    {"an unknown kind of step", FIRST_STEP, QRT_PLAN_KINDS},
    {"a third kernel", FIRST_STEP + 1, 2},
    {"too many buffers", FIRST_STEP + 2, QRT_MAX_BUFFERS + 1},
    {"seventeen sizes", FIRST_STEP + 3, QRT_MAX_SIZES + 1},
    {"a fourth place", FIRST_STEP + 4, 7},
    {"weights behind the last", SECOND_STEP + 5, 3},
    {"a size of no value", FIRST_STEP + 6, 11},
    {"work of no value", FIRST_STEP + 7, 11},
    {"no grain", FIRST_STEP + 8, 0},
    {"a number that does not end", SMALL_PLAN_SIZE - 1, 0x80},
};

START_TEST(damaged_plans_are_refused) {
  const struct damaged_plan *row = &damaged_plans[_i];
  uint8_t bytes[SMALL_PLAN_SIZE];
  memcpy(bytes, small_plan.bytes, sizeof bytes);
  qrt_plan plan = small_plan;
  plan.bytes = bytes;
  bytes[row->at] = row->byte;
  ck_assert_mem_ne(bytes, small_plan.bytes, sizeof bytes);
  ck_assert_int_ne(open_with(&plan), QRT_OK);
  small_seal_plan(bytes, sizeof bytes);
  qrt_status status = open_with(&plan);
  ck_assert_msg(status == QRT_ERROR_FORMAT, "%s: %s", row->what, qrt_status_text(status));
}
END_TEST

START_TEST(the_version_of_a_plan_is_checked) {
  uint8_t bytes[SMALL_PLAN_SIZE];
  memcpy(bytes, small_plan.bytes, sizeof bytes);
  qrt_plan plan = small_plan;
  plan.bytes = bytes;
  bytes[4] = 2;
  ck_assert_int_eq(open_with(&plan), QRT_ERROR_VERSION);
}
END_TEST

// Cut or longer, with a size and a digest that say so.
START_TEST(no_byte_may_be_missing_or_left_over) {
  for (size_t size = 0; size <= SMALL_PLAN_SIZE + 2; size++) {
    uint8_t *bytes = calloc(size + 1, 1); // a sanitizer sees reads behind it
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, small_plan.bytes, size < SMALL_PLAN_SIZE ? size : SMALL_PLAN_SIZE);
    if (size >= 24) {
      small_put64(bytes + 8, size);
      small_seal_plan(bytes, size);
    }
    qrt_plan plan = small_plan;
    plan.bytes = bytes;
    plan.size = size;
    ck_assert_int_eq(open_with(&plan), size == SMALL_PLAN_SIZE ? QRT_OK : QRT_ERROR_FORMAT);
    free(bytes);
  }
}
END_TEST

/* ---- tiers ---- */
#define IMPOSSIBLE (UINT64_C(1) << 63)

START_TEST(the_best_tier_that_runs_is_taken) {
  const qrt_kernel *kernels = small_plan.tiers[0].kernels;
  const qrt_tier tiers[] = {{.name = "future", .cpu_features = IMPOSSIBLE, .kernels = kernels},
                            {.name = "here", .cpu_features = qrt_cpu_features(), .kernels = kernels},
                            {.name = "base", .kernels = kernels}};
  qrt_plan plan = small_plan;
  plan.tiers = tiers;
  plan.tier_count = 3;
  small_file file;
  small_file_make(&file);
  qrt_model model;
  ck_assert_int_eq(qrt_open_memory(&model, &plan, file.bytes, SMALL_FILE), QRT_OK);
  ck_assert_str_eq(qrt_tier_name(&model), "here");
  ck_assert_int_eq(qrt_use_tier(&model, "base"), QRT_OK);
  ck_assert_str_eq(qrt_tier_name(&model), "base");
  ck_assert_int_eq(qrt_use_tier(&model, "future"), QRT_ERROR_CPU);
  ck_assert_int_eq(qrt_use_tier(&model, "bas"), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_use_tier(&model, "bases"), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_use_tier(&model, NULL), QRT_ERROR_ARGUMENT);
  ck_assert_int_eq(qrt_use_tier(NULL, "base"), QRT_ERROR_ARGUMENT);
  ck_assert_str_eq(qrt_tier_name(&model), "base");
}
END_TEST

START_TEST(no_tier_that_runs_is_an_error) {
  const qrt_tier tiers[] = {{.name = "future", .cpu_features = IMPOSSIBLE, .kernels = small_plan.tiers[0].kernels}};
  qrt_plan plan = small_plan;
  plan.tiers = tiers;
  ck_assert_int_eq(open_with(&plan), QRT_ERROR_CPU);
}
END_TEST

/* ---- files ---- */
static void path_of(char path[256], const char *name) {
  const char *dir = getenv("TMPDIR");
  ck_assert_int_lt(snprintf(path, 256, "%s/qrt_test_%ld_%s", dir ? dir : "/tmp", (long)getpid(), name), 256);
}

static qrt_status open_written(const void *bytes, size_t size) {
  char path[256];
  path_of(path, "file");
  FILE *f = fopen(path, "wb");
  ck_assert_ptr_nonnull(f);
  ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
  ck_assert_int_eq(fclose(f), 0);
  qrt_model model;
  qrt_status status = qrt_open_file(&model, &small_plan, path);
  ck_assert((status == QRT_OK) == (model.mapping != NULL));
  if (status == QRT_OK) ck_assert_mem_eq(model.weights, (const uint8_t *)bytes + 64, SMALL_PAYLOAD);
  qrt_close(&model);
  qrt_close(&model);
  ck_assert_int_eq(unlink(path), 0);
  return status;
}

START_TEST(files_are_mapped) {
  small_file file;
  small_file_make(&file);
  ck_assert_int_eq(open_written(file.bytes, SMALL_FILE), QRT_OK);
  ck_assert_int_eq(open_written(file.bytes, SMALL_FILE - 1), QRT_ERROR_FORMAT);
  ck_assert_int_eq(open_written(file.bytes, 1), QRT_ERROR_FORMAT);
  ck_assert_int_eq(open_written(file.bytes, 0), QRT_ERROR_FORMAT);
  file.bytes[100] ^= 1;
  ck_assert_int_eq(open_written(file.bytes, SMALL_FILE), QRT_ERROR_CHECKSUM);
}
END_TEST

START_TEST(what_is_no_file_is_refused) {
  qrt_model model;
  char fifo[256];
  path_of(fifo, "fifo");
  ck_assert_int_eq(mkfifo(fifo, 0600), 0);
  ck_assert_int_eq(qrt_open_file(&model, &small_plan, fifo), QRT_ERROR_FILE); // and does not wait for a writer
  ck_assert_int_eq(unlink(fifo), 0);
  ck_assert_int_eq(qrt_open_file(&model, &small_plan, fifo), QRT_ERROR_FILE);
  ck_assert_int_eq(qrt_open_file(&model, &small_plan, ""), QRT_ERROR_FILE);
  ck_assert_int_eq(qrt_open_file(&model, &small_plan, "/"), QRT_ERROR_FILE);
  ck_assert_int_eq(qrt_open_file(&model, &small_plan, "/dev/null"), QRT_ERROR_FILE);
}
END_TEST

START_TEST(embedded_weights_open) {
  small_file file;
  small_file_make(&file);
  qrt_plan plan = small_plan;
  qrt_model model;
  ck_assert_int_eq(qrt_open_embedded(&model, &plan), QRT_ERROR_UNSUPPORTED);
  plan.embedded_weights = file.bytes;
  plan.embedded_size = SMALL_FILE;
  ck_assert_int_eq(qrt_open_embedded(&model, &plan), QRT_OK);
  ck_assert_ptr_eq(model.weights, file.bytes + 64);
  plan.embedded_size = SMALL_FILE - 1;
  ck_assert_int_eq(qrt_open_embedded(&model, &plan), QRT_ERROR_FORMAT);
}
END_TEST

START_TEST(every_status_has_its_text) {
  const char *unknown = qrt_status_text((qrt_status)(QRT_ERROR_CONDITION + 1)); // NOLINT(*EnumCast*)
  for (int i = QRT_OK; i <= QRT_ERROR_CONDITION; i++) {
    const char *text = qrt_status_text((qrt_status)i);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_ne(text, unknown);
    for (int j = QRT_OK; j < i; j++) ck_assert_str_ne(text, qrt_status_text((qrt_status)j));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("qrt_open");
  TCase *tables = tcase_create("tables");
  tcase_add_loop_test(tables, damaged_headers_are_refused, 0, sizeof damaged_headers / sizeof damaged_headers[0]);
  tcase_add_loop_test(tables, damaged_plans_are_refused, 0, sizeof damaged_plans / sizeof damaged_plans[0]);
  suite_add_tcase(suite, tables);
  const TTest *weights[] = {a_valid_file_opens,
                            every_flipped_bit_is_found,
                            every_truncation_is_found,
                            a_consistent_short_file_is_of_another_model,
                            arguments_are_checked,
                            every_status_has_its_text,
                            NULL};
  check_add(suite, "weights", weights);
  const TTest *plans[] = {a_plan_of_another_version_is_refused, a_plan_for_other_kernels_is_refused,
                          the_version_of_a_plan_is_checked, no_byte_may_be_missing_or_left_over, NULL};
  check_add(suite, "plans", plans);
  const TTest *tiers[] = {the_best_tier_that_runs_is_taken, no_tier_that_runs_is_an_error, NULL};
  check_add(suite, "tiers", tiers);
  const TTest *files[] = {files_are_mapped, what_is_no_file_is_refused, embedded_weights_open, NULL};
  check_add(suite, "files", files);
  return check_main(suite);
}
