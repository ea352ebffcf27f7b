#include "tests/bench/steps.h"

#if defined(__linux__) && defined(__x86_64__)
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

// Stops before and after the call, so that the parent counts what is between.
static void run_child(qrt_kernel k, const qrt_args *args, uint64_t work) {
  (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
  (void)raise(SIGSTOP);
  k(args, 0, work);
  (void)raise(SIGSTOP);
  _exit(0);
}

// One instruction further. False when the child has stopped by itself.
static bool step(pid_t child) {
  int status;
  if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child) return false;
  return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

// Counts from the kernel's first instruction until it returns. The call itself is a few steps away.
static void follow(step_counts *out, pid_t child, uint64_t kernel) {
  struct user_regs_struct regs;
  uint64_t stack = 0;
  while (step(child) && ptrace(PTRACE_GETREGS, child, NULL, &regs) == 0) {
    if (stack == 0 && regs.rip != kernel) continue;
    if (stack == 0) stack = regs.rsp;
    if (regs.rsp > stack) return;
    out->total++;
    if (regs.rip >= kernel && regs.rip - kernel < out->size) out->at[regs.rip - kernel]++;
  }
}

bool steps_count(step_counts *out, diag *d, arena *a, qrt_kernel k, const qrt_args *args, uint64_t work, size_t size) {
  uint64_t kernel = 0;
  int status;
  memcpy(&kernel, &k, sizeof kernel);
  *out = (step_counts){.size = size, .at = ARENA_ARRAY(a, uint32_t, size)};
  pid_t child = fork();
  if (child == 0) run_child(k, args, work);
  if (child > 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status)) follow(out, child, kernel);
  if (child > 0) {
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
  }
  if (out->total == 0) diag_error_file(d, "qcc_bench", "this system does not let one process step through another");
  return out->total > 0;
}

#else

bool steps_count(step_counts *out, diag *d, arena *a, qrt_kernel k, const qrt_args *args, uint64_t work, size_t size) {
  (void)out, (void)a, (void)k, (void)args, (void)work, (void)size;
  diag_error_file(d, "qcc_bench", "steps are counted on x86-64 Linux only");
  return false;
}

#endif
