#include "tests/bench/spread.h"

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

void threads_list(thread_list *out) {
  out->count = 0;
  DIR *dir = opendir("/proc/self/task");
  for (struct dirent *e; dir != NULL && out->count < SPREAD_MOST && (e = readdir(dir)) != NULL;)
    if (e->d_name[0] != '.') out->ids[out->count++] = strtol(e->d_name, NULL, 10);
  if (dir != NULL) closedir(dir);
}

static bool has(const thread_list *l, long id) {
  for (size_t i = 0; i < l->count; i++)
    if (l->ids[i] == id) return true;
  return false;
}

static int compare_ids(const void *a, const void *b) {
  long x = *(const long *)a, y = *(const long *)b;
  return (x > y) - (x < y);
}

// Ties a thread to one of the processors that are on.
static void tie(long id, size_t nth) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(count > 0 ? nth % (size_t)count : 0, &one);
  (void)sched_setaffinity((pid_t)id, sizeof one, &one); // not allowed: the system places it
}

void threads_spread(const thread_list *before) {
  thread_list now;
  threads_list(&now);
  qsort(now.ids, now.count, sizeof *now.ids, compare_ids);
  tie(0, 0);
  size_t nth = 1;
  for (size_t i = 0; i < now.count; i++)
    if (now.ids[i] != getpid() && !has(before, now.ids[i])) tie(now.ids[i], nth++);
}
