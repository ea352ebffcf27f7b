#define _POSIX_C_SOURCE 200809L
#include "driver/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU};

// Those that would end the process now.
static void find_signals(sigset_t *out) {
  sigemptyset(out);
  for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++) {
    struct sigaction now;
    if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) sigaddset(out, ending[i]);
  }
}

// A thread waits for the signals, which all others have blocked: so removing is not bound to what a handler may do, and
// needs no global. The signals wait while files change their names.
static void *wait_for_signal(void *argument) {
  temporary_list *l = argument;
  sigset_t signals;
  int number;
  find_signals(&signals);
  while (sigwait(&signals, &number) != 0) {
  }
  temporary_remove_all(l);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, NULL);
  kill(getpid(), number);
  pause(); // until it arrives
  return NULL;
}

void interrupt_watch(temporary_list *l) {
  sigset_t signals, before;
  pthread_t thread;
  find_signals(&signals);
  if (l == NULL || pthread_sigmask(SIG_BLOCK, &signals, &before) != 0) return;
  if (pthread_create(&thread, NULL, wait_for_signal, l) == 0)
    pthread_detach(thread);
  else
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
