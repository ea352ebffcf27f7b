// Progress of long work, drawn at most ten times a second.
#include "support/progress.h"

#include <time.h>
#include <unistd.h>

#include "support/clean.h"

#define LABEL_COLUMNS 32 // so that the line does not wrap
#define BAR_CELLS 20
static const char full_bar[BAR_CELLS + 1] = "====================";

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_begin(progress *p, FILE *stream, const char *label, uint64_t total) {
  *p = (progress){.label = label, .total = total, .started = now()};
  if (stream != NULL && isatty(fileno(stream))) p->stream = stream;
}

// In the unit that suits it: slow work is seen to go on, too.
static void print_rate(FILE *stream, double bytes_per_second) {
  static const char *const units[] = {"KB/s", "MB/s", "GB/s"};
  size_t unit = 0;
  double rate = bytes_per_second * 1e-3;
  for (; rate >= 1000 && unit + 1 < sizeof units / sizeof units[0]; unit++) rate *= 1e-3;
  fprintf(stream, "  %.*f %s", rate < 10, rate, units[unit]);
}

void progress_update(progress *p, uint64_t done) {
  if (p->stream == NULL) return;
  double time = now();
  if (time - p->last_drawn < 0.1) return;
  p->last_drawn = time;
  double seconds = time - p->started;
  double share = p->total == 0 ? 1.0 : (double)done / (double)p->total;
  if (share > 1.0) share = 1.0;
  int filled = (int)(share * BAR_CELLS);
  fputs("\r\033[K", p->stream);
  clean_print(p->stream, p->label, LABEL_COLUMNS);
  fprintf(p->stream, "  [%.*s%*s] %3.0f %%", filled, full_bar, BAR_CELLS - filled, "", share * 100.0);
  if (seconds > 0.2) print_rate(p->stream, (double)done / seconds);
  if (seconds > 0.2 && done != 0) fprintf(p->stream, "  %.0f s left", seconds * (1.0 - share) / share);
  fflush(p->stream);
}

void progress_end(progress *p) {
  if (p->stream == NULL) return;
  fputs("\r\033[K", p->stream);
  fflush(p->stream);
  p->stream = NULL;
}
