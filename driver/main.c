// The qcc command.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/compile.h"
#include "driver/interrupt.h"
#include "driver/print.h"
#include "support/clean.h"

static bool wants_colour(void) {
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
  if (no_color != NULL && *no_color != '\0') return false;
  return isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

static exit_status run_command_of(job *j) {
  switch (j->o->command) {
  case COMMAND_RUN: return run_command(j);
  case COMMAND_BENCH: return bench_command(j);
  case COMMAND_TUNE: return tune_command(j);
  case COMMAND_CONVERT: return convert_command(j);
  case COMMAND_INSPECT: return inspect_command(j);
  case COMMAND_QUANTIZE: return quantize_command(j);
  default: return compile_command(j);
  }
}

static exit_status run_job(diag *d, arena *a, const options *o) {
  job j;
  temporary_list *temporaries = temporary_list_new();
  interrupt_watch(temporaries);
  job_init(&j, d, a, o, temporaries);
  exit_status status = run_command_of(&j);
  job_close(&j);
  return status;
}

static exit_status run(diag *d, arena *a, int argc, char **argv) {
  options o;
  if (!options_parse(d, a, argc, argv, &o)) return STATUS_USAGE;
  if (print_requested(d, a, &o)) return diag_error_count(d) > 0 ? STATUS_ERROR : STATUS_OK;
  return run_job(d, a, &o);
}

// Whoever read standard output has seen enough.
static bool reader_left(void) {
  struct pollfd out = {.fd = STDOUT_FILENO};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

// What was printed may be waiting in a buffer for a disk that is full.
static exit_status finish_stdout(diag *d, exit_status status) {
  if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_left()) return status;
  diag_error_file(d, "<stdout>", "cannot be written");
  return status == STATUS_OK ? STATUS_ERROR : status;
}

// Whoever starts a program may have closed these. Then they stay useless, rather than become files that are opened here:
// a report must not go into an output.
static void occupy_descriptors(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); // becomes this one
}

int main(int argc, char **argv) {
  occupy_descriptors();
  signal(SIGXFSZ, SIG_IGN);                  // a file that may not grow is an error of its write
  signal(SIGPIPE, SIG_IGN);                  // a reader that leaves does not end a run that has temporaries
  signal(SIGIO, SIG_IGN);                    // somebody wants to write to a file that is leased (driver/fingerprint.c)
  FILE *plain = stdout;                      // results go to the descriptor itself, byte by byte
  FILE *clean = clean_stream(STDOUT_FILENO); // all reports go through this
  if (clean != NULL) stdout = clean;
  file_survive_cuts();
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, wants_colour());
  exit_status status = finish_stdout(d, run(d, a, argc, argv));
  arena_free(a);
  stdout = plain;
  if (clean != NULL) (void)fclose(clean); // it was flushed, and its errors were told
  return (int)status;
}
