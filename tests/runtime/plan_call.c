#include "plan_call.h"

#include <string.h>

// The call that runs now: kernels have no other way to tell. Tests and fuzzers run one at a time.
static plan_call *noting;

static void note(const qrt_args *args, uint64_t begin, uint64_t end) {
  if (noting->step_count < PLAN_MOST_STEPS)
    noting->steps[noting->step_count] = (noted_step){.args = *args, .work = end - begin};
  noting->step_count++;
}

// Of one call, so that buffers of different spaces never meet.
typedef struct space {
  _Alignas(64) uint8_t bytes[PLAN_SPACE_BYTES];
  uint8_t behind[64];
} space;
static space spaces[2 * PLAN_MOST_PORTS + 3];
static qrt_kernel kernels[QRT_PLAN_MAX_KERNELS];

static bool ports_fit(const uint8_t *bytes, size_t size, const uint64_t *sizes) {
  qrt_plan_reader r;
  qrt_slot slots[QRT_PLAN_STACK_SLOTS + 2 * PLAN_MOST_PORTS];
  uint64_t workspace;
  uint32_t condition;
  if (qrt_plan_open(&r, bytes, size) != QRT_OK || r.inputs > PLAN_MOST_PORTS || r.outputs > PLAN_MOST_PORTS ||
      r.weights_size > PLAN_SPACE_BYTES || r.state_size > PLAN_SPACE_BYTES)
    return false;
  if (qrt_plan_read_sizes(&r, sizes, r.symbols, slots, &workspace, &condition) != QRT_OK) return true;
  uint64_t first = r.known;
  if (!qrt_plan_read_ports(&r, slots, slots)) return true;
  for (uint64_t i = first; i < r.known; i++)
    if (slots[i].value > PLAN_SPACE_BYTES) return false;
  return workspace + qrt_plan_slot_bytes(&r) <= PLAN_SPACE_BYTES;
}

static void give_spaces(plan_call *c, uint64_t slot_bytes) {
  space *s = spaces;
  for (size_t i = 0; i < 2 * PLAN_MOST_PORTS; i++) c->ports[i] = s++->bytes;
  c->weights = s++->bytes;
  c->state = s++->bytes;
  c->workspace = s->bytes + slot_bytes;
}

bool plan_call_run(plan_call *c, const uint8_t *bytes, size_t size, const uint64_t *sizes) {
  qrt_plan_reader r;
  *c = (plan_call){.status = QRT_OK};
  if (!ports_fit(bytes, size, sizes) || qrt_plan_open(&r, bytes, size) != QRT_OK) return false;
  give_spaces(c, qrt_plan_slot_bytes(&r));
  for (size_t i = 0; i < r.kernels; i++) kernels[i] = note;
  qrt_tier tier = {.name = "notes", .kernels = kernels};
  qrt_plan plan = {.kernel_count = r.kernels, .tiers = &tier, .bytes = bytes, .size = size};
  qrt_model model = {.plan = &plan, .tier = &tier, .weights = c->weights};
  qrt_call call = {.sizes = sizes,
                   .size_count = r.symbols,
                   .inputs = (const void *const *)c->ports,
                   .outputs = (void *const *)(c->ports + PLAN_MOST_PORTS),
                   .state = c->state,
                   .state_size = PLAN_SPACE_BYTES,
                   .workspace = c->workspace - qrt_plan_slot_bytes(&r),
                   .workspace_size = PLAN_SPACE_BYTES};
  noting = c;
  c->status = qrt_run_call(&model, &call);
  c->condition = call.condition;
  return true;
}

static bool is_inside(const uint8_t *p) {
  const uint8_t *first = spaces[0].bytes, *last = spaces[sizeof spaces / sizeof *spaces - 1].behind;
  if (p == NULL) return true;
  return p >= first && p <= last && (size_t)(p - first) % sizeof(space) <= PLAN_SPACE_BYTES;
}

bool plan_call_stayed_inside(const plan_call *c) {
  for (size_t i = 0; i < c->step_count && i < PLAN_MOST_STEPS; i++)
    for (size_t j = 0; j < QRT_MAX_BUFFERS; j++)
      if (!is_inside(c->steps[i].args.buffers[j])) return false;
  return true;
}
