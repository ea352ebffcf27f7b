/* Running a model: its plan for the sizes of a call, places to addresses, ranges cut into pieces. */
#include "qrt_plan.h"

/* Pieces made for each thread: a thread that falls behind leaves its later pieces to the others. */
#define PIECES_PER_THREAD 4u
#define MOST_THREADS 65536u

/* ---- work in pieces ---- */
typedef struct work_split {
  qrt_kernel kernel;
  const qrt_args *args;
  uint64_t work;
  uint64_t grain;
  uint64_t grains_each; /* every piece has these, */
  uint64_t one_more;    /* the first `one_more` pieces one more */
} work_split;

static uint64_t piece_begin(const work_split *split, uint64_t piece) {
  uint64_t more = piece < split->one_more ? piece : split->one_more;
  return (piece * split->grains_each + more) * split->grain;
}

/* The items behind the last whole grain belong to the last piece. */
static void run_piece(void *context, unsigned i) {
  const work_split *split = context;
  uint64_t end = piece_begin(split, (uint64_t)i + 1);
  split->kernel(split->args, piece_begin(split, i), split->work - end < split->grain ? split->work : end);
}

void qrt_parallel(const qrt_pool *pool, qrt_kernel kernel, const qrt_args *args, uint64_t work, uint64_t grain) {
  unsigned threads = pool && pool->run ? pool->threads : 1;
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  if (grain == 0) grain = 1;
  if (work == 0) return;
  if (threads <= 1 || work - 1 < grain) {
    kernel(args, 0, work);
    return;
  }
  uint64_t grains = work / grain, pieces = (uint64_t)threads * PIECES_PER_THREAD;
  if (pieces > grains) pieces = grains;
  work_split split = {.kernel = kernel,
                      .args = args,
                      .work = work,
                      .grain = grain,
                      .grains_each = grains / pieces,
                      .one_more = grains % pieces};
  pool->run(pool->self, run_piece, &split, (unsigned)pieces);
}

/* ---- calls ---- */
typedef struct running {
  qrt_plan_reader plan;
  const qrt_model *model;
  qrt_call *call;
  qrt_slot *slots;
  uint8_t *workspace;        /* behind the slots */
  uint64_t workspace_needed; /* without them */
} running;

/* What a call needs of the workspace, slots and all. */
static bool whole_workspace(const qrt_plan_reader *r, uint64_t needed, uint64_t *bytes) {
  return qrt_add(needed, qrt_plan_slot_bytes(r), bytes) && *bytes <= SIZE_MAX;
}

/* A batch is the only size, or there is none and the batch is 1. */
static uint32_t batch_count(const qrt_plan_reader *r, const uint64_t *batch) { return r->symbols || *batch != 1; }

static qrt_status size_workspace(qrt_plan_reader *r, const uint64_t *sizes, uint32_t size_count, size_t *bytes) {
  qrt_slot slots[QRT_PLAN_STACK_SLOTS];
  uint64_t needed, all;
  uint32_t condition;
  qrt_status status = qrt_plan_read_sizes(r, sizes, size_count, slots, &needed, &condition);
  if (status != QRT_OK) return status;
  if (!qrt_plan_read_ports(r, slots, NULL) || !whole_workspace(r, needed, &all)) return QRT_ERROR_ARGUMENT;
  *bytes = (size_t)all;
  return QRT_OK;
}

qrt_status qrt_call_workspace(const qrt_plan *plan, const uint64_t *sizes, uint32_t size_count, size_t *bytes) {
  qrt_plan_reader r;
  if (!plan || !bytes) return QRT_ERROR_ARGUMENT;
  qrt_status status = qrt_plan_open(&r, plan->bytes, plan->size);
  return status == QRT_OK ? size_workspace(&r, sizes, size_count, bytes) : status;
}

size_t qrt_workspace_size(const qrt_plan *plan, size_t batch) {
  qrt_plan_reader r;
  uint64_t size = batch;
  size_t bytes;
  if (!plan || qrt_plan_open(&r, plan->bytes, plan->size) != QRT_OK) return 0;
  return size_workspace(&r, &size, batch_count(&r, &size), &bytes) == QRT_OK ? bytes : 0;
}

/* Kernels load and store elements of up to 4 bytes at their natural alignment. */
static bool all_given(const void *const *buffers, uint64_t count) {
  if (count > 0 && !buffers) return false;
  for (uint64_t i = 0; i < count; i++)
    if (!buffers[i] || (uintptr_t)buffers[i] % 4 != 0) return false;
  return true;
}

static qrt_status check_buffers(const running *c) {
  const qrt_call *call = c->call;
  uint64_t needed;
  if (!whole_workspace(&c->plan, c->workspace_needed, &needed) || !all_given(call->inputs, c->plan.inputs) ||
      !all_given((const void *const *)call->outputs, c->plan.outputs))
    return QRT_ERROR_ARGUMENT;
  if (c->plan.state_size && (!call->state || !qrt_is_aligned(call->state) || call->state_size < c->plan.state_size))
    return QRT_ERROR_ARGUMENT;
  if (needed && (!call->workspace || !qrt_is_aligned(call->workspace) || call->workspace_size < needed))
    return QRT_ERROR_WORKSPACE;
  return QRT_OK;
}

/* Many slots move from the stack to the workspace. */
static void place_slots(running *c) {
  uint64_t bytes = qrt_plan_slot_bytes(&c->plan);
  c->workspace = c->call->workspace;
  if (bytes == 0) return;
  qrt_slot *slots = c->call->workspace;
  for (uint64_t i = 0; i < c->plan.symbols + c->plan.values; i++) slots[i] = c->slots[i];
  c->slots = slots;
  c->workspace += bytes;
}

static uint8_t *space_begin(const running *c, const qrt_plan_place *place) {
  switch ((qrt_space)place->space) {
  case QRT_INPUT: return (uint8_t *)c->call->inputs[place->index]; /* kernels only read it */
  case QRT_OUTPUT: return c->call->outputs[place->index];
  case QRT_WEIGHTS: return (uint8_t *)c->model->weights; /* the same */
  case QRT_WORKSPACE: return c->workspace;
  default: return c->call->state;
  }
}

static bool resolve_places(running *c) {
  qrt_slot *places = c->slots + c->plan.known;
  for (uint64_t i = 0; i < c->plan.places; i++) {
    qrt_plan_place place = qrt_plan_read_place(&c->plan);
    uint64_t offset = qrt_plan_extent(place.offset, c->slots);
    if (offset > qrt_plan_space_bytes(&c->plan, c->slots, c->workspace_needed, &place)) return false;
    uint8_t *begin = space_begin(c, &place);
    places[i].place = begin ? begin + offset : NULL;
  }
  return true;
}

static void run_steps(running *c) {
  const qrt_slot *slots = c->slots, *places = slots + c->plan.known;
  uint8_t *weights = (uint8_t *)c->model->weights;
  const qrt_kernel *kernels = c->model->tier->kernels;
  const qrt_pool *pool = c->call->pool;
  qrt_plan_step step;
  qrt_args args = {{NULL}, {0}}; /* a kernel reads the slots that its step gives */
  for (uint64_t i = 0; i < c->plan.steps; i++) {
    qrt_plan_read_step(&c->plan, &step);
    for (uint32_t j = 0; j < step.buffer_count; j++) {
      uint64_t b = step.buffers[j];
      args.buffers[j] = b & 1 ? places[b >> 1].place : b ? weights + (size_t)((b >> 1) - 1) : NULL;
    }
    for (uint32_t j = 0; j < step.size_count; j++) args.sizes[j] = qrt_plan_extent(step.sizes[j], slots);
    qrt_parallel(pool, kernels[step.kernel], &args, qrt_plan_extent(step.work, slots), step.grain);
  }
}

/* Sizes come first, then the buffers whose need they tell, then everything else that the sizes decide. */
static qrt_status run_opened(running *c) {
  qrt_slot slots[QRT_PLAN_STACK_SLOTS];
  qrt_call *call = c->call;
  c->slots = slots;
  qrt_status status =
      qrt_plan_read_sizes(&c->plan, call->sizes, call->size_count, slots, &c->workspace_needed, &call->condition);
  if (status == QRT_OK) status = check_buffers(c);
  if (status != QRT_OK) return status;
  place_slots(c);
  if (!qrt_plan_read_ports(&c->plan, c->slots, c->slots) || !qrt_plan_read_later(&c->plan, c->slots) ||
      !resolve_places(c))
    return QRT_ERROR_ARGUMENT;
  run_steps(c);
  return QRT_OK;
}

static qrt_status open_call(running *c) {
  if (!c->model || !c->model->plan || !c->model->tier || !c->call) return QRT_ERROR_ARGUMENT;
  return qrt_plan_open(&c->plan, c->model->plan->bytes, c->model->plan->size);
}

qrt_status qrt_run_call(const qrt_model *model, qrt_call *call) {
  running c = {.model = model, .call = call};
  qrt_status status = open_call(&c);
  return status == QRT_OK ? run_opened(&c) : status;
}

qrt_status qrt_run(const qrt_model *model, size_t batch, const void *const *inputs, void *const *outputs,
                   void *workspace, size_t workspace_size, const qrt_pool *pool) {
  uint64_t size = batch;
  qrt_call call = {.sizes = &size,
                   .inputs = inputs,
                   .outputs = outputs,
                   .workspace = workspace,
                   .workspace_size = workspace_size,
                   .pool = pool};
  running c = {.model = model, .call = &call};
  qrt_status status = open_call(&c);
  if (status != QRT_OK) return status;
  call.size_count = batch_count(&c.plan, &size);
  return run_opened(&c);
}
