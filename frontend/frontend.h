// From `.q` text to the IR: declarations of weight formats, models and how they are quantized (docs/language.md).
// Everything given back lives in the arena it was made in. Errors go to the diag, as many as can be found in one run.
#ifndef QCC_FRONTEND_FRONTEND_H
#define QCC_FRONTEND_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frontend/ast.h"
#include "ir/ir.h"

// ---- text to tree ----------------------------------------------------------------------------------------

// Reads a text; `name` is for messages and is what `include` and `weights` are relative to. The text is not copied and
// must outlive the diag. Never NULL: after errors (counted by the diag) the tree has `has_errors` set and holds what
// could be read.
ast *fe_parse(diag *d, arena *a, const char *name, const char *text, size_t length);

// The same from a file; NULL (reported) when it cannot be read.
ast *fe_parse_file(diag *d, arena *a, const char *path);

// The tree as text that parses to the same tree again. Comments are not kept, but the one above a scheme is.
const char *fe_print_ast(arena *a, const ast *tree);

// ---- tree to IR ------------------------------------------------------------------------------------------

// What is known of a tensor in a weights file.
typedef enum fe_answer {
  FE_TENSOR_FOUND,
  FE_TENSOR_ABSENT, // the file has none of that name
  FE_TENSOR_UNKNOWN // nothing is known of the file, or it cannot be read (reported by the callee)
} fe_answer;

typedef struct fe_tensor {
  unsigned rank;      // at most 4
  uint64_t dims[4];   // outermost first; logical numbers, also for block types
  int64_t block_type; // the container's number of a quantized block type; -1 for plain numbers
  const char *scheme; // the scheme that the file itself names for it, such as "q4_g(group=64)"; NULL without
  bool transposed;    // plain numbers are weights [inputs, outputs]
  bool order_open;    // they are square, and whether they are weights [outputs, inputs] is not known
} fe_tensor;

// Which format the tensors of a layer are.
typedef struct fe_recognised {
  const char *scheme;  // such as "q4_g(group=64)"; NULL: none is known, and the tensor is not what it seems (`problem`)
  const char *layout;  // of that scheme
  const char *other;   // another reading that fits as well, as text; NULL: there is none
  const char *problem; // why the layer cannot be taken as that; NULL: it can
} fe_recognised;

typedef struct fe_options {
  const char *const *dirs; // where `<scheme>.q` and included files are looked for, first match wins
  size_t dir_count;
  const char *const *operator_dirs; // where files of operators are, first match wins; included files also
  size_t operator_dir_count;
  // Asks for a tensor of a weights file (a path as ir_module.sources has it). NULL: nothing is known of any file.
  fe_answer (*find_tensor)(void *context, const char *file, const char *name, fe_tensor *out);
  // All tensor names of a weights file, for "did you mean"; 0 when nothing is known of it. May be NULL.
  size_t (*tensor_names)(void *context, const char *file, const char *const **out);
  // Asks which layout of separate tensors explains what a file has of a layer with that many columns: one of the scheme
  // `wanted` (NULL: any), if there is such a one. False when none does, or the layer has plain float weights. May be NULL.
  bool (*recognise)(void *context, const char *file, const char *layer, uint64_t columns, const char *wanted,
                    fe_recognised *out);
  // Told of each `.q` file that was read besides the first (for dependency files). May be NULL.
  void (*on_file)(void *context, const char *path);
  void *context;
} fe_options;

// Checks everything and makes the module: schemes that are used, sources, weights, and the model as tensor operations.
// A text without a model gives a module of its schemes with their default parameters. NULL after errors.
// Sources are paths relative to the text's folder (as written, unless an included file names them).
ir_module *fe_build(diag *d, arena *a, const ast *tree, const fe_options *options);

// The scheme that a text such as "q4_g(group = 64)" means: one of `tree` (may be NULL), else of the folders.
// NULL (reported) if there is none or it is wrong.
const scheme *fe_find_scheme(diag *d, arena *a, const ast *tree, const fe_options *options, const char *text);

// A rule of a text's `quantize` blocks.
typedef struct fe_format_rule {
  const char *glob;
  const scheme *scheme; // NULL: what matches stays as it is stored
  const char *layout;   // NULL: not given
  src_loc loc;          // of the glob
} fe_format_rule;

// All rules of a text, in their order; a text may have nothing else. *count is 0 after errors, which are reported.
const fe_format_rule *fe_list_rules(diag *d, arena *a, const ast *tree, const fe_options *options, size_t *count);

// The activations of a rule that names none.
act_spec fe_default_act(const scheme *s);

// ---- what there is ---------------------------------------------------------------------------------------

// A scheme, a rule with a name or an operator.
typedef struct fe_scheme_info {
  const char *name;
  const char *parameters; // "(group = 32)" or ""
  const char *summary;    // first line of the comment above; "" without
  const char *path;
} fe_scheme_info;

// The schemes in the folders, sorted by name; those that cannot be read are reported and left out. The same of the rules
// that have names.
size_t fe_list_schemes(diag *d, arena *a, const fe_options *options, const fe_scheme_info **out);
size_t fe_list_presets(diag *d, arena *a, const fe_options *options, const fe_scheme_info **out);

// The operators in the files of the folders of operators, sorted by name: of those with one name the first counts. Files
// that cannot be read are reported and left out.
size_t fe_list_operators(diag *d, arena *a, const fe_options *options, const fe_scheme_info **out);

// What a parameter of a scheme decides, as far as its uses tell.
typedef enum fe_parameter_role {
  FE_PARAMETER_OTHER,
  FE_PARAMETER_WIDTH, // bits of a field's type
  FE_PARAMETER_FLOAT, // the same of a float
  FE_PARAMETER_SIZE,  // sizes of a field's table
  FE_PARAMETER_GROUP  // how many weights share a number
} fe_parameter_role;

typedef struct fe_parameter {
  const char *name;
  int64_t value; // the default
  fe_parameter_role role;
} fe_parameter;

typedef struct fe_library_scheme {
  const char *name;
  const char *summary; // first line of the comment above; "" without
  size_t parameter_count;
  const fe_parameter *parameters;
  struct fe_scheme_decl *decl; // private to the frontend
} fe_library_scheme;

// All schemes there are, to be made with any parameters: those of `tree` (may be NULL), then those of the folders, by
// name. Files that cannot be read are reported and left out.
typedef struct fe_library fe_library;
fe_library *fe_library_open(diag *d, arena *a, const ast *tree, const fe_options *options);
size_t fe_library_count(const fe_library *l);
const fe_library_scheme *fe_library_at(const fe_library *l, size_t index);

// The scheme with these values of its parameters (NULL: the defaults). NULL when they make no valid scheme, which is not
// reported. Asking again gives the same scheme.
const scheme *fe_library_make(fe_library *l, size_t index, const int64_t *values);

// The scheme that a text such as "q4_g(group=64)" means; NULL when there is none, which is not reported.
const scheme *fe_library_find(fe_library *l, const char *text);

// `*` any characters, `?` one character (a byte), anything else itself.
bool fe_glob_match(const char *glob, const char *text);

#endif
