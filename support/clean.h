// Text as a terminal may get it. Names come from files that somebody else wrote: they may hold escape sequences, which
// would colour, hide or fake what is printed, or marks that turn the direction of a line round.
#ifndef QCC_SUPPORT_CLEAN_H
#define QCC_SUPPORT_CLEAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "support/vec.h"

// U+FFFD, which is shown instead of what is not clean.
#define CLEAN_REPLACEMENT "\xef\xbf\xbd"

// Whether the character only shows itself: it is no control character and no mark of direction, line or paragraph.
// Line breaks and tabs are not clean by this.
bool clean_is(uint32_t code);

// Appends at most `columns` columns of the text on one line, "..." for the rest.
void clean_append(strbuf *out, const char *text, size_t columns);
// Writes the same.
void clean_print(FILE *out, const char *text, size_t columns);

// A stream onto a descriptor that lets through UTF-8 text, line breaks and tabs; anything else is replaced. Buffered by
// lines on a terminal. NULL when there is no memory. Closing it leaves the descriptor open.
FILE *clean_stream(int descriptor);

#endif
