// Names of models, such as "llama-7b-GPTQ-4bit-128g.safetensors": what their parts say. The grammar is here; words that
// stand for formats are the names of schemes and layouts.
#ifndef QCC_INSPECT_NAMES_H
#define QCC_INSPECT_NAMES_H

#include <stdio.h>

#include "inspect/catalogue.h"

// NULL or 0: not said. Texts are as written in the name.
typedef struct name_parts {
  const char *text;       // the whole name, without folders
  const char *base;       // "llama", with the words that nothing is known of
  const char *parameters; // "7b"
  const char *method;     // "GPTQ": names a layout or a scheme, with its variant
  const scheme *scheme;   // that the method names; NULL for a layout
  bool names_layout;      // the method is a layout
  unsigned method_bits;   // of the codes of the scheme, or of the only one that has the layout; 0: not known
  unsigned bits;          // of weights
  unsigned activation_bits;
  uint64_t group;
  const char *extra;     // other words about quantization, such as "act-order"
  const char *extension; // "safetensors"
} name_parts;

name_parts name_decode(const catalogue *c, arena *a, const char *name);

// Six fields, a line each.
void name_print(FILE *out, arena *a, const name_parts *n);

#endif
