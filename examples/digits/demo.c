/* Reads handwritten digits with a compiled network and says how many it got right.
 *   demo WEIGHTS.qw IMAGES.npy LABELS.npy LOGITS [IMAGE ...]
 * LOGITS is written: ten floats for each image. The images whose numbers follow are shown as text. Exit status 1 when
 * something cannot be read or written, or when an image alone has other logits than among others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digits.h"

enum { PIXELS = DIGITS_INPUT_IMAGE_FLOATS, CLASSES = DIGITS_OUTPUT_LOGITS_FLOATS, MOST = DIGITS_MAX_BATCH, SIDE = 8 };

typedef struct demo {
  qrt_model model;
  size_t count;
  float images[MOST][PIXELS];
  unsigned char labels[MOST];
  float logits[MOST][CLASSES];
  _Alignas(DIGITS_WORKSPACE_ALIGN) unsigned char workspace[DIGITS_WORKSPACE_SIZE(MOST)];
} demo;

static int complain(const char *what, const char *why) {
  fprintf(stderr, "demo: %s: %s\n", what, why);
  return 0;
}

/* Up to `most` numbers of `size` bytes from a small .npy file: magic, length of the header, header, numbers. */
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

static int load(demo *d, char **paths) {
  qrt_status status = digits_open(&d->model, paths[0]);
  if (status != QRT_OK) return complain(paths[0], qrt_status_text(status));
  d->count = read_npy(paths[1], d->images, sizeof *d->images, MOST);
  if (d->count == 0) return complain(paths[1], "no images here");
  if (read_npy(paths[2], d->labels, 1, MOST) != d->count) return complain(paths[2], "not as many labels as images");
  return 1;
}

static int run(demo *d, size_t first, size_t count, float *logits) {
  qrt_status status = digits_run(&d->model, count, d->images[first], logits, d->workspace, sizeof d->workspace, NULL);
  return status == QRT_OK || complain("run", qrt_status_text(status));
}

/* Every image again, alone: its logits must be the same to the bit. */
static int run_one_by_one(demo *d) {
  for (size_t i = 0; i < d->count; i++) {
    float alone[CLASSES];
    if (!run(d, i, 1, alone)) return 0;
    if (memcmp(alone, d->logits[i], sizeof alone)) return complain("run", "an image alone has other logits");
  }
  return 1;
}

static double microseconds(void) {
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

/* Microseconds for an image, one image a call: the best of some rounds over all images. */
static double time_of_one(demo *d) {
  double best = 1e30, begin = microseconds();
  for (int round = 0; round < 200 && microseconds() - begin < 2e5; round++) {
    float logits[CLASSES];
    double start = microseconds();
    for (size_t i = 0; i < d->count; i++) run(d, i, 1, logits);
    double time = (microseconds() - start) / (double)d->count;
    if (time < best) best = time;
  }
  return best;
}

static int answer(const demo *d, size_t image) {
  int best = 0;
  for (int c = 1; c < CLASSES; c++)
    if (d->logits[image][c] > d->logits[image][best]) best = c;
  return best;
}

static int write_logits(const demo *d, const char *path) {
  FILE *f = fopen(path, "wb");
  int good = f && fwrite(d->logits, sizeof *d->logits, d->count, f) == d->count;
  if (f && fclose(f)) good = 0;
  return good || complain(path, "cannot be written");
}

/* Images side by side: rows of pixels, two characters each so that they look square, and the answers below. */
static void show(const demo *d, int count, char **numbers) {
  static const char ink[] = " .:-=+*#%@";
  size_t image[16];
  if (count > 16) count = 16;
  for (int i = 0; i < count; i++) image[i] = strtoul(numbers[i], NULL, 10) % d->count;
  for (int y = 0; y < SIDE; y++, putchar('\n'))
    for (int i = 0; i < count; i++, fputs("   ", stdout))
      for (int x = 0; x < SIDE; x++) {
        int pixel = ink[(int)(d->images[image[i]][y * SIDE + x] * 9.0f + 0.5f)];
        putchar(pixel), putchar(pixel);
      }
  for (int i = 0; i < count; i++) printf("image %-3d is a %d   ", (int)image[i], d->labels[image[i]]);
  putchar('\n');
  for (int i = 0; i < count; i++) {
    int found = answer(d, image[i]);
    printf("   read as %d%-8s", found, found == d->labels[image[i]] ? "" : " WRONG");
  }
  putchar('\n');
}

int main(int argc, char **argv) {
  static demo d;
  if (argc < 5) return complain("usage", "demo WEIGHTS.qw IMAGES.npy LABELS.npy LOGITS [IMAGE ...]"), 2;
  if (!load(&d, argv + 1) || !run(&d, 0, d.count, d.logits[0]) || !run_one_by_one(&d) || !write_logits(&d, argv[4]))
    return 1;
  size_t right = 0;
  for (size_t i = 0; i < d.count; i++) right += answer(&d, i) == d.labels[i];
  if (argc > 5)
    show(&d, argc - 5, argv + 5);
  else
    printf("%zu of %zu right, %.2f us an image on %s\n", right, d.count, time_of_one(&d), digits_isa(&d.model));
  digits_close(&d.model);
  return 0;
}
