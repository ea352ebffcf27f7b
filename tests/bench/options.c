#include "tests/bench/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LIST 256

static const char help[] =
    "usage: qcc_bench --formats A,B [option value]..\n"
    "       qcc_bench --tiers     what runs here, best first\n"
    "  --formats LIST  formats as in a quantize block, separated by ';' or by ',' outside of parentheses\n"
    "  --tier NAME     of this machine's target; without it the best that runs here\n"
    "  --tokens LIST   1,8,32\n"
    "  --threads LIST  1,2\n"
    "  --shape LIST    rows x columns: 4096x4096,4096x14336\n"
    "  --act MODE      activations for all formats: 'i8 per 32', 'f16'\n"
    "  --megabytes N   that the weights of one token rotate through\n"
    "  --seconds S     of each case\n"
    "  -I DIR          a folder of more schemes\n"
    "  --peers FILE    what to compare with (tests/bench/build_peers.sh)\n"
    "  --count DIR     instead of time, the instructions of each product; records and objects go there\n"
    "  --out FILE      results as JSON, a line each, are appended to it\n";

// Cuts at ';' and at ',' outside of parentheses.
static size_t split(arena *a, const char *text, const char ***out) {
  char *copy = arena_strdup(a, text);
  const char **parts = ARENA_ARRAY(a, const char *, MAX_LIST);
  size_t n = 0;
  int depth = 0;
  parts[n++] = copy;
  for (char *c = copy; *c != '\0'; c++) {
    depth += (*c == '(') - (*c == ')');
    if (*c != ';' && (*c != ',' || depth > 0)) continue;
    *c = '\0';
    if (n < MAX_LIST) parts[n++] = c + 1;
  }
  *out = parts;
  return n;
}

static bool parse_numbers(arena *a, const char *text, uint64_t **out, size_t *count) {
  const char **parts;
  *count = split(a, text, &parts);
  *out = ARENA_ARRAY(a, uint64_t, *count);
  for (size_t i = 0; i < *count; i++) {
    char *end;
    (*out)[i] = strtoull(parts[i], &end, 10);
    if ((*out)[i] == 0 || *end != '\0') return false;
  }
  return true;
}

static bool parse_shapes(arena *a, const char *text, bench_options *o) {
  const char **parts;
  o->shape_count = split(a, text, &parts);
  o->shapes = ARENA_ARRAY(a, bench_shape, o->shape_count);
  for (size_t i = 0; i < o->shape_count; i++) {
    unsigned long long rows, columns;
    char rest;
    if (sscanf(parts[i], "%llux%llu%c", &rows, &columns, &rest) != 2 || rows == 0 || columns == 0) return false;
    o->shapes[i] = (bench_shape){rows, columns};
  }
  return true;
}

static bool parse_text(bench_options *o, const char *name, const char *value) {
  const struct {
    const char *name;
    const char **to;
  } texts[] = {{"--tier", &o->tier},   {"--act", &o->act}, {"-I", &o->folder},
               {"--peers", &o->peers}, {"--out", &o->out}, {"--count", &o->count}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(name, texts[i].name) != 0) continue;
    *texts[i].to = value;
    return true;
  }
  return false;
}

static bool parse_one(bench_options *o, arena *a, const char *name, const char *value) {
  if (parse_text(o, name, value)) return true;
  if (strcmp(name, "--formats") == 0) return (o->format_count = split(a, value, &o->formats)) > 0;
  if (strcmp(name, "--tokens") == 0) return parse_numbers(a, value, &o->tokens, &o->token_count);
  if (strcmp(name, "--threads") == 0) return parse_numbers(a, value, &o->threads, &o->thread_count);
  if (strcmp(name, "--shape") == 0) return parse_shapes(a, value, o);
  if (strcmp(name, "--megabytes") == 0) return (o->memory = (size_t)strtoull(value, NULL, 10) << 20) > 0;
  if (strcmp(name, "--seconds") == 0) return (o->seconds = strtod(value, NULL)) >= 0;
  return false;
}

bool bench_options_parse(bench_options *o, arena *a, int argc, char **argv) {
  *o = (bench_options){.memory = (size_t)256 << 20, .seconds = 0.5};
  bool ok = parse_numbers(a, "1,32", &o->tokens, &o->token_count) &&
            parse_numbers(a, "1", &o->threads, &o->thread_count) && parse_shapes(a, "4096x4096", o);
  for (int i = 1; ok && i < argc; i += 2) ok = i + 1 < argc && parse_one(o, a, argv[i], argv[i + 1]);
  ok = ok && o->format_count > 0;
  if (!ok) fputs(help, stderr);
  return ok;
}
