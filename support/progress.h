// Progress of long work on a terminal: one line, redrawn; silent when the stream is no terminal.
#ifndef QCC_SUPPORT_PROGRESS_H
#define QCC_SUPPORT_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

typedef struct progress {
  FILE *stream;
  const char *label;
  uint64_t total;
  double started;
  double last_drawn;
} progress;

// Begins a line such as "quantize  fc1  [========            ]  43 %  1.2 GB/s  3 s left"; `total` is in bytes. `stream` NULL: never draws.
void progress_begin(progress *p, FILE *stream, const char *label, uint64_t total);
void progress_update(progress *p, uint64_t done);
// Erases the line.
void progress_end(progress *p);

#endif
