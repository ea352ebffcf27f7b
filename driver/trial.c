#include "driver/trial.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/vec.h"

// The child: its messages go to the pipe.
static _Noreturn void run_child(int to, void (*work)(void *argument), void *argument) {
  dup2(to, STDERR_FILENO);
  work(argument);
  _exit(0);
}

static void read_all(int from, strbuf *out) {
  char buffer[4096];
  for (ssize_t got; (got = read(from, buffer, sizeof buffer)) > 0;) strbuf_write(out, buffer, (size_t)got);
}

const char *trial_run(arena *a, void (*work)(void *argument), void *argument, bool *survived) {
  int ends[2], status = 0;
  strbuf text = {.mem = a};
  *survived = true;
  if (pipe(ends) != 0) return "";
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) run_child(ends[1], work, argument);
  close(ends[1]);
  if (child > 0) {
    read_all(ends[0], &text);
    *survived = waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  close(ends[0]);
  return strbuf_text(&text);
}
