// Diagnostics for the user: `file:line:col: error: ...`, the source line, a caret, a hint. Errors are collected, not
// fatal, so that one run reports many. Nothing here exits.
#ifndef QCC_SUPPORT_DIAG_H
#define QCC_SUPPORT_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "support/arena.h"

// A range in a source file. `file` is an index given by diag_add_source; 0 means "no place in a text".
// Lines and columns count from 1; the end column is one past the last character.
typedef struct src_loc {
  unsigned file;
  unsigned line;
  unsigned column;
  unsigned end_line;
  unsigned end_column;
} src_loc;

#define SRC_NOWHERE ((src_loc){0})

typedef enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE } diag_level;

typedef struct diag diag;

// Where messages go. `stream` may be NULL (collect only, see diag_text). Colour only when asked for: the driver asks
// when the stream is a terminal and NO_COLOR is unset.
diag *diag_new(arena *a, FILE *stream, bool colour);

// Registers a text (not copied; must outlive the diag) under a name for messages; returns its file index (from 1).
unsigned diag_add_source(diag *d, const char *name, const char *text, size_t length);
const char *diag_source_name(const diag *d, unsigned file);

// Reports at a place. A hint may follow with diag_hint, a related place with diag_note.
void diag_error(diag *d, src_loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));
void diag_note(diag *d, src_loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));
void diag_hint(diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Reports about a file that is not text (weights, outputs): `path: error: ...`.
void diag_error_file(diag *d, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));

// A warning of a named group (`fallback` -> "[-Wfallback]"). Groups can be silenced or made errors by
// diag_set_warning; unknown group names are refused there. The groups are the rows of support/warnings.h; "all" sets
// every one.
void diag_warning(diag *d, const char *group, src_loc loc, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// The same about a file that is not text.
void diag_warning_file(diag *d, const char *group, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
typedef enum diag_action { DIAG_ACTION_WARN, DIAG_ACTION_IGNORE, DIAG_ACTION_ERROR } diag_action;
bool diag_set_warning(diag *d, const char *group, diag_action action);

// Whether a hint to the last error or warning is worth a search: it would be shown, and is not one of so many that
// searching for each would take time in proportion to their square.
bool diag_may_search(const diag *d);

size_t diag_error_count(const diag *d);
size_t diag_warning_count(const diag *d);

// Errors after this many are counted but not printed; the driver's -ferror-limit. Default 20.
void diag_set_error_limit(diag *d, size_t limit);

// Everything reported so far as plain text without colour (tests).
const char *diag_text(const diag *d);

// Of `count` candidates the one closest to `name` by edit distance, if close enough for "did you mean"; else NULL.
const char *diag_closest(const char *name, const char *const *candidates, size_t count);

#endif
