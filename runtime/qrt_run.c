/* Running a model: sizes for a batch, references to pointers, ranges cut into pieces. */
#include "qrt_internal.h"

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

/* ---- sizes ---- */
static bool batch_is_possible(const qrt_plan *plan, uint64_t batch) {
  return batch > 0 && (plan->max_batch == 0 || batch <= plan->max_batch);
}

/* Whether every size of the plan fits this machine's addresses at that batch. */
static bool ports_fit(const qrt_port *ports, uint32_t count, uint64_t batch) {
  uint64_t bytes;
  for (uint32_t i = 0; i < count; i++)
    if (!qrt_size_at(&ports[i].bytes, batch, &bytes) || bytes > SIZE_MAX) return false;
  return true;
}

static bool workspace_bytes(const qrt_plan *plan, uint64_t batch, uint64_t *bytes) {
  return batch_is_possible(plan, batch) && ports_fit(plan->inputs, plan->input_count, batch) &&
         ports_fit(plan->outputs, plan->output_count, batch) && qrt_size_at(&plan->workspace, batch, bytes) &&
         *bytes <= SIZE_MAX;
}

size_t qrt_workspace_size(const qrt_plan *plan, size_t batch) {
  uint64_t bytes;
  return plan && workspace_bytes(plan, batch, &bytes) ? (size_t)bytes : 0;
}

/* ---- run ---- */
typedef struct call {
  const qrt_model *model;
  uint64_t batch;
  const void *const *inputs;
  void *const *outputs;
  uint8_t *workspace;
} call;

/* Both were checked for this batch: the plan when the model was opened, the batch when the call began. */
static uint64_t size_now(const qrt_size *size, uint64_t batch) { return size->fixed + size->per_batch * batch; }

static void *resolve(const call *c, const qrt_ref *ref) {
  size_t offset = (size_t)size_now(&ref->offset, c->batch);
  switch (ref->space) {
  case QRT_INPUT: return (uint8_t *)c->inputs[ref->index] + offset; /* kernels only read it */
  case QRT_OUTPUT: return (uint8_t *)c->outputs[ref->index] + offset;
  case QRT_WEIGHTS: return (uint8_t *)c->model->weights + offset; /* the same */
  case QRT_WORKSPACE: return c->workspace ? c->workspace + offset : NULL;
  default: return NULL; /* an operand that this step does without */
  }
}

static void run_step(const call *c, const qrt_step *step, const qrt_pool *pool) {
  qrt_args args = {{NULL}, {0}};
  for (uint32_t i = 0; i < step->buffer_count; i++) args.buffers[i] = resolve(c, &step->buffers[i]);
  for (uint32_t i = 0; i < step->size_count; i++) args.sizes[i] = size_now(&step->sizes[i], c->batch);
  qrt_parallel(pool, c->model->tier->kernels[step->kernel], &args, size_now(&step->work, c->batch), step->grain);
}

/* Kernels load and store elements of up to 4 bytes at their natural alignment. */
static bool all_given(const void *const *buffers, uint32_t count) {
  if (count > 0 && !buffers) return false;
  for (uint32_t i = 0; i < count; i++)
    if (!buffers[i] || (uintptr_t)buffers[i] % 4 != 0) return false;
  return true;
}

static qrt_status check_call(const call *c, size_t workspace_size) {
  const qrt_plan *plan = c->model->plan;
  uint64_t needed;
  if (!workspace_bytes(plan, c->batch, &needed)) return QRT_ERROR_ARGUMENT;
  if (!all_given(c->inputs, plan->input_count)) return QRT_ERROR_ARGUMENT;
  if (!all_given((const void *const *)c->outputs, plan->output_count)) return QRT_ERROR_ARGUMENT;
  if (needed == 0) return QRT_OK;
  if (!c->workspace || !qrt_is_aligned(c->workspace) || workspace_size < needed) return QRT_ERROR_WORKSPACE;
  return QRT_OK;
}

qrt_status qrt_run(const qrt_model *model, size_t batch, const void *const *inputs, void *const *outputs,
                   void *workspace, size_t workspace_size, const qrt_pool *pool) {
  if (!model || !model->plan || !model->tier) return QRT_ERROR_ARGUMENT;
  call c = {.model = model, .batch = batch, .inputs = inputs, .outputs = outputs, .workspace = workspace};
  qrt_status status = check_call(&c, workspace_size);
  if (status != QRT_OK) return status;
  for (uint32_t i = 0; i < model->plan->step_count; i++) run_step(&c, &model->plan->steps[i], pool);
  return QRT_OK;
}
