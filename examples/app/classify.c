/* Classifies images of handwritten digits with a compiled model.
 *   classify WEIGHTS.qw IMAGES.npy LABELS.npy [THREADS]
 *   classify_inside IMAGES.npy LABELS.npy [THREADS]          (weights in the library)
 * Prints how many of the labels were found; exit status 1 when fewer than 95 % were. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"
#include "qrt.h"

#define PIXELS 64
#define CLASSES 10
#define MOST_IMAGES 512

typedef struct data {
  float images[MOST_IMAGES * PIXELS];
  unsigned char labels[MOST_IMAGES];
  float answers[MOST_IMAGES * CLASSES];
} data;

static int complain(const char *what, const char *why) {
  fprintf(stderr, "classify: %s: %s\n", what, why);
  return 1;
}

/* The numbers of a small .npy file, up to `most` of `size` bytes; how many there are. */
static size_t read_npy(const char *path, void *numbers, size_t size, size_t most) {
  unsigned char head[10];
  size_t count = 0;
  FILE *f = fopen(path, "rb");
  if (f && fread(head, 1, sizeof head, f) == sizeof head && !memcmp(head, "\x93NUMPY\x01", 7) &&
      !fseek(f, head[8] + 256L * head[9], SEEK_CUR))
    count = fread(numbers, size, most, f);
  if (f) fclose(f);
  return count;
}

static unsigned likeliest(const float *answers) {
  unsigned best = 0;
  for (unsigned i = 1; i < CLASSES; i++)
    if (answers[i] > answers[best]) best = i;
  return best;
}

/* Runs the opened model on all images at once, with a workspace and a pool that are ours. */
static qrt_status classify(const qrt_model *model, data *d, size_t images, unsigned threads) {
  size_t size = digits_workspace_size(images), pool_size = qrt_threads_size(threads);
  void *workspace = aligned_alloc(DIGITS_WORKSPACE_ALIGN, size), *pool_memory = malloc(pool_size);
  qrt_pool pool = {0};
  qrt_status status = workspace == NULL || pool_memory == NULL
                          ? QRT_ERROR_WORKSPACE
                          : qrt_threads_start(pool_memory, pool_size, threads, &pool);
  if (status == QRT_OK) status = digits_run(model, images, d->images, d->answers, workspace, size, &pool);
  qrt_threads_stop(&pool);
  free(pool_memory);
  free(workspace);
  return status;
}

static int report(const data *d, size_t images, const char *tier, unsigned threads) {
  size_t found = 0;
  for (size_t i = 0; i < images; i++) found += likeliest(d->answers + i * CLASSES) == d->labels[i];
  printf("%zu of %zu digits read, on %s with %u thread%s\n", found, images, tier, threads, threads == 1 ? "" : "s");
  return found * 100 < images * 95;
}

int main(int argc, char **argv) {
  static data d;
  char **files = argv + 1;
  qrt_model model;
#ifdef WEIGHTS_INSIDE
  const int least = 3;
  qrt_status status = digits_open_embedded(&model);
#else
  const int least = 4;
  qrt_status status = argc < least ? QRT_ERROR_FILE : digits_open(&model, *files++);
#endif
  if (argc < least) return complain("usage", "classify [WEIGHTS.qw] IMAGES.npy LABELS.npy [THREADS]");
  if (status != QRT_OK) return complain("weights", qrt_status_text(status));
  unsigned threads = argc > least ? (unsigned)strtoul(argv[least], NULL, 10) : 1;
  size_t images = read_npy(files[0], d.images, PIXELS * sizeof(float), MOST_IMAGES);
  if (images == 0 || read_npy(files[1], d.labels, 1, MOST_IMAGES) != images)
    return complain("images", "these are not images and as many labels");
  status = classify(&model, &d, images, threads);
  int failed =
      status == QRT_OK ? report(&d, images, qrt_tier_name(&model), threads) : complain("run", qrt_status_text(status));
  qrt_close(&model);
  return failed;
}
