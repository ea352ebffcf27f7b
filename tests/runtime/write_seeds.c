// Writes the seeds of the fuzzers of this folder: write_seeds DIR makes DIR/fuzz_qw.seeds/valid.qw, a packed file of
// the small model, and plans in DIR/fuzz_plan.seeds: its own and some that are drawn.
#include <stdbool.h>
#include <stdio.h>

#include "random_plan.h"
#include "small_model.h"

static bool write_file(const char *dir, const char *name, const void *bytes, size_t size) {
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = length > 0 && (size_t)length < sizeof path ? fopen(path, "wb") : NULL;
  bool ok = f != NULL && fwrite(bytes, 1, size, f) == size;
  return f != NULL && fclose(f) == 0 && ok;
}

static bool write_plans(const char *dir) {
  arena *mem = arena_new();
  uint64_t state = 1;
  bool ok = write_file(dir, "fuzz_plan.seeds/small.plan", small_plan.bytes, (size_t)small_plan.size);
  for (int i = 0; i < 20 && ok; i++) {
    plan_bytes bytes = random_plan_draw(mem, &state)->bytes;
    ok = write_file(dir, arena_printf(mem, "fuzz_plan.seeds/%d.plan", i), bytes.data, bytes.size);
  }
  arena_free(mem);
  return ok;
}

int main(int argc, char **argv) {
  small_file file;
  small_file_make(&file);
  return argc == 2 && write_file(argv[1], "fuzz_qw.seeds/valid.qw", file.bytes, SMALL_FILE) && write_plans(argv[1]) ? 0
                                                                                                                    : 1;
}
