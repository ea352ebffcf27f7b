// The case file: kernel calls with their memory before and after, written by make_cases on the host and replayed by
// run_cases on the machine that the kernels were compiled for. Little endian, every field 64-bit, nothing padded.
//
//   file:    magic, number of formats, their names, number of calls, calls
//   name:    length, characters
//   call:    format number, kernel number, work, size count, sizes, buffer count, buffers, label
//   label:   length, characters
//   buffer:  bytes, check, contents before [, contents expected [, allowed |difference| as f32 each]]
#ifndef QCC_TESTS_CASE_FILE_H
#define QCC_TESTS_CASE_FILE_H

#define CASE_MAGIC 0x3253455341434351ull

enum case_check {
  CHECK_UNCHANGED, // must be as before
  CHECK_BYTES,     // must be equal to the expected bytes
  CHECK_FLOATS,    // the same for f32 numbers, except that any NaN is as good as another
  CHECK_BOUNDS     // f32 numbers within the allowed differences
};

#endif
