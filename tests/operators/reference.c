// Runs entries of networks by the reference, or by kernels: reference [--kernels | --compiled | --program TRIPLE TIER DIR] LIBRARY.. -- CASE..
//
// A case is a folder with net.q, whose inputs are in NAME.bin: doubles for real numbers, 64-bit integers for others. Each
// result is written to NAME.out, the same way, and a line "CASE ok|error" is printed with the first message of an error;
// before it, a line for each result: "CASE result NAME KIND DIM..".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/frontend.h"
#include "frontend/operators.h"
#include "interp/reference.h"
#include "kernel/nest.h"
#include "support/file.h"
#include "tests/operators/program.h"
#include "tests/operators/run_kernels.h"

static bool add_file(diag *d, arena *a, ex_library *l, const char *path, bool override) {
  const ast *tree = fe_parse_file(d, a, path);
  return tree != NULL && !tree->has_errors && ex_library_add(l, tree, override);
}

static bool read_input(arena *a, const char *dir, const st_tensor *t, st_array *out) {
  FILE *f = fopen(arena_printf(a, "%s/%s.bin", dir, t->name), "rb");
  int64_t *dims = ARENA_ARRAY(a, int64_t, t->rank);
  *out = (st_array){.type = t->type, .rank = t->rank, .dims = dims, .count = 1};
  for (unsigned i = 0; i < t->rank; i++) {
    if (!extent_is_constant(t->dims[i], &dims[i])) return false;
    out->count *= (size_t)dims[i];
  }
  out->reals = ARENA_ARRAY(a, double, out->count);
  out->integers = ARENA_ARRAY(a, int64_t, out->count);
  void *to = t->type.kind == ST_CLASS_REAL ? (void *)out->reals : (void *)out->integers;
  bool ok = f != NULL && fread(to, 8, out->count, f) == out->count;
  if (f != NULL) fclose(f);
  return ok;
}

static void write_result(arena *a, const char *dir, const char *name, const st_array *x) {
  static const char *const kinds[] = {"bool", "int", "real"};
  FILE *f = fopen(arena_printf(a, "%s/%s.out", dir, name), "wb");
  if (f == NULL) return;
  fwrite(x->type.kind == ST_CLASS_REAL ? (void *)x->reals : (void *)x->integers, 8, x->count, f);
  fclose(f);
  printf("%s result %s %s", dir, name,
         x->type.stored && x->type.kind != ST_CLASS_BOOL ? elem_get(x->type.elem)->name : kinds[x->type.kind]);
  for (unsigned i = 0; i < x->rank; i++) printf(" %lld", (long long)x->dims[i]);
  printf("\n");
}

typedef bool (*run_function)(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
                             st_array *results);

// The computation of a case and its inputs; NULL (reported) when there is none.
static st_computation *open_case(diag *d, arena *a, ex_library *l, const char *dir, st_array **inputs) {
  const ast *tree = fe_parse_file(d, a, arena_printf(a, "%s/net.q", dir));
  const ast_node *network = NULL;
  if (tree == NULL || tree->has_errors || !ex_library_add(l, tree, true)) return NULL;
  for (size_t i = 0; i < tree->items.len; i++) {
    if (tree->items.data[i]->kind == AST_MODEL) network = tree->items.data[i];
  }
  st_computation *c = network == NULL ? NULL : ex_entry(l, network, NULL);
  if (c == NULL) return NULL;
  if (getenv("QCC_SHOW") != NULL) fputs(st_text(a, c), stderr);
  *inputs = ARENA_ARRAY(a, st_array, c->inputs.len);
  for (size_t i = 0; i < c->inputs.len; i++) {
    if (read_input(a, dir, c->inputs.data[i], &(*inputs)[i])) continue;
    diag_error(d, SRC_NOWHERE, "the input '%s' cannot be read", c->inputs.data[i]->name);
    return NULL;
  }
  return c;
}

static bool run_case(diag *d, arena *a, ex_library *l, const char *dir, run_function run) {
  st_array *inputs;
  const st_computation *c = open_case(d, a, l, dir, &inputs);
  if (c == NULL) return false;
  st_array *results = ARENA_ARRAY(a, st_array, c->results.len);
  if (!run(d, a, c, NULL, inputs, results)) return false;
  for (size_t i = 0; i < c->results.len; i++) write_result(a, dir, c->result_names.data[i], &results[i]);
  return true;
}

static void say(diag *d, const char *dir, bool ok) {
  const char *text = diag_text(d);
  if (getenv("QCC_SHOW") != NULL) fputs(text, stderr);
  printf("%s %s %.*s\n", dir, ok ? "ok" : "error", ok ? 0 : (int)strcspn(text, "\n"), text);
}

static ex_library *open_library(diag *d, arena *a, char **paths, int count) {
  ex_library *l = ex_library_new(d, a);
  bool ok = true;
  for (int k = 0; k < count; k++) ok = add_file(d, a, l, paths[k], true) && ok;
  return ok ? l : NULL;
}

// The results' storage and shapes, in the order of the cases, for whoever reads what the program writes.
static void say_results(const st_computation *c, const char *dir) {
  for (size_t i = 0; i < c->results.len; i++) {
    const st_tensor *t = c->results.data[i];
    printf("%s result %s %s", dir, c->result_names.data[i],
           t->type.kind == ST_CLASS_BOOL ? "bool" : elem_get(nest_storage(c, t))->name);
    for (unsigned k = 0; k < t->rank; k++) printf(" %s", extent_text(c->mem, t->dims[k]));
    printf("\n");
  }
}

// --program TRIPLE TIER DIR: all cases as one program, in DIR.
static int make_program(char **args, char **paths, int path_count, char **cases, int case_count) {
  arena *a = arena_new();
  program p = {.d = diag_new(a, stderr, false), .mem = a, .module = ir_module_new(a, "kernels")};
  for (int i = 0; i < case_count; i++) {
    diag *d = diag_new(a, NULL, false);
    ex_library *l = open_library(d, a, paths, path_count);
    st_array *inputs;
    p.d = d;
    const st_computation *c = l == NULL ? NULL : open_case(d, a, l, cases[i], &inputs);
    bool ok = c != NULL && program_add(&p, c, inputs);
    if (ok) say_results(c, cases[i]);
    say(d, cases[i], ok);
  }
  p.d = diag_new(a, stderr, false);
  bool ok = program_write(&p, args[0], args[1], args[2]);
  arena_free(a);
  return ok ? 0 : 1;
}

int main(int argc, char **argv) {
  bool kernels = argc > 1 && strcmp(argv[1], "--kernels") == 0;
  bool compiled = argc > 1 && strcmp(argv[1], "--compiled") == 0;
  bool whole = argc > 4 && strcmp(argv[1], "--program") == 0;
  run_function run = compiled ? run_compiled : kernels ? run_kernels : st_run;
  int begin = whole ? 5 : kernels || compiled ? 2 : 1;
  int first = begin;
  while (first < argc && strcmp(argv[first], "--") != 0) first++;
  if (whole) return make_program(argv + 2, argv + begin, first - begin, argv + first + 1, argc - first - 1);
  for (int i = first + 1; i < argc; i++) {
    arena *a = arena_new();
    diag *d = diag_new(a, NULL, false);
    ex_library *l = open_library(d, a, argv + begin, first - begin);
    say(d, argv[i], l != NULL && run_case(d, a, l, argv[i], run));
    arena_free(a);
  }
  return 0;
}
