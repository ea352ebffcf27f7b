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

// Nodes that tie scales to codes, turn matrices and read them.
static bool write_onnx_graphs(seed_writer *w) {
  static const char *const graphs[] = {
      "a=Transpose(w;perm=10) y=Gemm(x,a;transB=1)",
      "d=DequantizeLinear(c,s;axis=0) t1=Transpose(d) y=MatMul(x,t1)",
      "y=QLinearMatMul(x,xs,xz,c,s) z=Conv(y,k)",
      "e=Gather(w,i) a=Cast(w) b=Identity(a) y=MatMul(e,b)",
      "y=MatMulNBits(x,codes,norms;K=64;N=3;bits=4;block_size=32)",
  };
  bool ok = true;
  for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++)
    ok = write_seed(w, "onnx", arena_printf(w->mem, "graph%zu", i), sample_onnx_graph(graphs[i])) && ok;
  return ok;
}

// The list that llama.cpp's tool wrote at first: one entry of two columns.
static sample importance_list(void) {
  sample s = {0};
  sample_append_int(&s, 4, 1); // entries
  sample_append_int(&s, 4, 2);
  sample_append(&s, "fc", 2);
  sample_append_int(&s, 4, 1);                  // calls
  sample_append_int(&s, 4, 2);                  // columns
  sample_append_int(&s, 8, 0x400000003f800000); // 1 and 2
  return s;
}

static void append_entry(sample *s, const char *name, uint64_t columns, uint32_t type, uint64_t offset) {
  sample_append_int(s, 8, strlen(name));
  sample_append(s, name, strlen(name));
  sample_append_int(s, 4, 2);
  sample_append_int(s, 8, columns);
  sample_append_int(s, 8, 1);
  sample_append_int(s, 4, type); // 0: F32
  sample_append_int(s, 8, offset);
}

// Its GGUF file, with so many counts of a type.
static sample importance_sums(uint64_t counts, uint32_t type) {
  enum { ALIGNMENT = 32 };
  sample s = {0};
  sample_append(&s, "GGUF\3\0\0\0", 8);
  sample_append_int(&s, 8, 2);
  sample_append_int(&s, 8, 0);
  append_entry(&s, "fc.in_sum2", 2, 0, 0);
  append_entry(&s, "fc.counts", counts, type, ALIGNMENT);
  sample padded = sample_resized(&s, (s.size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT + 4);
  sample_put(&padded, padded.size - 4, 4, 0x3f800000);
  sample_free(&s);
  return padded;
}

static bool write_importance(seed_writer *w) {
  const uint32_t unknown = 247; // whose size is as large as the file
  return write_seed(w, "imatrix", "list", importance_list()) &&
         write_seed(w, "imatrix", "gguf", importance_sums(1, 0)) &&
         write_seed(w, "imatrix", "blocks", importance_sums(1 << 24, unknown));
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
            write_json(&w) && write_onnx_graphs(&w) && write_importance(&w);
  ok = ok ? file_set_commit(w.set) : (file_set_abort(w.set), false);
  arena_free(a);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
