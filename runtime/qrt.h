/* qrt: the runtime of compiled models. C11, no dependency; also usable from C++.
 *
 * Everything here is reentrant, allocates nothing, prints nothing and never ends the process. The caller owns all
 * memory. With QRT_FREESTANDING defined only the parts that need no operating system are compiled: no qrt_map_file, no
 * threads; weights are then given as bytes (in flash, embedded, ...). */
#ifndef QRT_H
#define QRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QRT_ABI_VERSION 2u

typedef enum qrt_status {
  QRT_OK = 0,
  QRT_ERROR_ARGUMENT,    /* a NULL, misaligned or out-of-range argument, a batch above the model's bound */
  QRT_ERROR_WORKSPACE,   /* the workspace is too small or not 64-byte aligned */
  QRT_ERROR_FILE,        /* the weights file cannot be opened, read or mapped */
  QRT_ERROR_FORMAT,      /* these bytes are no packed weights file, or are cut short */
  QRT_ERROR_VERSION,     /* packed by an incompatible version of qcc */
  QRT_ERROR_MISMATCH,    /* packed for another model */
  QRT_ERROR_CHECKSUM,    /* the bytes were damaged */
  QRT_ERROR_CPU,         /* no compiled tier runs on this processor */
  QRT_ERROR_UNSUPPORTED, /* not in this configuration (freestanding, no embedded weights) */
  QRT_ERROR_THREADS,     /* the system gives no more threads */
  QRT_ERROR_CONDITION    /* the sizes of a call break a condition that the model states */
} qrt_status;

/* One line of English for a status; never NULL. */
const char *qrt_status_text(qrt_status status);

/* ---- kernels ---- */
#define QRT_MAX_BUFFERS 16
#define QRT_MAX_SIZES 16

/* What a kernel reads and writes: buffers and sizes by slot, as the kernel's declaration lists them. */
typedef struct qrt_args {
  void *buffers[QRT_MAX_BUFFERS];
  uint64_t sizes[QRT_MAX_SIZES];
} qrt_args;

/* A kernel computes the part begin .. end of its work range; parts may run in any order and at once, and no result
 * depends on how the range was cut. */
typedef void (*qrt_kernel)(const qrt_args *args, uint64_t begin, uint64_t end);

/* ---- threads ---- */
/* A pool is anything that can run fn(context, i) for every i in 0 .. count-1 and return when all are done. Fill in your
 * own, or use qrt_threads. */
typedef struct qrt_pool {
  void *self;
  unsigned threads; /* how many pieces are worth making */
  void (*run)(void *self, void (*fn)(void *context, unsigned i), void *context, unsigned count);
} qrt_pool;

/* ---- the packed weights file ----
 * Little endian. The header, then the payload up to the end of the file, with sections at multiples of 64 bytes;
 * `file_size` is exact. The digest covers the whole payload; model_id is what the compiler put in the library that
 * these weights belong to. */
#define QRT_WEIGHTS_MAGIC "QCCW"
#define QRT_WEIGHTS_VERSION 1u

typedef struct qrt_weights_header {
  uint8_t magic[4];
  uint32_t version;
  uint64_t file_size;
  uint64_t payload_offset; /* 64 */
  uint64_t payload_size;
  uint64_t model_id;
  uint64_t digest;      /* qrt_digest of the payload */
  uint64_t reserved[2]; /* zero */
} qrt_weights_header;

/* A 64-bit digest (of accidental damage, not against forgery), the same on every machine. */
uint64_t qrt_digest(const void *bytes, size_t size);

/* ---- compiled models: what the compiler emits; applications need not look inside ---- */
/* The kernels compiled for one set of processor features, best tier first. */
typedef struct qrt_tier {
  const char *name;
  uint64_t cpu_features; /* all of these bits of qrt_cpu_features() are needed */
  const qrt_kernel *kernels;
} qrt_tier;

typedef struct qrt_plan {
  uint32_t abi_version;
  uint32_t tier_count;
  uint32_t kernel_count; /* of each tier */
  uint32_t reserved;
  const qrt_tier *tiers;
  const uint8_t *bytes; /* the steps and their sizes: qrt_plan.h of the runtime's sources has the format */
  uint64_t size;
  const uint8_t *embedded_weights; /* a whole packed file, or NULL */
  uint64_t embedded_size;
} qrt_plan;

/* ---- models in use ---- */
/* An opened model; plain data without pointers to itself. Treat the members as private. */
typedef struct qrt_model {
  const qrt_plan *plan;
  const qrt_tier *tier;
  const uint8_t *weights; /* the payload */
  void *mapping;          /* what qrt_close unmaps, or NULL */
  size_t mapping_size;
} qrt_model;

/* Uses packed weights in memory, which must stay there, 64-byte aligned. Checks the plan, then magic, version, sizes,
 * identity and digest, and picks the best tier for this processor. After an error the model is empty: closing it is
 * harmless and running it an error. */
qrt_status qrt_open_memory(qrt_model *model, const qrt_plan *plan, const void *bytes, size_t size);
/* Maps a packed weights file and does the same. A file that is cut short while mapped makes later access fail with a
 * bus error, as with any mapping. */
qrt_status qrt_open_file(qrt_model *model, const qrt_plan *plan, const char *path);
/* Uses the weights embedded in the library; QRT_ERROR_UNSUPPORTED when it was compiled without them. */
qrt_status qrt_open_embedded(qrt_model *model, const qrt_plan *plan);
/* What opening a model gives when the header it was compiled with is another library's: the model is empty. */
qrt_status qrt_open_other(qrt_model *model);
void qrt_close(qrt_model *model);

/* Restricts the model to the tier of that name (tests, benchmarks). */
qrt_status qrt_use_tier(qrt_model *model, const char *name);
const char *qrt_tier_name(const qrt_model *model);

/* A call of a model. Its sizes are named in the model, such as a batch; a model without any has size_count 0. inputs[i]
 * and outputs[i] in declared order, 4-byte aligned. state: what the model keeps between calls, 64-byte aligned, at
 * least state_size bytes of the plan, NULL when that is 0. workspace: 64-byte aligned, at least qrt_call_workspace
 * bytes, used by one call at a time. No output, state or workspace may share a byte with another buffer of the call.
 * pool: NULL runs on the calling thread. Thread count never changes a bit of the result. */
typedef struct qrt_call {
  const uint64_t *sizes;
  uint32_t size_count;
  uint32_t condition; /* set to the number of the broken condition by QRT_ERROR_CONDITION */
  const void *const *inputs;
  void *const *outputs;
  void *state;
  size_t state_size;
  void *workspace;
  size_t workspace_size;
  const qrt_pool *pool;
} qrt_call;

/* Runs the model. A refused call has written nothing but `condition` and the workspace. */
qrt_status qrt_run_call(const qrt_model *model, qrt_call *call);

/* Sets *bytes to the workspace that a call of these sizes needs. The plan is a library's own, or one that a model was
 * opened with. */
qrt_status qrt_call_workspace(const qrt_plan *plan, const uint64_t *sizes, uint32_t size_count, size_t *bytes);

/* The same for models whose only size is a batch, or that have none: then `batch` is 1. Bytes of workspace are 0 when
 * the batch is out of range (0, above its bound, or too large for this machine's addresses). */
size_t qrt_workspace_size(const qrt_plan *plan, size_t batch);
qrt_status qrt_run(const qrt_model *model, size_t batch, const void *const *inputs, void *const *outputs,
                   void *workspace, size_t workspace_size, const qrt_pool *pool);

/* Runs one kernel over `work` items, cut at multiples of `grain` items into pieces for the pool's threads. */
void qrt_parallel(const qrt_pool *pool, qrt_kernel kernel, const qrt_args *args, uint64_t work, uint64_t grain);

/* Bits (QRT_CPU_*, runtime/qrt_cpu.h) of what this processor and operating system can run. */
uint64_t qrt_cpu_features(void);

/* ---- not freestanding ---- */
/* A pool of `threads` POSIX threads (including the caller) in memory that the caller gives: qrt_threads_size bytes (0:
 * that many threads are not possible), any alignment, kept until qrt_threads_stop. Waiting threads spin shortly, then
 * sleep. A call that finds the pool in use by another thread runs its work itself. */
size_t qrt_threads_size(unsigned threads);
qrt_status qrt_threads_start(void *memory, size_t size, unsigned threads, qrt_pool *pool);
void qrt_threads_stop(qrt_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
