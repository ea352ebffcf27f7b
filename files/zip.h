// The directory of a ZIP archive in memory, checked against hostile lengths, and its members. Only what .npz files use:
// members that are stored as they are or deflated, with or without 64-bit sizes. Internal to files/.
#ifndef QCC_FILES_ZIP_H
#define QCC_FILES_ZIP_H

#include "files/tensor_parse.h"

typedef struct zip_member {
  const char *name;    // UTF-8 without control characters
  uint64_t offset;     // of its bytes in the archive
  const uint8_t *data; // as stored
  size_t packed;       // bytes stored
  size_t size;         // bytes when unpacked
  unsigned method;     // 0 stored, 8 deflated, others as in the file
  uint32_t crc;
  bool encrypted;
} zip_member;

// Reads the directory of the archive f->bytes into *out, in memory of f; no two members overlap. False when reported.
bool zip_read_directory(diag *d, tensor_file *f, zip_member **out, size_t *count);

// The bytes of a member, checked against their sum: those in the archive when they are stored, else unpacked into memory
// of f or, large ones of an opened file, into a nameless file that f maps. NULL when reported; members of more than zero bytes only.
const uint8_t *zip_unpack(diag *d, tensor_file *f, const zip_member *m);

#endif
