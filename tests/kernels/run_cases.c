// Replays a case file: run_cases FILE [RESULTS]. RESULTS gets a line for each call: its format, and "ok" or "failed".
//
// Every buffer ends right before an unreadable page (and begins after one), so that a kernel that touches a byte too many
// ends the program. Each call runs whole, and again cut into single work items in reverse order: both must give the
// expected memory. Plain C, for any machine.
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/qrt.h"
#include "tests/kernels/case_file.h"

extern const qrt_kernel case_kernels[];
extern const unsigned case_kernel_count;
extern const uint64_t case_cpu_features;

#define MAX_FAILURES 60
#define MAX_FORMATS 4096

typedef struct reader {
  const uint8_t *at;
  const uint8_t *end;
} reader;

typedef struct buffer {
  uint64_t bytes;
  uint64_t check;
  const uint8_t *before;
  const uint8_t *expected;
  const uint8_t *allowed;
  uint8_t *memory;
  uint8_t *mapping;
  size_t mapped;
} buffer;

static char current[256];

// Formats, and the lines of the call at hand in RESULTS.
static const char *format_names[MAX_FORMATS];
static char lines[2][256];
static int results = -1;

static void put_line(bool ok) {
  const char *line = lines[ok ? 0 : 1];
  ssize_t done = results < 0 ? 0 : write(results, line, strlen(line));
  (void)done;
}

static void die(const char *why) {
  fprintf(stderr, "run_cases: %s\n", why);
  exit(2);
}

static const uint8_t *take(reader *r, uint64_t n) {
  if (n > (uint64_t)(r->end - r->at)) die("the case file is cut short");
  const uint8_t *p = r->at;
  r->at += n;
  return p;
}

static uint64_t word(reader *r) {
  uint64_t x;
  memcpy(&x, take(r, 8), 8);
  return x;
}

static void read_buffer(reader *r, buffer *b) {
  b->bytes = word(r);
  b->check = word(r);
  b->before = take(r, b->bytes);
  b->expected = b->check == CHECK_UNCHANGED ? b->before : take(r, b->bytes);
  b->allowed = b->check == CHECK_BOUNDS ? take(r, b->bytes) : NULL;
}

static void guard(buffer *b) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t inner = ((size_t)b->bytes + page - 1) / page * page;
  b->mapped = inner + 2 * page;
  b->mapping = mmap(NULL, b->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (b->mapping == MAP_FAILED) die("out of memory");
  if (mprotect(b->mapping, page, PROT_NONE) != 0 || mprotect(b->mapping + page + inner, page, PROT_NONE) != 0)
    die("cannot protect pages");
  b->memory = b->mapping + page + inner - b->bytes;
  memset(b->mapping + page, 0xA5, inner);
}

static bool within(const buffer *b, uint64_t i) {
  float got, want, allowed = 0;
  memcpy(&got, b->memory + 4 * i, 4);
  memcpy(&want, b->expected + 4 * i, 4);
  if (b->allowed != NULL) memcpy(&allowed, b->allowed + 4 * i, 4);
  if (b->check == CHECK_FLOATS) return memcmp(&got, &want, 4) == 0 || (isnan(got) && isnan(want));
  return isinf(allowed) || fabsf(got - want) <= allowed || (!isfinite(want) && !isfinite(got));
}

static bool check(const buffer *b, unsigned number) {
  if (b->check != CHECK_BOUNDS && b->check != CHECK_FLOATS) {
    if (memcmp(b->memory, b->expected, b->bytes) == 0) return true;
    uint64_t i = 0;
    while (b->memory[i] == b->expected[i]) i++;
    uint32_t got = 0, want = 0;
    memcpy(&got, b->memory + i / 4 * 4, b->bytes - i / 4 * 4 < 4 ? b->bytes - i / 4 * 4 : 4);
    memcpy(&want, b->expected + i / 4 * 4, b->bytes - i / 4 * 4 < 4 ? b->bytes - i / 4 * 4 : 4);
    printf("FAILED %s: buffer %u differs at byte %llu: %08x, expected %08x\n", current, number, (unsigned long long)i,
           got, want);
    return false;
  }
  for (uint64_t i = 0; i < b->bytes / 4; i++) {
    if (within(b, i)) continue;
    float got, want;
    memcpy(&got, b->memory + 4 * i, 4);
    memcpy(&want, b->expected + 4 * i, 4);
    printf("FAILED %s: buffer %u, number %llu: %.9g, expected %.9g\n", current, number, (unsigned long long)i,
           (double)got, (double)want);
    return false;
  }
  return true;
}

static void load(qrt_args *args, buffer *buffers, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) {
    memcpy(buffers[i].memory, buffers[i].before, buffers[i].bytes);
    args->buffers[i] = buffers[i].memory;
  }
}

static bool check_all(const buffer *buffers, uint64_t count) {
  for (uint64_t i = 0; i < count; i++)
    if (!check(&buffers[i], (unsigned)i)) return false;
  return true;
}

static bool run_call(reader *r) {
  uint64_t format = word(r), kernel = word(r), work = word(r), size_count = word(r);
  if (format >= MAX_FORMATS || format_names[format] == NULL) die("a call of no format");
  snprintf(lines[0], sizeof lines[0], "%s\tok\n", format_names[format]);
  snprintf(lines[1], sizeof lines[1], "%s\tfailed\n", format_names[format]);
  qrt_args args = {0};
  if (kernel >= case_kernel_count || size_count > QRT_MAX_SIZES) die("a call that cannot be");
  for (uint64_t i = 0; i < size_count; i++) args.sizes[i] = word(r);
  buffer buffers[QRT_MAX_BUFFERS] = {0};
  uint64_t count = word(r);
  if (count > QRT_MAX_BUFFERS) die("too many buffers");
  for (uint64_t i = 0; i < count; i++) read_buffer(r, &buffers[i]);
  uint64_t label = word(r);
  snprintf(current, sizeof current, "%.*s", (int)label, (const char *)take(r, label));
  for (uint64_t i = 0; i < count; i++) guard(&buffers[i]);
  load(&args, buffers, count);
  case_kernels[kernel](&args, 0, work);
  bool ok = check_all(buffers, count);
  load(&args, buffers, count);
  for (uint64_t i = work; ok && i-- > 0;) case_kernels[kernel](&args, i, i + 1);
  ok = ok && check_all(buffers, count);
  for (uint64_t i = 0; i < count; i++) munmap(buffers[i].mapping, buffers[i].mapped);
  return ok;
}

static void on_fault(int number) {
  static const char text[] = "FAILED (memory outside its buffers was touched, or an illegal instruction) ";
  ssize_t done = write(1, text, sizeof text - 1);
  done = write(1, current, strlen(current));
  done = write(1, "\n", 1);
  (void)done;
  put_line(false);
  _exit(number == SIGILL ? 4 : 3);
}

static uint8_t *read_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  if (f == NULL || fseek(f, 0, SEEK_END) != 0) die("the case file cannot be opened");
  *size = (size_t)ftell(f);
  rewind(f);
  uint8_t *data = malloc(*size + 1);
  if (data == NULL || fread(data, 1, *size, f) != *size) die("the case file cannot be read");
  fclose(f);
  return data;
}

static void read_formats(reader *r) {
  uint64_t count = word(r);
  if (count > MAX_FORMATS) die("too many formats");
  for (uint64_t i = 0; i < count; i++) {
    uint64_t length = word(r);
    char *name = calloc((size_t)length + 1, 1);
    if (name == NULL) die("out of memory");
    memcpy(name, take(r, length), length);
    format_names[i] = name;
  }
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 3) die("usage: run_cases FILE [RESULTS]");
  if ((case_cpu_features & ~qrt_cpu_features()) != 0) {
    printf("skipped: this processor does not run the tier\n");
    return 77;
  }
  if (argc == 3 && (results = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0) die("no results can be written");
  size_t size;
  uint8_t *data = read_file(argv[1], &size);
  reader r = {.at = data, .end = data + size};
  signal(SIGSEGV, on_fault);
  signal(SIGBUS, on_fault);
  signal(SIGILL, on_fault);
  if (word(&r) != CASE_MAGIC) die("no case file");
  read_formats(&r);
  uint64_t calls = word(&r);
  unsigned passed = 0, failed = 0;
  for (uint64_t i = 0; i < calls && failed < MAX_FAILURES; i++) {
    bool ok = run_call(&r);
    put_line(ok);
    *(ok ? &passed : &failed) += 1;
  }
  free(data);
  printf("%u calls as expected, %u not\n", passed, failed);
  return failed == 0 && passed == calls ? 0 : 1;
}
