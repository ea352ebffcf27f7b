// --emit=kernels: for every format and activation mode that a text's `quantize` block names (or --kernels gives), the
// matmul kernel and the one that prepares activations, as a library of C functions with a header and a packer.
#include "driver/kernels.h"

#include <ctype.h>
#include <string.h>

#include "cost/tuning.h"
#include "driver/compile.h"
#include "driver/library.h"
#include "driver/tiers.h"

// ---- the model that is compiled --------------------------------------------------------------------------

// One layer for every rule, so that every format gets its recipe. Nothing of the shape ends up in a kernel.
#define LAYER_SHAPE 4096

static fe_answer find_layer(void *context, const char *file, const char *name, fe_tensor *out) {
  (void)context, (void)file;
  static const char ending[] = ".weight";
  size_t length = strlen(name);
  if (length < sizeof ending || strcmp(name + length - (sizeof ending - 1), ending) != 0) return FE_TENSOR_ABSENT;
  *out = (fe_tensor){.rank = 2, .dims = {LAYER_SHAPE, LAYER_SHAPE}, .block_type = -1};
  return FE_TENSOR_FOUND;
}

// Messages about `text` name it `name`.
static const ast *parse(job *j, const char *name, const char *text) {
  return fe_parse(j->d, j->mem, name, text, strlen(text));
}

static void add_rules(job *j, const ast *tree, ast_nodes *rules) {
  for (size_t i = 0; i < tree->items.len; i++) {
    const ast_node *item = tree->items.data[i];
    for (size_t r = 0; item->kind == AST_QUANTIZE && r < item->body.len; r++)
      vec_push(j->mem, rules, item->body.data[r]);
  }
}

// Rules as written, or, for a text without any, one for every scheme with its default parameters.
static void collect_rules(job *j, ast_nodes *rules) {
  add_rules(j, j->tree, rules);
  for (size_t i = 0; i < j->o->uses.len; i++) {
    if (j->o->uses.data[i].id != OPTION_KERNELS) continue;
    const char *text = arena_printf(j->mem, "quantize { \"*\" : %s; }", j->o->uses.data[i].argument);
    const ast *tree = parse(j, "--kernels", text);
    add_rules(j, tree, rules);
  }
}

static void collect_schemes(job *j, ast_nodes *rules) {
  for (size_t i = 0; i < j->tree->items.len; i++) {
    const ast_node *item = j->tree->items.data[i];
    if (item->kind != AST_SCHEME) continue;
    ast_node *rule = ARENA_NEW(j->mem, ast_node);
    *rule = (ast_node){.kind = AST_RULE, .name = item->name, .loc = item->loc};
    rule->value = ast_call(j->d, j->mem, item->name, ast_no_args(j->mem), item->loc);
    vec_push(j->mem, rules, rule);
  }
}

// The rule for one layer alone, without a storage layout: there are no weights.
static ast_node *rule_for_layer(job *j, const ast_node *rule, const char *layer) {
  ast_node *copy = arena_memdup(j->mem, rule, sizeof *rule);
  copy->name.text = layer;
  copy->body = (ast_nodes){0};
  for (size_t i = 0; i < rule->body.len; i++)
    if (strcmp(rule->body.data[i]->name.text, "layout") != 0) vec_push(j->mem, &copy->body, rule->body.data[i]);
  return copy;
}

// "kernels-2" -> "kernels_2"
static const char *identifier(job *j, const char *text) {
  char *copy = arena_printf(j->mem, "%s%s", isdigit((unsigned char)text[0]) ? "_" : "", text);
  for (char *c = copy; *c != '\0'; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return copy;
}

static const char *library_name(job *j) {
  const ast_node *model = job_model(j);
  if (model != NULL) return model->name.text;
  if (j->s.input != NULL && strcmp(j->s.input, "-") != 0) return identifier(j, path_stem(j->mem, j->s.input));
  return "kernels";
}

static ast_nodes model_of_layers(job *j, size_t count) {
  strbuf text = {.mem = j->mem};
  strbuf_printf(&text, "model kernels {\n  weights \"\";\n  dim tokens <= 65536;\n  input x : f32[tokens, %d];\n",
                LAYER_SHAPE);
  for (size_t i = 0; i < count; i++) strbuf_printf(&text, "  output y%zu = linear(x, \"layer%zu\");\n", i, i);
  strbuf_printf(&text, "}\nquantize {\n}\n");
  return parse(j, "--emit=kernels", strbuf_text(&text))->items;
}

bool kernels_parse(job *j) {
  ast_nodes rules = {0}, items = {0};
  collect_rules(j, &rules);
  if (rules.len == 0) collect_schemes(j, &rules);
  if (diag_error_count(j->d) > 0) return false;
  if (rules.len == 0) {
    diag_error_file(j->d, j->s.input, "names no format to make kernels of");
    diag_hint(j->d, "add a quantize block or a scheme, or use --kernels 'FORMAT, act = MODE'");
    return false;
  }
  ast_nodes made = model_of_layers(j, rules.len);
  made.data[0]->name.text = library_name(j);
  for (size_t i = 0; i < rules.len; i++)
    vec_push(j->mem, &made.data[1]->body, rule_for_layer(j, rules.data[i], arena_printf(j->mem, "layer%zu", i)));
  for (size_t i = 0; i < j->tree->items.len; i++) {
    ast_node *item = j->tree->items.data[i];
    if (item->kind != AST_MODEL && item->kind != AST_QUANTIZE) vec_push(j->mem, &items, item);
  }
  for (size_t i = 0; i < made.len; i++) vec_push(j->mem, &items, made.data[i]);
  j->tree->items = items;
  j->fe.find_tensor = find_layer;
  return true;
}

// ---- the library -----------------------------------------------------------------------------------------

const char *kernels_symbol(const job *j, const recipe *r) {
  return arena_printf(j->mem, "%s_%s", job_prefix(j), r->name);
}

const char *kernels_function(arena *a, const char *what, const recipe *r) {
  return arena_printf(a, "%s_%s", what, r->name);
}

static bool lower_recipes(const job *j, diag *d, const target_tier *tier, ir_module *kernels) {
  for (size_t i = 0; i < j->m->recipes.len; i++) {
    const recipe *r = j->m->recipes.data[i];
    const matmul_tile *tiles = j->s.target->gpu ? NULL : lower_choose_tiles(kernels->mem, r, tier, j->tuning);
    const matmul_shape plain = {.epilogue = "", .tiles = tiles};
    lower_emit_matmul(kernels, r, tier, j->s.target->gpu, &plain, kernels_function(kernels->mem, "matmul", r));
    lower_emit_prepare(kernels, &r->prepared, tier, j->s.target->gpu, kernels_function(kernels->mem, "prepare", r));
  }
  steps_kernels steps = kernels_of_steps(j);
  for (size_t i = 0; i < steps.len; i++)
    lower_emit_rows(kernels, &steps.data[i].kernel, tier, j->s.target->gpu, steps.data[i].name);
  return ir_verify(d, kernels);
}

static bool write_file(job *j, const char *directory, const char *name, const strbuf *text) {
  return output_text(j, path_join(j->mem, directory, name), text->data, text->len);
}

// A library of all tiers; or, for a GPU, the kernels' text.
static bool compile_kernels(job *j, const cg_options *co, member_list *members) {
  if (!j->s.target->gpu) return library_add_tiers(j, lower_recipes, co, members) && library_add_runtime(j, members);
  cg_member text = {.name = arena_printf(j->mem, "%s%s", j->m->name, stage_get(STAGE_PTX)->ending)};
  if (!tiers_compile(j, lower_recipes, co, CG_ASM, 1, &text.bytes)) return false;
  vec_push(j->mem, members, text);
  return true;
}

static bool write_kernels(job *j, const char *directory, const member_list *members) {
  if (!j->s.target->gpu) return library_write_archive(j, directory, members);
  const cg_member *text = &members->data[0];
  return output_text(j, path_join(j->mem, directory, text->name), text->bytes.data, text->bytes.size);
}

// A format that is a sum or has parts takes several kernels, which only a model's plan puts together.
static bool check_whole(job *j) {
  bool ok = true;
  for (size_t i = 0; i < j->m->weights.len; i++) {
    const ir_weight *w = j->m->weights.data[i];
    if (w->part != NULL || !ir_has_parts(j->m, w)) continue;
    diag_error(j->d, w->scheme->loc, "'%s' is multiplied in parts, and has no kernel of its own", w->scheme->name);
    diag_hint(j->d, "compile a model with it, or make kernels of the parts");
    ok = false;
  }
  return ok;
}

bool kernels_write(job *j) {
  cg_options co = tiers_options(j);
  member_list members = {0};
  strbuf header = {.mem = j->mem}, packer = {.mem = j->mem};
  if (j->m->recipes.len == 0) {
    diag_error_file(j->d, j->s.input, "has no matrices to make kernels of");
    return false;
  }
  if (!kernels_check_steps(j) || !check_whole(j) || !kernels_put_pack_source(j, &packer)) return false;
  kernels_put_header(j, &co, &header);
  if (!compile_kernels(j, &co, &members)) return false;
  job_phase(j, "library");
  const char *directory = output_directory(j), *name = j->m->name;
  return directory != NULL && write_kernels(j, directory, &members) &&
         write_file(j, directory, arena_printf(j->mem, "%s.h", job_prefix(j)), &header) &&
         write_file(j, directory, arena_printf(j->mem, "%s_pack.c", name), &packer);
}

void kernels_print_results(const job *j, const char *name) {
  const char *dir = j->s.output == NULL ? "." : j->s.output;
  const char *kernels = arena_printf(j->mem, j->s.target->gpu ? "%s.ptx" : "lib%s.a", name);
  printf("write    %s/%s: matmul kernels and kernels that prepare activations\n", dir, kernels);
  printf("write    %s/%s.h: layouts, sizes and calls\n", dir, job_prefix_of(j, name));
  printf("write    %s/%s_pack.c: packers of weights\n", dir, name);
}
