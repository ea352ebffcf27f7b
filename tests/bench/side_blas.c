#include "tests/bench/side_blas.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "measure/meter.h"

// Of CBLAS.
enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };
typedef void sgemm_function(int order, int transposed_a, int transposed_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef void sgemv_function(int order, int transposed, int m, int n, float alpha, const float *a, int lda,
                            const float *x, int incx, float beta, float *y, int incy);

struct blas {
  const char *name;
  sgemm_function *sgemm;
  sgemv_function *sgemv;
  void (*set_threads)(int threads);
};

// A function of the library; ISO C has no conversion from a pointer to data.
static bool find(void *library, const char *name, void *function) {
  void *found = dlsym(library, name);
  memcpy(function, &found, sizeof found);
  return found != NULL;
}

blas *blas_open(diag *d, arena *a, const char *path, const char *core) {
  blas *b = ARENA_NEW(a, blas);
  char *(*core_name)(void) = NULL;
  if (core[0] != '\0') (void)setenv("OPENBLAS_CORETYPE", core, 1);
  (void)setenv("OPENBLAS_THREAD_TIMEOUT", "16", 1); // idle threads sleep soon: others are timed by turns
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library != NULL && find(library, "cblas_sgemm", &b->sgemm) && find(library, "cblas_sgemv", &b->sgemv) &&
      find(library, "openblas_set_num_threads", &b->set_threads) &&
      find(library, "openblas_get_corename", &core_name)) {
    b->name = arena_printf(a, "f32, OpenBLAS %s", core_name());
    return b;
  }
  diag_error_file(d, path, "this is no OpenBLAS: %s", library == NULL ? dlerror() : "a function is missing");
  return NULL;
}

const char *blas_name(const blas *b) { return b->name; }

void blas_threads(blas *b, unsigned threads) { b->set_threads((int)threads); }

bool blas_load(blas_weights *out, diag *d, const matter *m, size_t memory) {
  uint64_t bytes = m->rows * m->columns * sizeof(float);
  *out = (blas_weights){.copies = memory / bytes > 0 ? memory / bytes : 1, .rows = m->rows, .columns = m->columns};
  out->data = meter_memory(d, out->copies * bytes);
  float *one = out->data == NULL ? NULL : matter_floats(d, m);
  for (size_t i = 0; one != NULL && i < out->copies; i++) memcpy(out->data + i * m->rows * m->columns, one, bytes);
  free(one);
  return one != NULL;
}

void blas_unload(blas_weights *w) {
  free(w->data);
  w->data = NULL;
}

static void one_token(const blas_product *p) {
  const blas_weights *w = p->weights;
  int rows = (int)w->rows, columns = (int)w->columns;
  for (size_t i = 0; i < w->copies; i++)
    p->blas->sgemv(ROW_MAJOR, PLAIN, rows, columns, 1, w->data + i * w->rows * w->columns, columns, p->x, 1, 0, p->y,
                   1);
}

static void many_tokens(const blas_product *p) {
  int rows = (int)p->weights->rows, columns = (int)p->weights->columns;
  p->blas->sgemm(ROW_MAJOR, PLAIN, TRANSPOSED, (int)p->tokens, rows, columns, 1, p->x, columns, p->weights->data,
                 columns, 0, p->y, rows);
}

double blas_time(void *state) {
  const blas_product *p = state;
  double start = meter_now();
  if (p->tokens == 1)
    one_token(p);
  else
    many_tokens(p);
  return (meter_now() - start) / (p->tokens == 1 ? (double)p->weights->copies : 1);
}
