// Checks of the thread pool that need no test library, so that they also run under ThreadSanitizer and on other
// processors. Each returns NULL, or what went wrong.
#ifndef QCC_TESTS_RUNTIME_THREAD_CHECKS_H
#define QCC_TESTS_RUNTIME_THREAD_CHECKS_H

// `runs` runs of the small model with that many threads; every result must have the bits of the first.
const char *check_equal_runs(unsigned threads, unsigned runs);
// Many jobs of a few tiny pieces; each piece must run once.
const char *check_small_jobs(unsigned threads, unsigned jobs);
// Jobs with pauses between them, long enough for the workers to fall asleep.
const char *check_sleepers(unsigned threads, unsigned jobs);
// Pools started and stopped, some without ever working.
const char *check_start_stop(unsigned threads, unsigned times);
// Two threads of the application that share one pool, each with its own model and workspace.
const char *check_shared_pool(unsigned threads, unsigned runs);
// A piece that uses the pool that runs it.
const char *check_nested(unsigned threads);

#endif
