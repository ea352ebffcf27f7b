#include "tests/bench/results.h"

// The fastest peer's figure, NULL: there is none.
static const compare_peer *fastest(const compare_result *f) {
  const compare_peer *best = NULL;
  for (size_t i = 0; i < f->peer_count; i++)
    if (f->peers[i].seconds > 0 && (best == NULL || f->peers[i].seconds < best->seconds)) best = &f->peers[i];
  return best;
}

static double macs(const result *r) { return (double)r->tokens * (double)r->rows * (double)r->columns; }

void result_print(FILE *out, const result *r) {
  const compare_result *f = &r->figures;
  double rate = (f->limit == METER_READ ? (double)r->bytes : macs(r)) / f->seconds;
  fprintf(out, "%-12s %-22s M=%-3llu %u thread%s %9.1f us %6.1f GB/s %7.1f GMAC/s %5.1f %% of %.1f %s", r->tier->name,
          r->format, (unsigned long long)r->tokens, r->threads, r->threads == 1 ? " " : "s", f->seconds * 1e6,
          (double)r->bytes / f->seconds / 1e9, macs(r) / f->seconds / 1e9, 100 * rate / f->rate, f->rate / 1e9,
          meter_unit(f->limit));
  const compare_peer *p = fastest(f);
  if (p != NULL) fprintf(out, ", %.2f x %s", p->seconds / (f->seconds + f->prepare), p->name);
  fputc('\n', out);
  fflush(out);
}

// No text here needs an escape: names of formats, tiers and libraries.
void result_write(FILE *out, arena *a, const result *r) {
  const compare_result *f = &r->figures;
  fprintf(out, "{\"tier\": \"%s\", \"format\": \"%s\", \"act\": \"%s\", \"mode\": \"%s\", ", r->tier->name, r->format,
          act_text(a, &r->recipe->act), compute_mode_name(r->recipe->mode));
  fprintf(out,
          "\"rows\": %llu, \"columns\": %llu, \"tokens\": %llu, \"threads\": %u, \"bytes\": %llu, "
          "\"stored\": %llu, ",
          (unsigned long long)r->rows, (unsigned long long)r->columns, (unsigned long long)r->tokens, r->threads,
          (unsigned long long)r->bytes, (unsigned long long)r->stored);
  fprintf(out, "\"compile\": %.4g, \"seconds\": %.6g, \"prepare\": %.4g, \"error\": %.3g, ", r->compile, f->seconds,
          f->prepare, f->error);
  fprintf(out, "\"limit\": \"%s\", \"rate\": %.6g, \"read\": %.6g, \"peers\": [", meter_limit_name(f->limit), f->rate,
          f->read);
  for (size_t i = 0; i < f->peer_count; i++)
    fprintf(out, "%s{\"name\": \"%s\", \"seconds\": %.6g, \"error\": %.3g}", i == 0 ? "" : ", ", f->peers[i].name,
            f->peers[i].seconds, f->peers[i].error);
  fputs("]}\n", out);
  fflush(out);
}
