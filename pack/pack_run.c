// Strips of tiles are handed out in their order, and written in their order: a file's digest is taken on the way.
#define _GNU_SOURCE
#include "pack/pack.h"

#include <pthread.h>
#include <sched.h>

#include "support/num.h"

// A strip is large enough for all lanes of a plan, and small enough that every thread can have one.
enum { STRIP_TILES = 16, STRIP_BYTES = 4 << 20, MAX_THREADS = 32 };

typedef struct run {
  const pack_maker *m;
  payload *out;
  uint64_t offset; // of the first tile
  const pack_watch *watch;
  uint64_t strips;
  pthread_mutex_t lock;
  pthread_cond_t turn;
  uint64_t next;    // strip to be packed
  uint64_t written; // strips that have been written
  bool failed;
  uint64_t bad; // where failed: the first strip that could not be read
} run;

unsigned pack_run_threads(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int count = CPU_COUNT(&set);
  return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (unsigned)count;
}

static uint64_t tiles_of(const run *r, uint64_t strip) {
  uint64_t left = r->m->tiles - strip * r->m->strip;
  return left < r->m->strip ? left : r->m->strip;
}

// The number of a strip that nobody has yet; false when there is none.
static bool take_strip(run *r, uint64_t *strip) {
  pthread_mutex_lock(&r->lock);
  bool more = !r->failed && r->next < r->strips;
  if (more) *strip = r->next++;
  pthread_mutex_unlock(&r->lock);
  return more;
}

// Waits until all strips before it have been written.
static void write_strip(run *r, uint64_t strip, const uint8_t *bytes, bool ok) {
  uint64_t size = r->m->bytes, first = strip * r->m->strip;
  pthread_mutex_lock(&r->lock);
  while (r->written < strip && !r->failed) pthread_cond_wait(&r->turn, &r->lock);
  if (!r->failed && ok) payload_put(r->out, r->offset + first * size, bytes, tiles_of(r, strip) * size);
  if (!r->failed && !ok) {
    r->failed = true;
    r->bad = strip;
  }
  r->written++;
  if (!r->failed && r->watch != NULL) r->watch->done(r->watch->user, first + tiles_of(r, strip), r->m->tiles);
  pthread_cond_broadcast(&r->turn);
  pthread_mutex_unlock(&r->lock);
}

static void *work(void *argument) {
  run *r = argument;
  uint64_t strip, size = r->m->bytes;
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  uint8_t *own = payload_is_memory(r->out) ? NULL : ARENA_ARRAY(a, uint8_t, (size_t)(r->m->strip * size));
  while (take_strip(r, &strip)) {
    uint64_t first = strip * r->m->strip;
    uint8_t *out = own != NULL ? own : payload_room(r->out, a, r->offset + first * size, tiles_of(r, strip) * size);
    write_strip(r, strip, out, r->m->make(r->m->user, d, first, tiles_of(r, strip), out));
  }
  arena_free(a);
  return NULL;
}

static void run_threads(run *r, unsigned count) {
  pthread_t threads[MAX_THREADS];
  unsigned started = 0;
  while (started + 1 < count && pthread_create(&threads[started], NULL, work, r) == 0) started++;
  work(r);
  for (unsigned i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

bool pack_run_head(const pack_tiles *x, diag *d, payload *out, uint64_t offset) {
  arena *a = arena_new();
  uint64_t size = pack_tiles_head_bytes(x);
  uint8_t *head = payload_room(out, a, offset, size);
  bool ok = pack_tiles_head(x, d, head);
  if (ok) payload_put(out, offset, head, size);
  arena_free(a);
  return ok;
}

bool pack_run_strips(const pack_maker *m, payload *out, uint64_t offset, unsigned threads, const pack_watch *watch,
                     uint64_t *bad) {
  run r = {.m = m, .out = out, .offset = offset, .watch = watch, .strips = num_ceil_div(m->tiles, m->strip)};
  pthread_mutex_init(&r.lock, NULL);
  pthread_cond_init(&r.turn, NULL);
  if (threads > MAX_THREADS) threads = MAX_THREADS;
  run_threads(&r, threads < r.strips ? threads : (unsigned)r.strips);
  pthread_cond_destroy(&r.turn);
  pthread_mutex_destroy(&r.lock);
  *bad = r.bad * m->strip;
  return !r.failed;
}

// ---- tensors ---------------------------------------------------------------------------------------------

static bool make_tiles(void *user, diag *d, uint64_t first, uint64_t count, uint8_t *out) {
  return pack_tiles_run(user, d, first, count, out);
}

// Reads tiles that could not be read once more, and says what is wrong.
static bool report(pack_tiles *x, diag *d, uint64_t first) {
  arena *a = arena_new();
  uint64_t left = pack_tiles_count(x) - first, count = left < STRIP_TILES ? left : STRIP_TILES;
  uint8_t *out = ARENA_ARRAY(a, uint8_t, (size_t)(count * pack_tiles_bytes(x)));
  bool ok = pack_tiles_run(x, d, first, count, out);
  arena_free(a);
  return ok;
}

bool pack_run(pack_tiles *x, diag *d, payload *out, uint64_t offset, unsigned threads, const pack_watch *watch) {
  pack_maker m = {.make = make_tiles, .user = x, .tiles = pack_tiles_count(x), .bytes = pack_tiles_bytes(x)};
  uint64_t most = STRIP_BYTES / (m.bytes + 1), bad;
  m.strip = most < 1 ? 1 : most > STRIP_TILES ? STRIP_TILES : most;
  return pack_run_head(x, d, out, offset) &&
         (pack_run_strips(&m, out, offset + pack_tiles_head_bytes(x), threads, watch, &bad) || report(x, d, bad));
}
