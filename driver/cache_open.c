// Where the cache is, how large it may become, and which compiler it is for.
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/cache.h"
#include "driver/settings.h"
#include "support/file.h"

#define DEFAULT_MEGABYTES 512
#define MAX_MEGABYTES 16777216

static const char *environment(const char *name) {
  const char *text = getenv(name);
  return text == NULL || *text == '\0' ? NULL : text;
}

// QCC_CACHE_DIR that is there but empty means none.
static const char *choose_folder(arena *a, const options *o) {
  const char *own = getenv("QCC_CACHE_DIR"), *caches = environment("XDG_CACHE_HOME"), *home = environment("HOME");
  if (option_given(o, OPTION_NO_CACHE)) return NULL;
  if (own != NULL) return *own == '\0' ? NULL : own;
  if (caches != NULL && caches[0] == '/') return path_join(a, caches, "qcc");
  return home == NULL ? NULL : path_join(a, home, ".cache/qcc");
}

// ---- the compiler ----------------------------------------------------------------------------------------

typedef struct compiler {
  digester *g;
  size_t objects;
} compiler;

// The notes of an object that is loaded: its build id is among them.
static size_t add_notes(compiler *c, const struct dl_phdr_info *info) {
  size_t added = 0;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_NOTE) continue;
    const void *notes = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    digester_bytes(c->g, notes, info->dlpi_phdr[i].p_memsz);
    added++;
  }
  return added;
}

static void add_file_identity(compiler *c, const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) return;
  digester_number(c->g, (uint64_t)st.st_size);
  digester_number(c->g, (uint64_t)st.st_mtim.tv_sec);
  digester_number(c->g, (uint64_t)st.st_mtim.tv_nsec);
}

// Executable and libraries: by their build ids, and by size and time, should there be none.
static int add_object(struct dl_phdr_info *info, size_t size, void *argument) {
  (void)size;
  compiler *c = argument;
  const char *path = c->objects++ == 0 ? "/proc/self/exe" : info->dlpi_name;
  add_notes(c, info);
  add_file_identity(c, path);
  return 0;
}

static digest compiler_identity(arena *a) {
  compiler c = {.g = digester_new(a)};
  digester_text(c.g, QCC_VERSION " " QCC_LLVM_VERSION_TEXT);
  dl_iterate_phdr(add_object, &c);
  return digester_end(c.g);
}

// Whether only this user (or root) can put something there. A folder that is not there yet is made so.
static bool is_private(diag *d, const char *folder) {
  struct stat st;
  if (stat(folder, &st) != 0) return true;
  bool others = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0, owned = st.st_uid == geteuid() || st.st_uid == 0;
  if (!others && owned) return true;
  diag_warning(d, "cache", SRC_NOWHERE, "the cache in '%s' is not used: %s could put code into your programs there",
               folder, owned ? "others" : "its owner");
  diag_hint(d,
            owned ? "take their right to write away: chmod go-w '%s'"
                  : "name a folder of your own in QCC_CACHE_DIR, instead of '%s'",
            folder);
  return false;
}

bool cache_open(diag *d, arena *a, const options *o, temporary_list *temporaries, cache *out) {
  const char *size = environment("QCC_CACHE_SIZE");
  uint64_t megabytes = DEFAULT_MEGABYTES;
  if (size != NULL && !settings_number(d, "QCC_CACHE_SIZE", size, MAX_MEGABYTES, &megabytes)) return false;
  *out = (cache){.folder = choose_folder(a, o), .limit = megabytes << 20, .temporaries = temporaries};
  if (out->folder != NULL && !is_private(d, out->folder)) out->folder = NULL;
  if (out->folder != NULL) out->compiler = compiler_identity(a);
  return true;
}
