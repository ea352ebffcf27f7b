// A whole JSON file of moderate size.
#include "files/json_file.h"

#include <string.h>

#include "files/tensor_parse.h"
#include "support/file.h"

enum { MAX_BYTES = 64 << 20 };

json_t *json_text_load(diag *d, arena *a, const char *path, const char *text, size_t size) {
  json_error_t error;
  if (size > MAX_BYTES) {
    diag_error_file(d, path, "%zu bytes of JSON; at most %d are read", size, MAX_BYTES);
    return NULL;
  }
  json_t *value = json_loadb(text == NULL ? "" : text, size, JSON_REJECT_DUPLICATES, &error);
  if (json_is_object(value)) return value;
  const char *reason = value == NULL ? tensor_quote(a, error.text, strlen(error.text)) : "it is no object";
  diag_error_file(d, path, "malformed JSON: %s (line %d)", reason, value == NULL ? error.line : 1);
  diag_hint(d, "fetch the file again, or put it away");
  json_decref(value);
  return NULL;
}

json_t *json_file_load(diag *d, arena *a, const char *path) {
  mapped_file m;
  if (!file_map(d, a, path, &m)) return NULL;
  json_t *value = json_text_load(d, a, path, (const char *)m.data, m.size);
  file_unmap(&m);
  return value;
}
