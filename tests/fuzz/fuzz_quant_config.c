// Any bytes as the configuration beside weights, as the file in which it is a member and as the one that it is itself.
#include <stdlib.h>
#include <string.h>

#include "files/quant_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(const char *name, const uint8_t *data, size_t size) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  quant_config *c;
  bool ok = quant_config_parse(d, a, name, (const char *)data, size, &c);
  if (ok != (diag_error_count(d) == 0)) abort();
  size_t length = 0;
  for (size_t i = 0; i < c->member_count; i++) length += strlen(c->members[i].key) + strlen(c->members[i].value);
  for (size_t i = 0; i < c->rule_count; i++) length += strlen(c->rules[i].name);
  for (size_t i = 0; i < c->ignore_count; i++) length += strlen(c->ignore[i]);
  if (!ok && length != 0) abort();
  arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_as("config.json", data, size);
  read_as("quantize_config.json", data, size);
  return 0;
}
