#include "qrt.h"

static const char *const texts[] = {
    [QRT_OK] = "no error",
    [QRT_ERROR_ARGUMENT] = "an argument is NULL, misaligned or out of range",
    [QRT_ERROR_WORKSPACE] = "the workspace is too small or not 64-byte aligned",
    [QRT_ERROR_FILE] = "the weights file cannot be opened, read or mapped",
    [QRT_ERROR_FORMAT] = "these bytes are no packed weights file, or are cut short",
    [QRT_ERROR_VERSION] = "the weights or the model were made by an incompatible version of qcc",
    [QRT_ERROR_MISMATCH] = "the weights, the header and the library are not of one model",
    [QRT_ERROR_CHECKSUM] = "the weights were damaged",
    [QRT_ERROR_CPU] = "no compiled variant of the kernels runs on this processor",
    [QRT_ERROR_UNSUPPORTED] = "not available in this configuration",
    [QRT_ERROR_THREADS] = "the system gives no more threads",
    [QRT_ERROR_CONDITION] = "the sizes of the call break a condition of the model",
};

const char *qrt_status_text(qrt_status status) {
  unsigned code = (unsigned)status;
  return code < sizeof texts / sizeof texts[0] ? texts[code] : "unknown status";
}
