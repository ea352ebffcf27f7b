// What the JSON files beside a model's weights say of its quantization: `config.json` (its quantization_config),
// `quantize_config.json`, `quantization_config.json`, `quant_config.json` and `hf_quant_config.json`.
//
// All of it is hearsay, never a fact about the tensors: what is not said, or is not of the type that was expected, is left
// open, and every scalar of the files is kept as it is in `members`. Names of methods and formats are text to us.
#ifndef QCC_FILES_QUANT_CONFIG_H
#define QCC_FILES_QUANT_CONFIG_H

#include "files/tensor_file.h"

typedef enum quant_answer { QUANT_UNSAID, QUANT_NO, QUANT_YES } quant_answer;

// How some numbers are quantized, as far as it is said.
typedef struct quant_args {
  double bits;          // 0: unsaid; may be an average
  const char *type;     // "int", "float", ..; NULL: unsaid
  const char *strategy; // "tensor", "channel", "group", "block", ..; NULL: unsaid
  int64_t group_size;   // -1: a whole row; 0: unsaid
  uint64_t block[2];    // rows and columns of a tile; 0: unsaid
  quant_answer symmetric;
  quant_answer zero_point;
  quant_answer desc_act; // groups follow another order of the inputs
  quant_answer dynamic;  // scales are computed when the model runs
} quant_args;

// A rule for some modules: a group of the configuration, or an override.
typedef struct quant_rule {
  const char *name;           // of the group, or the module's name or pattern
  const char *const *targets; // modules or classes of modules, "re:" before a pattern; overrides have none
  size_t target_count;
  const char *format; // NULL: unsaid
  bool skip;          // these modules are not quantized
  quant_args weights;
  quant_args inputs; // of activations, all unsaid when they are not quantized
} quant_rule;

typedef struct quant_config {
  const char *const *paths; // the files that say something
  size_t path_count;
  const char *method; // as written; NULL: unsaid, as all texts
  const char *format;
  const char *checkpoint_format;
  const char *version;
  quant_args weights; // of modules that no rule is about
  quant_rule *rules;
  size_t rule_count;
  const char *const *ignore; // modules that are not quantized, "re:" before a pattern
  size_t ignore_count;
  tensor_meta *members; // every scalar of the files, keys as "config_groups.a.weights.num_bits" or "names[2]"
  size_t member_count;
} quant_config;

// Reads what lies in `folder`. *out is NULL when there is no such file. When files disagree the first in the order above
// counts. False, reported, when one cannot be read or is malformed; what the others say is in *out.
bool quant_config_read(diag *d, arena *a, const char *folder, quant_config **out);

// Reads one such file from memory; its name decides what is looked for in it. *out is never NULL.
bool quant_config_parse(diag *d, arena *a, const char *path, const char *text, size_t size, quant_config **out);

// quant_config_read for the folder of a weight file that was opened by path.
bool quant_config_beside(diag *d, arena *a, const tensor_file *f, quant_config **out);

/* quant_config_layer.c */
// What is said of the weights of one layer: by a rule that names it, by one for its class, or of all. Of layers that are said
// not to be quantized, nothing.
quant_args quant_config_layer(const quant_config *c, const char *layer);

#endif
