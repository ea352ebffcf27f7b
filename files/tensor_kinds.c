// Which kind a weight file is, by its content, and what to say of those that cannot be read.
#include <string.h>

#include "files/protobuf.h"
#include "files/tensor_parse.h"

enum { SAFETENSORS }; // the row

static const tensor_file_kind_row kinds[] = {
    [SAFETENSORS] = {.name = "safetensors",
                     .recognise = safetensors_recognise,
                     .parse = safetensors_parse,
                     .complete = safetensors_complete},
    {.name = "sharded safetensors", .recognise = safetensors_index_recognise, .parse = safetensors_index_parse},
    {.name = "GGUF", .recognise = gguf_recognise, .parse = gguf_parse, .complete = gguf_complete},
    {.name = "npy", .recognise = npy_recognise, .parse = npy_parse},
    {.name = "TFLite", .recognise = tflite_recognise, .parse = tflite_parse},
    {.name = "npz", .recognise = npz_recognise, .parse = npz_parse},
    {.name = "ONNX", .recognise = onnx_recognise, .parse = onnx_parse, .vague = true},
    {.name = "ONNX tensor", .recognise = onnx_tensor_recognise, .parse = onnx_tensor_parse, .vague = true},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

// Files that people pass by mistake, by their first bytes, with what to do instead.
typedef struct refused_kind {
  const char *magic;
  unsigned offset;
  unsigned length;
  const char *what;
  const char *hint;
} refused_kind;

#define TAKE_ORIGINAL "take the model that it was converted from"
#define SAVE_AS_SAFETENSORS "load it with its own library and save the tensors with safetensors"

static const refused_kind refused[] = {
    {"\x80\x02", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"\x80\x03", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"\x80\x04", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"\x80\x05", 0, 2, "a Python pickle, which is executable code", SAVE_AS_SAFETENSORS},
    {"\x89HDF\r\n\x1a\n", 0, 8, "an HDF5 file", SAVE_AS_SAFETENSORS},
    {"lmgg", 0, 4, "a GGML file from before GGUF", "convert it to GGUF with the scripts of the program that wrote it"},
    {"fmgg", 0, 4, "a GGML file from before GGUF", "convert it to GGUF with the scripts of the program that wrote it"},
    {"tjgg", 0, 4, "a GGML file from before GGUF", "convert it to GGUF with the scripts of the program that wrote it"},
    {"algg", 0, 4, "a GGML adapter file from before GGUF", "convert it to GGUF"},
    {"ptrt", 0, 4, "a TensorRT engine, which is compiled for one GPU", TAKE_ORIGINAL},
    {"ftrt", 0, 4, "a TensorRT engine, which is compiled for one GPU", TAKE_ORIGINAL},
    {"\xef\xbe\xad\xde", 64, 4, "the weights of a Core ML package", TAKE_ORIGINAL},
    {"<?xml", 0, 5, "an XML text, such as the description of an OpenVINO model", TAKE_ORIGINAL},
    {"version https://git-lfs", 0, 23, "a Git LFS pointer, not the file itself", "run `git lfs pull`"},
    {"<!DOCTYPE", 0, 9, "an HTML page, not weights", "the download failed; check the address and log in if needed"},
    {"<html", 0, 5, "an HTML page, not weights", "the download failed; check the address and log in if needed"},
    {"\x1f\x8b", 0, 2, "compressed with gzip", "decompress it first"},
    {"\x28\xb5\x2f\xfd", 0, 4, "compressed with zstd", "decompress it first"},
    {"\xfd"
     "7zXZ",
     0, 5, "compressed with xz", "decompress it first"},
    {"{", 0, 1, "a JSON text, not weights", "name the .safetensors file itself (of a sharded model: each shard)"},
};

static const refused_kind *find_refused(const uint8_t *data, size_t size) {
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    const refused_kind *r = &refused[i];
    if (size >= r->offset + r->length && memcmp(data + r->offset, r->magic, r->length) == 0) return r;
  }
  return NULL;
}

// Protocol Buffers, too: a version, a description, and a number from 200 on for the model's type.
static bool is_core_ml(const uint8_t *data, size_t size) {
  enum { LOOK_AT = 16, VERSION = 1, DESCRIPTION = 2, FIRST_TYPE = 200, LAST_TYPE = 3000 };
  pb_cursor c = {.at = data, .end = data + size};
  pb_field field;
  bool version = false, description = false;
  for (unsigned i = 0; i < LOOK_AT; i++) {
    pb_step step = pb_next(&c, &field);
    version = version || (field.number == VERSION && field.wire == PB_VARINT);
    description = description || (field.number == DESCRIPTION && field.wire == PB_BYTES);
    if (field.number >= FIRST_TYPE && field.number <= LAST_TYPE && field.wire == PB_BYTES)
      return version && description;
    if (step != PB_FIELD) return false;
  }
  return false;
}

static void report_unknown(diag *d, const tensor_file *f) {
  const char *path = f->bytes.path;
  const refused_kind *r = find_refused(f->bytes.data, f->bytes.size);
  if (f->bytes.size == 0) {
    diag_error_file(d, path, "the file is empty");
    diag_hint(d, "fetch it or save it again");
  } else if (r != NULL) {
    diag_error_file(d, path, "this is %s; qcc reads %s", r->what, tensor_file_kinds(f->mem));
    diag_hint(d, "%s", r->hint);
  } else if (is_core_ml(f->bytes.data, f->bytes.size)) {
    diag_error_file(d, path, "this is a Core ML model; qcc reads %s", tensor_file_kinds(f->mem));
    diag_hint(d, "take the model that it was converted from");
  } else {
    diag_error_file(d, path, "not a weight file that qcc knows (it begins with %s)",
                    tensor_quote(f->mem, f->bytes.data, f->bytes.size < 8 ? f->bytes.size : 8));
    diag_hint(d, "qcc reads %s", tensor_file_kinds(f->mem));
  }
}

const char *tensor_file_kinds(arena *a) {
  strbuf b = {.mem = a};
  for (size_t i = 0; i < KIND_COUNT; i++)
    strbuf_printf(&b, "%s%s", i == 0 ? "" : i + 1 == KIND_COUNT ? " and " : ", ", kinds[i].name);
  return strbuf_text(&b);
}

// The kind by content. A file whose name ends in .safetensors and that is nothing else gets that reader's message,
// which is more exact than "unknown".
static const tensor_file_kind_row *find_kind(const tensor_file *f) {
  const uint8_t *data = f->bytes.data;
  size_t size = f->bytes.size;
  bool refuse = find_refused(data, size) != NULL || is_core_ml(data, size);
  for (size_t i = 0; i < KIND_COUNT; i++) {
    if (!(refuse && kinds[i].vague) && kinds[i].recognise(data, size)) return &kinds[i];
  }
  bool other = size == 0 || refuse;
  return !other && path_ends_in(f->bytes.path, ".safetensors") ? &kinds[SAFETENSORS] : NULL;
}

const tensor_file_kind_row *tensor_kind_safetensors(void) { return &kinds[SAFETENSORS]; }

const tensor_file_kind_row *tensor_kind_find(diag *d, const tensor_file *f) {
  const tensor_file_kind_row *kind = find_kind(f);
  if (kind == NULL) report_unknown(d, f);
  return kind;
}
