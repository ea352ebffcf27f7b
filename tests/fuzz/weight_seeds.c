// Writes small valid weight files as seeds for the fuzzers: weight_seeds DIR makes DIR/<kind>/<name>.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/file.h"
#include "tests/weights/samples.h"

typedef struct seed_writer {
  const char *dir;
  arena *mem;
  diag *d;
  file_set *set;
} seed_writer;

static bool write_seed(seed_writer *w, const char *kind, const char *name, sample s) {
  const char *dir = path_join(w->mem, w->dir, kind);
  out_file *out = file_make_directory(w->d, dir) ? file_set_open(w->set, path_join(w->mem, dir, name)) : NULL;
  if (out != NULL) out_write(out, s.data, s.size);
  sample_free(&s);
  return out != NULL;
}

static bool write_safetensors(seed_writer *w) {
  return write_seed(w, "safetensors", "whole",
                    sample_safetensors(sample_safetensors_header, SAMPLE_SAFETENSORS_DATA)) &&
         write_seed(w, "safetensors", "none", sample_safetensors("{}", 0)) &&
         write_seed(w, "safetensors", "one",
                    sample_safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", 8));
}

static bool write_npy(seed_writer *w) {
  return write_seed(w, "npy", "v1", sample_npy(1, sample_npy_header, SAMPLE_NPY_DATA)) &&
         write_seed(w, "npy", "v2", sample_npy(2, sample_npy_header, SAMPLE_NPY_DATA)) &&
         write_seed(w, "npy", "deep",
                    sample_npy(1, "{'descr':'|u1','fortran_order':False,'shape':(1,1,1,2,1,1,1,1)}", 2)) &&
         write_seed(w, "npy", "v3", sample_npy(3, "{'shape':(),'fortran_order':False,'descr':'<f8'}", 8));
}

static bool write_gguf(seed_writer *w) {
  sample none = sample_gguf();
  sample small = sample_resized(&none, 24);
  sample_put(&small, 8, 8, 0);
  sample_put(&small, 16, 8, 0);
  sample_free(&none);
  return write_seed(w, "gguf", "whole", sample_gguf()) && write_seed(w, "gguf", "none", small);
}

static bool write_archives(seed_writer *w) {
  return write_seed(w, "npz", "two", sample_npz(false)) && write_seed(w, "npz", "wide", sample_npz(true)) &&
         write_seed(w, "npz", "none", sample_zip(NULL, 0, false));
}

static bool write_graphs(seed_writer *w) {
  sample tensor = sample_onnx_tensor("t", 1, 1, (const int64_t[]){1});
  sample_pb_bytes(&tensor, 9, "1234", 4);
  return write_seed(w, "tflite", "whole", sample_tflite(0)) && write_seed(w, "tflite", "shared", sample_tflite(2)) &&
         write_seed(w, "onnx", "whole", sample_onnx()) && write_seed(w, "onnx", "tensor", tensor);
}

static sample text_seed(const char *text) {
  sample s = {0};
  sample_append(&s, text, strlen(text));
  return s;
}

static bool write_json(seed_writer *w) {
  return write_seed(w, "json", "groups",
                    text_seed("{\"quantization_config\":{\"quant_method\":\"m\",\"config_groups\":{\"g\":{\"targets\":"
                              "[\"Linear\"],\"weights\":{\"num_bits\":4,\"group_size\":64}}},\"ignore\":[\"h\"]}}")) &&
         write_seed(
             w, "json", "rules",
             text_seed("{\"bits\":4,\"group_size\":-1,\"sym\":true,\"dynamic\":{\"+:a\":{\"bits\":8},\"-:b\":{}}}"));
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: weight_seeds DIR\n", stderr), 2;
  arena *a = arena_new();
  diag *d = diag_new(a, stderr, false);
  seed_writer w = {.dir = argv[1], .mem = a, .d = d, .set = file_set_new(d, a)};
  bool ok = write_safetensors(&w) && write_npy(&w) && write_gguf(&w) && write_archives(&w) && write_graphs(&w) &&
            write_json(&w);
  ok = ok ? file_set_commit(w.set) : (file_set_abort(w.set), false);
  arena_free(a);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
