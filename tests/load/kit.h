// A model's module and weight files made by hand, in a directory of the test's own.
#ifndef QCC_TESTS_LOAD_KIT_H
#define QCC_TESTS_LOAD_KIT_H

#include <check.h>

#include "files/tensor_write.h"
#include "ir/ir.h"
#include "tests/scheme/kit.h"
#include "weights/load.h"
#include "weights/qw.h"

// What a test works on; made before and freed after each.
typedef struct load_case {
  arena *mem;
  diag *d;
  ir_module *m;
  weight_files *files;
} load_case;
extern load_case lc;

void load_setup(void);
void load_teardown(void);

// A file in the directory; owned by the test's arena. The number of files there.
const char *load_path(const char *name);
int load_file_count(void);

// ---- files ----
safetensors_item load_item(const char *name, tensor_dtype dtype, unsigned rank, const uint64_t *dims, const void *data);
// A matrix of f32.
safetensors_item load_matrix(const char *name, uint64_t rows, uint64_t columns, const float *w);
void load_write(const char *file, const safetensors_item *items, size_t count, const tensor_meta *meta, size_t metas);

typedef struct gguf_tensor {
  const char *name;
  uint32_t type;
  unsigned rank;
  uint64_t dims[2]; // outermost first
  const void *data;
  size_t size;
} gguf_tensor;
void load_write_gguf(const char *file, const gguf_tensor *tensors, size_t count);

// ---- the module ----
void load_source(const char *file);
// layer = name without ".weight"
ir_weight *load_weight(const char *name, const scheme *s, uint64_t rows, uint64_t columns);
// Recipes, places and the plan.
void load_place(void);

// ---- what is expected ----
weight_set *load_open(void);
// Packs everything; the payload.
qw_image load_build(weight_stats *stats);
// The payload's bytes of the weight are those of the codes.
void load_expect_packed(const qw_image *image, const ir_weight *w, const tensor_codes *codes);
void load_expect_codes(const tensor_codes *a, const tensor_codes *b);
// All text was reported.
void load_expect_message(const char *text);

tensor_codes *load_random_codes(const scheme *s, uint64_t rows, uint64_t columns, uint64_t seed);
tensor_codes *load_encode(const scheme *s, const float *w, uint64_t rows, uint64_t columns);
uint8_t *load_blocks(const tensor_codes *codes, const scheme_layout *l, size_t *size);

// ---- the suite: one case a file ----
TCase *load_tcase_load(void);
TCase *load_tcase_errors(void);
TCase *load_tcase_qw(void);
TCase *load_tcase_quantize(void);
TCase *load_tcase_fields(void);
TCase *load_tcase_report(void);
TCase *load_tcase_models(void);
TCase *load_tcase_transforms(void);

#endif
