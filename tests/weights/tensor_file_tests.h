// The parts of the test program for weight files, and what they share.
#ifndef QCC_TESTS_WEIGHTS_TENSOR_FILE_TESTS_H
#define QCC_TESTS_WEIGHTS_TENSOR_FILE_TESTS_H

#include <check.h>

#include "tests/weights/samples.h"

TCase *tensor_file_cases(void);
TCase *tensor_read_cases(void);
TCase *safetensors_cases(void);
TCase *npy_cases(void);
TCase *npz_cases(void);
TCase *tflite_cases(void);
TCase *onnx_cases(void);
TCase *onnx_use_cases(void);
TCase *gguf_cases(void);
TCase *set_cases(void);
TCase *quant_config_cases(void);
TCase *tensor_write_cases(void);
TCase *shared_models_cases(void);

// Parses bytes and gives back the messages ("" when accepted). An accepted file is walked. Frees nothing of `s`.
// `accepted` may be NULL.
const char *parse_messages(arena *a, const char *name, const sample *s, bool *accepted);

// Fails the test unless `s` is refused with a message that contains `expected`. Frees `s`.
void expect_refused(const char *label, const char *name, sample s, const char *expected);

// Parses `s` cut at every length below its own, and with every single bit of its first `header` bytes flipped.
// Neither may crash; a cut file must be refused unless only the last `spare` bytes are missing.
void expect_survives_damage(const char *name, const sample *s, size_t header, size_t spare);

#endif
