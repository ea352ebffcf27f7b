// What the files that give meaning to the tree share. Private to the frontend.
//
// A function that reports an error gives back NULL or false, and its callers pass that on without a word of their own:
// one mistake, one message.
#ifndef QCC_FRONTEND_SEMA_H
#define QCC_FRONTEND_SEMA_H

#include "frontend/frontend.h"
#include "support/map.h"

// ---- names -----------------------------------------------------------------------------------------------

typedef enum fe_symbol_kind {
  FE_SYMBOL_CONST,
  FE_SYMBOL_FIELD,
  FE_SYMBOL_TABLE,
  FE_SYMBOL_VAR,
  FE_SYMBOL_TENSOR, // of a layout
  FE_SYMBOL_DIM,    // the batch of a model
  FE_SYMBOL_VALUE   // of a model
} fe_symbol_kind;

typedef struct fe_symbol {
  const char *name;
  fe_symbol_kind kind;
  unsigned index; // of a field, variable, table or layout tensor
  bool is_int;    // fields, tables
  unsigned rank;  // fields, tables and tensors with elements
  uint64_t dims[SCHEME_MAX_RANK];
  const expr *constant; // CONST: a literal; NULL when it is wrong (reported)
  ir_value *value;      // VALUE; NULL when it is wrong
  src_loc loc;
} fe_symbol;

// What the names of a scope may be used for.
typedef enum fe_use { FE_USE_CONSTANT, FE_USE_VALUE, FE_USE_BLOCK, FE_USE_TENSORS, FE_USE_DIMENSION } fe_use;

typedef struct fe_scope {
  const struct fe_scope *outer;
  VEC(fe_symbol *) symbols;
  name_map index; // of these, once they are many
} fe_scope;

// ---- the whole run ---------------------------------------------------------------------------------------

// A scheme as declared, and the text it is in (whose constants it sees).
typedef struct fe_scheme_decl {
  const ast_node *node;
  const fe_scope *constants;
  bool broken;   // an instance of it has been reported as wrong
  bool building; // an instance of it is being made
} fe_scheme_decl;

// A rule with a name, and the text it is in.
typedef struct fe_preset_decl {
  const ast_node *node;
  const fe_scope *constants;
} fe_preset_decl;

// A rule of `quantize`.
typedef struct fe_rule {
  const ast_node *node;
  const scheme *scheme; // NULL when it is wrong (reported), or `as_stored`
  bool as_stored;       // names no scheme: the file says it
  bool has_act;
  act_spec act;
  ast_name layout; // text NULL: not given
  bool matched;
} fe_rule;

// A declaration and the folder of the text it is in, relative to the first text's: "" or ending in '/'.
typedef struct fe_item {
  const ast_node *node;
  const char *folder;
} fe_item;

// How much the sums of the text have become, which are written out.
typedef struct fe_written {
  const ast_expr *sum; // the outermost one at hand; NULL: none
  uint64_t of_sum, of_text;
  bool refused; // this sum became too much, which was reported
} fe_written;

typedef struct fe_context {
  diag *d;
  arena *mem;
  const fe_options *options;
  fe_scope constants;            // of the first text and what it includes
  name_map paths;                // texts that were read
  bool has_broken_text;          // one of these has a syntax error
  unsigned depth;                // of the text that is read, in those that include it
  VEC(fe_scheme_decl *) schemes; // of all texts, in their order
  VEC(fe_preset_decl *) presets;
  name_map schemes_by_name, presets_by_name;
  name_map instances; // by names with arguments
  name_map added;     // names of those that the module has
  VEC(fe_item) models;
  VEC(const ast_node *) quantize;
  fe_written written;
} fe_context;

/* suggest.c */
// After "there is no scheme": what may have been meant.
void fe_suggest_scheme(fe_context *c, const char *name);
// After a text was not found: which of the folders that were given are none.
void fe_hint_folders(fe_context *c);

/* names.c */
const fe_symbol *fe_find(const fe_scope *scope, const char *name);
// Adds a name, or reports that the scope has it already. Gives the symbol in the scope, NULL when it is a second one.
fe_symbol *fe_declare(fe_context *c, fe_scope *scope, fe_symbol symbol);
// After an error about `name`: "did you mean 'x'?" when a candidate is close.
void fe_suggest(fe_context *c, const char *name, const char *const *candidates, size_t count);
// The closest one, or all of them where they are few; `none` where there are none.
void fe_suggest_or_list(fe_context *c, const char *name, const char *const *candidates, size_t count, const char *none);
void fe_suggest_symbol(fe_context *c, const fe_scope *scope, const char *name);
// The argument of that name; NULL without.
const ast_arg *fe_find_arg(const ast_args *args, const char *name);
// Reports arguments without a name, of an unknown name, or given twice. `known` are `count` names.
enum { FE_MAX_ARGS = 1000 }; // more are an error
bool fe_check_args(fe_context *c, const ast_args *args, const char *what, const char *const *known, size_t count);
bool fe_same_text(const char *a, const char *b);

/* fold.c: operators on literals, with overflow and division by zero as errors */
bool fe_is_literal(const expr *e);
double fe_literal_real(const expr *e);
const expr *fe_fold(fe_context *c, expr_op op, size_t count, const expr *const *args, src_loc loc);

/* value_expr.c: expressions of schemes */
const expr *fe_lower(fe_context *c, const fe_scope *scope, fe_use use, const ast_expr *e);
// Constants: a literal; an integer; an integer within [min, max] that messages call `what`.
const expr *fe_constant(fe_context *c, const fe_scope *scope, const ast_expr *e);
bool fe_constant_int(fe_context *c, const fe_scope *scope, const ast_expr *e, int64_t *out);
bool fe_constant_in(fe_context *c, const fe_scope *scope, const ast_expr *e, const char *what, int64_t min, int64_t max,
                    int64_t *out);
// Declares the constants of `const` nodes.
void fe_declare_const(fe_context *c, fe_scope *scope, const ast_node *node);
// Operators and functions that work on literals as well as on fields: one application, checked and folded.
const expr *fe_apply(fe_context *c, ast_operator op, size_t count, const expr *const *args, src_loc loc);

/* types.c */
// The element type that is meant, e.g. u4 or u(bits); false, and some type, when there is none such.
bool fe_elem_type(fe_context *c, const fe_scope *scope, const ast_type *type, elem_type *out);
// Sizes of a table: constants of at least 1 each.
bool fe_dims(fe_context *c, const fe_scope *scope, const ast_type *type, unsigned *rank, uint64_t *dims);

/* scheme_build.c */
// The scheme with its arguments; reports once what is wrong with it. `use` is where it is asked for.
const scheme *fe_instantiate(fe_context *c, fe_scheme_decl *decl, const ast_args *args, src_loc use);
fe_scheme_decl *fe_find_scheme_decl(fe_context *c, ast_name name);
const scheme *fe_resolve_scheme(fe_context *c, const ast_expr *reference);
// The same, with arguments over the names of `scope`.
const scheme *fe_resolve_scheme_in(fe_context *c, const fe_scope *scope, const ast_expr *reference);
// The first scheme, of the text and then of the folders, with a layout for a container's block type; NULL without.
const scheme *fe_scheme_of_blocks(fe_context *c, int64_t block_type, const scheme_layout **layout);

bool fe_is_declared_scheme(const fe_context *c, const char *name);

/* preset.c */
fe_preset_decl *fe_find_preset(const fe_context *c, const char *name); // among those declared; NULL: none
void fe_add_preset(fe_context *c, const ast_node *node, const fe_scope *constants);
// The rule with what the preset it names stands for, all the way to a scheme; itself when it names a scheme. NULL
// (reported) when that is wrong. The same for a reference alone.
const ast_node *fe_expand_rule(fe_context *c, const ast_node *rule);
const ast_expr *fe_expand_reference(fe_context *c, const ast_expr *reference);

/* transform_build.c */
// The steps of an `input` or `output` of a scheme; false when something is wrong (reported).
bool fe_build_transform(fe_context *c, const fe_scope *scope, const ast_node *node, transform *out);

/* layout_build.c, layout_overlap.c */
bool fe_build_layout(fe_context *c, const fe_scope *scope, const scheme *s, const ast_node *node, scheme_layout *out);
// Reports bits of a block that two elements share.
bool fe_check_overlap(fe_context *c, const scheme *s, const scheme_layout *l);

/* files.c */
// Takes in the declarations of a text and of what it includes.
void fe_add_source(fe_context *c, const ast *tree, const char *folder, fe_scope *constants);
// Looks for `<name>.q` in the folders; declares its schemes. False when there is no such file.
bool fe_load_scheme_file(fe_context *c, const char *name);
// That file's tree; NULL when there is none, or it cannot be read, or was read before.
const ast *fe_read_scheme_file(fe_context *c, const char *name);
// Names of all `.q` files in the folders, without the ending, sorted.
size_t fe_library_names(fe_context *c, const char *const **out);
// The paths of all files of operators, those of one folder by name.
size_t fe_operator_files(fe_context *c, const char *const **out);

/* quantize.c */
// Models may have a rule for each layer: those that are names are looked up, only globs are tried one by one.
typedef struct fe_rules {
  VEC(fe_rule) all;
  name_map named;    // to the first rule with just that name
  VEC(size_t) globs; // positions of the others
} fe_rules;
void fe_build_rules(fe_context *c, fe_rules *out);
// Checks a rule with a name, with its default parameters.
void fe_check_preset(fe_context *c, const fe_preset_decl *decl);
// The first rule whose glob matches; NULL when none does.
fe_rule *fe_match_rule(fe_rules *rules, const char *layer);
void fe_warn_unused_rules(fe_context *c, const fe_rules *rules, const ir_module *m);

/* build.c */
// Adds a scheme to the module, unless it has it: first the schemes of its parts.
void fe_add_scheme(fe_context *c, ir_module *m, const scheme *s);

/* model.c */
bool fe_build_model(fe_context *c, ir_module *m, const ast_node *node, const char *folder);

#endif
