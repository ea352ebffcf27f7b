// Which kernel computes an operation, and the kernels of a plan for one tier. Names say what a kernel does, so that
// equal kernels are emitted once.
#include <string.h>

#include "cost/tuning.h"
#include "ir/plan_write.h"
#include "network/passes.h"

static const recipe *recipe_of(const ir_module *m, const ir_op *op) {
  const ir_attr *attr = ir_get_attr(op, IR_ATTR_RECIPE);
  return attr == NULL ? NULL : ir_find_recipe(m, attr->s);
}

static matmul_shape shape_of(const ir_op *op) {
  const ir_attr *epilogue = ir_get_attr(op, IR_ATTR_EPILOGUE);
  return (matmul_shape){.epilogue = epilogue == NULL ? "" : epilogue->s,
                        .bias = ir_attr_int(op, IR_ATTR_HAS_BIAS, 0) != 0,
                        .addend = ir_attr_int(op, IR_ATTR_HAS_ADDEND, 0) != 0,
                        .residual = ir_attr_int(op, IR_ATTR_HAS_RESIDUAL, 0) != 0};
}

static const char *shape_name(arena *a, const matmul_shape *s) {
  return arena_printf(a, "%s%s%s%s%s", s->bias ? "__bias" : "", s->addend ? "__addend" : "",
                      *s->epilogue == '\0' ? "" : "__", s->epilogue, s->residual ? "__residual" : "");
}

static kernel_choice choose_matmul(arena *a, const ir_module *m, const ir_op *op) {
  kernel_choice c = {.recipe = recipe_of(m, op), .shape = shape_of(op)};
  c.name = arena_printf(a, "matmul_%s%s", c.recipe->name, shape_name(a, &c.shape));
  return c;
}

// Lists of equal form share kernels, whatever room they have.
static kernel_choice choose_sparse(arena *a, const ir_module *m, const ir_op *op) {
  kernel_choice c = {.sparse = ir_find_weight(m, ir_get_attr(op, IR_ATTR_WEIGHT)->s)->sparse, .shape = shape_of(op)};
  const sparse_packing *p = c.sparse;
  c.name = arena_printf(a, "sparse_%s_%s_%llux%llu_by_%llu%s%s", elem_get(p->store)->name, elem_get(p->column)->name,
                        (unsigned long long)p->tile_rows, (unsigned long long)p->width, (unsigned long long)p->step,
                        p->scaled ? "_scaled" : "", shape_name(a, &c.shape));
  return c;
}

static kernel_choice choose_rows(arena *a, const ir_op *op) {
  const ir_attr *eps = ir_get_attr(op, IR_ATTR_EPS), *mul = ir_get_attr(op, IR_ATTR_MUL);
  const ir_attr *add = ir_get_attr(op, IR_ATTR_ADD);
  bool norm = op->code == IR_LAYERNORM || op->code == IR_RMSNORM;
  kernel_choice c = {.rows = {.op = op->code,
                              .gain = norm && op->operand_count > 1,
                              .bias = norm && op->operand_count > 2,
                              .eps = eps == NULL ? 1e-5 : eps->r,
                              .mul = mul == NULL ? 1 : mul->r,
                              .add = add == NULL ? -0.0 : add->r, // changes no number
                              .block = (uint64_t)ir_attr_int(op, IR_ATTR_BLOCK, 0)}};
  c.name = lower_rows_name(a, &c.rows);
  return c;
}

kernel_choice lower_choose_kernel(arena *a, const ir_module *m, const ir_op *op) {
  if (op->code == IR_MATMUL) return choose_matmul(a, m, op);
  if (op->code == IR_SPARSE) return choose_sparse(a, m, op);
  if (op->code == IR_PREPARE) {
    const recipe *r = recipe_of(m, op);
    return (kernel_choice){.name = arena_printf(a, "prepare_%s", r->name), .recipe = r};
  }
  return op->code != IR_RESHAPE && lower_is_rows(op->code) ? choose_rows(a, op) : (kernel_choice){0};
}

kernel_choice lower_copy_kernel(arena *a) {
  kernel_choice c = {.rows = {.op = IR_RESHAPE}};
  c.name = lower_rows_name(a, &c.rows);
  return c;
}

// What makes the kernel of a name: names are made from operations.
typedef struct named_kernel {
  kernel_choice choice;
  ir_opcode code;
} named_kernel;

static void add_named(name_map *all, const kernel_choice *choice, ir_opcode code) {
  if (choice->name == NULL || name_map_get(all, choice->name) != NULL) return;
  named_kernel *made = ARENA_NEW(all->mem, named_kernel);
  *made = (named_kernel){*choice, code};
  name_map_set(all, choice->name, made);
}

static name_map find_choices(arena *a, const ir_module *m) {
  const ir_func *f = ir_find_model(m);
  name_map all = {.mem = a};
  for (size_t i = 0; f != NULL && i < f->body->ops.len; i++) {
    kernel_choice choice = lower_choose_kernel(a, m, f->body->ops.data[i]);
    add_named(&all, &choice, f->body->ops.data[i]->code);
  }
  kernel_choice copy = lower_copy_kernel(a);
  add_named(&all, &copy, IR_RESHAPE);
  return all;
}

// Tiles are chosen once for all kernels of a recipe.
typedef struct chosen {
  const recipe *r;
  const schedule *schedules;
} chosen;
typedef VEC(chosen) chosen_list;

static const schedule *choose_schedules(arena *a, chosen_list *list, const recipe *r, const target_tier *tier,
                                        const lower_options *o) {
  if (o->target->gpu) return NULL;
  for (size_t i = 0; i < list->len; i++)
    if (list->data[i].r == r) return list->data[i].schedules;
  const schedule *schedules = schedule_choose_all(a, r, tier, o->tuning);
  vec_push(a, list, ((chosen){r, schedules}));
  return schedules;
}

// Whether the rows of all of a recipe's weights are whole blocks: then its kernels need nothing for shorter ones.
static bool has_whole_blocks(const ir_module *m, const recipe *r) {
  for (size_t i = 0; i < m->weights.len; i++) {
    const ir_weight *w = m->weights.data[i];
    uint64_t positions;
    if (w->recipe == r && (!packing_positions(&r->pack, w->columns, &positions) || positions % r->pack.block != 0))
      return false;
  }
  return true;
}

static void emit_kernel(ir_module *out, const ir_module *m, const kernel_choice *c, ir_opcode code,
                        const target_tier *tier, const lower_options *o, chosen_list *schedules) {
  bool gpu = o->target->gpu;
  if (code == IR_MATMUL) {
    matmul_shape shape = c->shape;
    shape.whole_blocks = has_whole_blocks(m, c->recipe);
    shape.schedules = choose_schedules(out->mem, schedules, c->recipe, tier, o);
    lower_emit_matmul(out, c->recipe, tier, gpu, &shape, c->name);
  } else if (code == IR_SPARSE) {
    lower_emit_sparse(out, c->sparse, gpu, &c->shape, c->name);
  } else if (code == IR_PREPARE) {
    lower_emit_prepare(out, &c->recipe->prepared, tier, gpu, c->name);
  } else {
    lower_emit_rows(out, &c->rows, tier, gpu, c->name);
  }
}

bool lower_kernels(diag *d, const ir_module *m, const target_tier *tier, const lower_options *o, ir_module *kernels) {
  const char *const *names;
  size_t count = ir_plan_kernels(kernels->mem, m->plan, &names);
  name_map choices = find_choices(kernels->mem, m);
  chosen_list schedules = {0};
  for (size_t i = 0; i < count; i++) {
    const named_kernel *k = name_map_get(&choices, names[i]);
    if (k == NULL) {
      diag_error(d, SRC_NOWHERE, "no operation of the model needs kernel '%s', which its plan calls", names[i]);
      return false;
    }
    if (k->choice.recipe != NULL && !lower_check_recipe(d, kernels->mem, k->choice.recipe)) return false;
    emit_kernel(kernels, m, &k->choice, k->code, tier, o, &schedules);
  }
  return !o->verify || ir_verify(d, kernels);
}
