// How one message looks: the place, the label, the text, then the source line with a caret. Private to support.
#ifndef QCC_SUPPORT_DIAG_RENDER_H
#define QCC_SUPPORT_DIAG_RENDER_H

#include "support/diag.h"
#include "support/vec.h"

typedef struct diag_source {
  const char *name;
  const char *text;
  size_t length;
  VEC(size_t) lines; // where each begins, as far as messages have needed it: the caller of diag_render adds them
} diag_source;

typedef enum diag_label { DIAG_LABEL_ERROR, DIAG_LABEL_WARNING, DIAG_LABEL_NOTE, DIAG_LABEL_HINT } diag_label;

typedef struct diag_message {
  diag_label label;
  const char *path; // file that is not text, or NULL
  const char *text;
  const char *group; // of a warning, or NULL
  src_loc loc;
  const diag_source *source; // of loc, or NULL
} diag_message;

// Appends the message to `out`. Bytes that a terminal would obey (control characters, broken UTF-8) are replaced.
void diag_render(strbuf *out, const diag_message *message, bool colour);

#endif
