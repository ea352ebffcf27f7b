/* Opening a model: what the weights must be before anything uses them, and which tier runs here. */
#include "qrt_plan.h"

/* ---- the plan ---- */
static qrt_status check_plan(const qrt_plan *plan, qrt_plan_reader *r) {
  if (!plan) return QRT_ERROR_ARGUMENT;
  if (plan->abi_version != QRT_ABI_VERSION) return QRT_ERROR_VERSION;
  qrt_status status = qrt_plan_check(plan->bytes, plan->size);
  if (status == QRT_OK) status = qrt_plan_open(r, plan->bytes, plan->size);
  if (status != QRT_OK) return status;
  return r->kernels == plan->kernel_count ? QRT_OK : QRT_ERROR_ARGUMENT;
}

/* ---- the weights ---- */
static bool magic_matches(const uint8_t *bytes) {
  static const uint8_t magic[] = QRT_WEIGHTS_MAGIC;
  return bytes[0] == magic[0] && bytes[1] == magic[1] && bytes[2] == magic[2] && bytes[3] == magic[3];
}

static qrt_weights_header read_header(const uint8_t *bytes) {
  return (qrt_weights_header){.version = qrt_load32(bytes + offsetof(qrt_weights_header, version)),
                              .file_size = qrt_load64(bytes + offsetof(qrt_weights_header, file_size)),
                              .payload_offset = qrt_load64(bytes + offsetof(qrt_weights_header, payload_offset)),
                              .payload_size = qrt_load64(bytes + offsetof(qrt_weights_header, payload_size)),
                              .model_id = qrt_load64(bytes + offsetof(qrt_weights_header, model_id)),
                              .digest = qrt_load64(bytes + offsetof(qrt_weights_header, digest)),
                              .reserved = {qrt_load64(bytes + offsetof(qrt_weights_header, reserved)),
                                           qrt_load64(bytes + offsetof(qrt_weights_header, reserved) + 8)}};
}

/* The payload is all that follows the header, so that no byte is outside the digest. */
static bool header_fits(const qrt_weights_header *header, size_t size) {
  return header->file_size == size && header->payload_offset == sizeof *header &&
         header->payload_size == size - sizeof *header && header->reserved[0] == 0 && header->reserved[1] == 0;
}

static qrt_status check_weights(const qrt_plan_reader *plan, const uint8_t *bytes, size_t size) {
  _Static_assert(sizeof(qrt_weights_header) == QRT_ALIGNMENT, "the payload follows the header and is aligned");
  if (size < sizeof(qrt_weights_header) || !magic_matches(bytes)) return QRT_ERROR_FORMAT;
  qrt_weights_header header = read_header(bytes);
  if (header.version != QRT_WEIGHTS_VERSION) return QRT_ERROR_VERSION;
  if (!header_fits(&header, size)) return QRT_ERROR_FORMAT;
  if (header.model_id != plan->model_id || header.payload_size != plan->weights_size) return QRT_ERROR_MISMATCH;
  if (header.digest != qrt_digest(bytes + sizeof header, size - sizeof header)) return QRT_ERROR_CHECKSUM;
  return QRT_OK;
}

/* ---- tiers ---- */
static bool tier_runs(const qrt_tier *tier, uint64_t features) { return (tier->cpu_features & ~features) == 0; }

static const qrt_tier *best_tier(const qrt_plan *plan) {
  uint64_t features = qrt_cpu_features();
  for (uint32_t i = 0; i < plan->tier_count; i++)
    if (tier_runs(&plan->tiers[i], features)) return &plan->tiers[i];
  return NULL;
}

static bool same_text(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

qrt_status qrt_use_tier(qrt_model *model, const char *name) {
  if (!model || !model->plan || !name) return QRT_ERROR_ARGUMENT;
  for (uint32_t i = 0; i < model->plan->tier_count; i++) {
    const qrt_tier *tier = &model->plan->tiers[i];
    if (!same_text(tier->name, name)) continue;
    if (!tier_runs(tier, qrt_cpu_features())) return QRT_ERROR_CPU;
    model->tier = tier;
    return QRT_OK;
  }
  return QRT_ERROR_ARGUMENT;
}

const char *qrt_tier_name(const qrt_model *model) { return model && model->tier ? model->tier->name : ""; }

/* ---- open ---- */
qrt_status qrt_open_memory(qrt_model *model, const qrt_plan *plan, const void *bytes, size_t size) {
  if (!model) return QRT_ERROR_ARGUMENT;
  *model = (qrt_model){0};
  qrt_plan_reader reader;
  qrt_status status = check_plan(plan, &reader);
  if (status != QRT_OK) return status;
  if (!bytes || !qrt_is_aligned(bytes)) return QRT_ERROR_ARGUMENT;
  status = check_weights(&reader, bytes, size);
  if (status != QRT_OK) return status;
  const qrt_tier *tier = best_tier(plan);
  if (!tier) return QRT_ERROR_CPU;
  *model = (qrt_model){.plan = plan, .tier = tier, .weights = (const uint8_t *)bytes + sizeof(qrt_weights_header)};
  return QRT_OK;
}

qrt_status qrt_open_embedded(qrt_model *model, const qrt_plan *plan) {
  if (!model) return QRT_ERROR_ARGUMENT;
  *model = (qrt_model){0};
  if (!plan) return QRT_ERROR_ARGUMENT;
  if (plan->abi_version != QRT_ABI_VERSION) return QRT_ERROR_VERSION;
  if (!plan->embedded_weights) return QRT_ERROR_UNSUPPORTED;
  return plan->embedded_size <= SIZE_MAX
             ? qrt_open_memory(model, plan, plan->embedded_weights, (size_t)plan->embedded_size)
             : QRT_ERROR_FORMAT;
}

qrt_status qrt_open_other(qrt_model *model) {
  if (!model) return QRT_ERROR_ARGUMENT;
  *model = (qrt_model){0};
  return QRT_ERROR_MISMATCH;
}
