/* Weights in files, mapped read-only. */
#if !defined(QRT_FREESTANDING) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include "qrt_internal.h"

#ifdef QRT_FREESTANDING

qrt_status qrt_open_file(qrt_model *model, const qrt_plan *plan, const char *path) {
  (void)plan, (void)path;
  if (model) *model = (qrt_model){0};
  return QRT_ERROR_UNSUPPORTED;
}

static void unmap(const qrt_model *model) { (void)model; }

#else

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Maps a regular file; others have no size to check and may block. An empty file is no weights file. */
static qrt_status map_file(const char *path, void **mapping, size_t *size) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return QRT_ERROR_FILE;
  struct stat info;
  qrt_status status = QRT_ERROR_FILE;
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode) && (uintmax_t)info.st_size <= SIZE_MAX) {
    *size = (size_t)info.st_size;
    *mapping = *size ? mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    status = !*size ? QRT_ERROR_FORMAT : *mapping == MAP_FAILED ? QRT_ERROR_FILE : QRT_OK;
  }
  (void)close(file);
  return status;
}

qrt_status qrt_open_file(qrt_model *model, const qrt_plan *plan, const char *path) {
  if (!model) return QRT_ERROR_ARGUMENT;
  *model = (qrt_model){0};
  if (!plan || !path) return QRT_ERROR_ARGUMENT;
  void *mapping;
  size_t size;
  qrt_status status = map_file(path, &mapping, &size);
  if (status != QRT_OK) return status;
  status = qrt_open_memory(model, plan, mapping, size);
  if (status != QRT_OK) {
    (void)munmap(mapping, size);
    return status;
  }
  model->mapping = mapping;
  model->mapping_size = size;
  return QRT_OK;
}

static void unmap(const qrt_model *model) {
  if (model->mapping) (void)munmap(model->mapping, model->mapping_size);
}

#endif

void qrt_close(qrt_model *model) {
  if (!model) return;
  unmap(model);
  *model = (qrt_model){0};
}
