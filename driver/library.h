// Archives of compiled code. Private to library.c and kernels.c.
#ifndef QCC_DRIVER_LIBRARY_H
#define QCC_DRIVER_LIBRARY_H

#include "codegen/codegen.h"
#include "driver/job.h"

typedef VEC(cg_member) member_list;

// Compiles the kernels of every tier to objects of the archive. False after errors.
bool library_add_tiers(job *j, bool (*lower)(const job *j, diag *d, const target_tier *tier, ir_module *kernels),
                       const cg_options *co, member_list *members);

// With --runtime=bundled, the runtime's objects for the target. False (reported) when there are none.
bool library_add_runtime(job *j, member_list *members);

// Writes `lib<name>.a` into the directory.
bool library_write_archive(job *j, const char *directory, const member_list *members);

#endif
