#include "support/temporary.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/file.h"

enum { NAME_ATTEMPTS = 1000 };

typedef struct node {
  struct node *older;
  char path[];
} node;

struct temporary_list {
  pthread_mutex_t lock;
  node *newest;
};

temporary_list *temporary_list_new(void) {
  temporary_list *l = calloc(1, sizeof *l);
  if (l != NULL) pthread_mutex_init(&l->lock, NULL);
  return l; // without memory for it: no list
}

void temporary_list_free(temporary_list *l) {
  for (node *n = l == NULL ? NULL : l->newest, *older; n != NULL; n = older) {
    older = n->older;
    free(n);
  }
  free(l);
}

void temporary_hold(temporary_list *l) {
  if (l != NULL) pthread_mutex_lock(&l->lock);
}

void temporary_release(temporary_list *l) {
  if (l != NULL) pthread_mutex_unlock(&l->lock);
}

static void push(temporary_list *l, const char *path) {
  size_t size = strlen(path) + 1;
  node *n = malloc(sizeof *n + size);
  if (n == NULL) return; // the next run removes it
  memcpy(n->path, path, size);
  n->older = l->newest;
  l->newest = n;
}

void temporary_note(temporary_list *l, const char *path) {
  if (l == NULL) return;
  temporary_hold(l);
  push(l, path);
  temporary_release(l);
}

void temporary_forget(temporary_list *l, const char *path) {
  if (l == NULL) return;
  temporary_hold(l);
  node **at = &l->newest;
  while (*at != NULL && strcmp((*at)->path, path) != 0) at = &(*at)->older;
  node *found = *at;
  if (found != NULL) *at = found->older;
  temporary_release(l);
  free(found);
}

void temporary_remove_all(temporary_list *l) {
  if (l == NULL) return;
  temporary_hold(l);
  for (const node *n = l->newest; n != NULL; n = n->older)
    if (unlink(n->path) != 0) rmdir(n->path);
}

// ---- making ----------------------------------------------------------------------------------------------

// Opens a new file and locks it. Between the two a sweep may have taken it for abandoned.
static int make_locked(const char *path) {
  struct stat st;
  int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return -1;
  flock(file, LOCK_EX | LOCK_NB); // where there are no locks, the number in the name has to do
  if (fstat(file, &st) == 0 && st.st_nlink > 0) return file;
  close(file);
  errno = EEXIST;
  return -1;
}

int temporary_open(temporary_list *l, arena *a, const char *folder, const char **name) {
  for (unsigned i = 0; i < NAME_ATTEMPTS; i++) {
    *name = path_join(a, folder, arena_printf(a, ".qcc-%ld-%u.tmp", (long)getpid(), i));
    temporary_hold(l);
    int file = make_locked(*name);
    if (file >= 0 && l != NULL) push(l, *name);
    temporary_release(l);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

// ---- sweeping --------------------------------------------------------------------------------------------

// The process that made a temporary, or 0: the name is none of `.qcc-PID-N.tmp` and `.qcc-PID-N.tmp.old`.
static pid_t maker_of(const char *name) {
  static const char prefix[] = ".qcc-";
  if (strncmp(name, prefix, sizeof prefix - 1) != 0) return 0;
  char *end;
  errno = 0;
  long pid = strtol(name + sizeof prefix - 1, &end, 10);
  if (errno != 0 || pid <= 0 || pid > INT32_MAX || *end != '-' || !isdigit((unsigned char)end[1])) return 0;
  end += 1 + strspn(end + 1, "0123456789");
  return strcmp(end, ".tmp") == 0 || strcmp(end, ".tmp.old") == 0 ? (pid_t)pid : 0;
}

static bool is_locked(int folder, const char *name) {
  int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return errno != EACCES;
  bool locked = flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(file);
  return locked;
}

static bool is_abandoned(int folder, const char *name) {
  struct stat st;
  pid_t maker = maker_of(name);
  if (maker == 0 || kill(maker, 0) == 0 || errno != ESRCH) return false;
  return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && !is_locked(folder, name);
}

void temporary_sweep(const char *folder) {
  DIR *dir = opendir(folder);
  if (dir == NULL) return;
  int at = dirfd(dir);
  for (const struct dirent *e; at >= 0 && (e = readdir(dir)) != NULL;)
    if (is_abandoned(at, e->d_name)) unlinkat(at, e->d_name, 0);
  closedir(dir);
}
