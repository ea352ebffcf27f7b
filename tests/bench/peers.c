#include "tests/bench/peers.h"

#include <string.h>

#include "support/file.h"
#include "tests/bench/side_plugin.h"

// "NAME TIERS VALUE": sets what the line says when it is for this tier.
static bool read_line(peers *out, diag *d, const char *path, char *line, const target_tier *tier, bool best) {
  char *rest = NULL, *name = strtok_r(line, " ", &rest), *tiers = strtok_r(NULL, " ", &rest);
  char *value = strtok_r(NULL, "", &rest);
  if (name == NULL) return true;
  if (value == NULL) {
    diag_error_file(d, path, "a line has to be 'NAME TIERS VALUE'");
    return false;
  }
  if (strcmp(tiers, tier->name) != 0 && !(best && strcmp(tiers, "best") == 0)) return true;
  if (strcmp(name, "ggml") == 0) return (out->ggml = plugin_open(d, value)) != NULL;
  if (strcmp(name, "blas") == 0) out->blas = value;
  if (strcmp(name, "core") == 0) out->core = value;
  if (strcmp(name, "onnxruntime") == 0) out->python = value;
  return true;
}

bool peers_read(peers *out, diag *d, arena *a, const char *path, const target_tier *tier, bool best) {
  *out = (peers){.core = ""};
  if (path == NULL) return true;
  out->folder = path_dirname(a, path);
  mapped_file file;
  if (!file_map(d, a, path, &file)) return false;
  char *text = arena_strndup(a, (const char *)file.data, file.size), *rest = NULL;
  file_unmap(&file);
  bool ok = true;
  for (char *line = strtok_r(text, "\n", &rest); ok && line != NULL; line = strtok_r(NULL, "\n", &rest))
    ok = read_line(out, d, path, line, tier, best);
  return ok;
}
