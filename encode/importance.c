#include "encode/encode.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "files/tensor_parse.h"
#include "support/file.h"
#include "support/fp.h"
#include "support/num.h"
#include "support/vec.h"

enum { MAX_NAME = 1024 };

// Sums over a tensor's calls: [stack][columns], already divided by the calls.
typedef struct entry {
  const char *name;
  const float *means;
  uint64_t count;
} entry;

struct importance {
  const char *path;
  VEC(entry) entries;
};

const char *importance_path(const importance *x) { return x->path; }

// ---- the list of entries -----------------------------------------------------------------------------------

typedef struct cursor {
  const uint8_t *at;
  size_t left;
} cursor;

static bool take_u32(cursor *c, uint32_t *out) {
  if (c->left < 4) return false;
  *out = tensor_le32(c->at);
  c->at += 4;
  c->left -= 4;
  return true;
}

static bool take_entry(arena *a, importance *x, cursor *c) {
  uint32_t length, calls, count;
  if (!take_u32(c, &length) || length == 0 || length > MAX_NAME || length > c->left) return false;
  entry e = {.name = arena_strndup(a, (const char *)c->at, length)};
  c->at += length;
  c->left -= length;
  if (!take_u32(c, &calls) || !take_u32(c, &count) || count == 0 || count > c->left / 4) return false;
  float *means = ARENA_ARRAY(a, float, count);
  for (uint32_t i = 0; i < count; i++) {
    means[i] = fp_from_bits32(tensor_le32(c->at + 4 * (size_t)i)) / (float)(calls == 0 ? 1 : calls);
    if (!isfinite(means[i]) || means[i] < 0) return false;
  }
  c->at += 4 * (size_t)count;
  c->left -= 4 * (size_t)count;
  e.means = means;
  e.count = count;
  vec_push(a, &x->entries, e);
  return true;
}

static bool read_list(arena *a, importance *x, const uint8_t *data, size_t size) {
  cursor c = {.at = data, .left = size};
  uint32_t count;
  if (!take_u32(&c, &count) || count == 0) return false;
  for (uint32_t i = 0; i < count; i++)
    if (!take_entry(a, x, &c)) return false;
  return true;
}

// ---- the GGUF file -----------------------------------------------------------------------------------------

// Plain numbers: of blocks of an unknown type the shape promises more than the file may have.
static bool check_plain(diag *d, const importance *x, const tensor *t) {
  if (t->dtype != TENSOR_BLOCKS) return true;
  diag_error_file(d, x->path, "'%s' has no plain numbers", t->name);
  return false;
}

static bool read_sums(diag *d, arena *a, importance *x, const tensor_file *f, const tensor *sums, const char *name) {
  const tensor *counts = tensor_file_require(d, f, arena_printf(a, "%s.counts", name));
  if (counts == NULL || !check_plain(d, x, sums) || !check_plain(d, x, counts)) return false;
  float *means = ARENA_ARRAY(a, float, (size_t)sums->count), *calls = ARENA_ARRAY(a, float, (size_t)counts->count + 1);
  if (!tensor_read_f32(d, sums, 0, (size_t)sums->count, means)) return false;
  if (!tensor_read_f32(d, counts, 0, (size_t)counts->count, calls)) return false;
  if (counts->count == 0 || sums->count % counts->count != 0) {
    diag_error_file(d, x->path, "'%s' has %" PRIu64 " sums of %" PRIu64 " matrices", name, sums->count, counts->count);
    return false;
  }
  uint64_t each = sums->count / counts->count;
  for (uint64_t i = 0; i < sums->count; i++) {
    means[i] /= calls[i / each] > 0 ? calls[i / each] : 1;
    if (isfinite(means[i]) && means[i] >= 0) continue;
    diag_error_file(d, x->path, "'%s' has a sum of squares that is below zero or not finite", name);
    return false;
  }
  vec_push(a, &x->entries, ((entry){.name = name, .means = means, .count = sums->count}));
  return true;
}

static bool read_gguf(diag *d, arena *a, importance *x, const tensor_file *f) {
  static const char ending[] = ".in_sum2";
  for (size_t i = 0; i < tensor_file_count(f); i++) {
    const tensor *t = tensor_file_at(f, i);
    size_t length = strlen(t->name), end = sizeof ending - 1;
    if (length <= end || strcmp(t->name + length - end, ending) != 0) continue;
    if (!read_sums(d, a, x, f, t, arena_strndup(a, t->name, length - end))) return false;
  }
  if (x->entries.len > 0) return true;
  diag_error_file(d, x->path, "no tensor '<name>.in_sum2': this is no importance matrix");
  return false;
}

importance *importance_parse(diag *d, arena *a, const char *name, const uint8_t *data, size_t size) {
  importance *x = ARENA_NEW(a, importance);
  *x = (importance){.path = name};
  if (size >= 4 && memcmp(data, "GGUF", 4) == 0) {
    const tensor_file *f = tensor_file_parse(d, a, name, data, size);
    return f != NULL && read_gguf(d, a, x, f) ? x : NULL;
  }
  if (read_list(a, x, data, size)) return x;
  diag_error_file(d, name, "this is no importance matrix, or it is damaged");
  return NULL;
}

importance *importance_open(diag *d, arena *a, const char *path) {
  mapped_file f;
  if (!file_map(d, a, path, &f)) return NULL;
  importance *x = importance_parse(d, a, path, f.data, f.size);
  file_unmap(&f); // all numbers were copied
  return x;
}

// ---- asking ------------------------------------------------------------------------------------------------

static const float *scaled(arena *a, const entry *e) {
  const double least = 1e-4; // of the mean: a column that was never used may be
  float *out = ARENA_ARRAY(a, float, (size_t)e->count);
  double sum = 0;
  for (uint64_t i = 0; i < e->count; i++) sum += (double)e->means[i];
  for (uint64_t i = 0; i < e->count; i++) {
    double q = sum > 0 ? (double)e->means[i] * (double)e->count / sum : 1;
    out[i] = (float)(q < least ? least : q);
  }
  return out;
}

const float *importance_find(const importance *x, arena *a, const char *name, uint64_t stack, uint64_t columns,
                             bool *fits) {
  uint64_t count;
  *fits = true;
  for (size_t i = 0; i < x->entries.len; i++) {
    const entry *e = &x->entries.data[i];
    if (strcmp(e->name, name) != 0) continue;
    *fits = num_mul(stack, columns, &count) && e->count == count;
    return *fits ? scaled(a, e) : NULL;
  }
  return NULL;
}
