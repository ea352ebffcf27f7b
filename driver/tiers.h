// Compiling kernels for several tiers at once.
#ifndef QCC_DRIVER_TIERS_H
#define QCC_DRIVER_TIERS_H

#include "codegen/codegen.h"
#include "driver/job.h"

// Fills `kernels` (a fresh module with the schemes and recipes of j->m) for a tier. Called from several threads: `j` is
// only read. False when it reported to `d`.
typedef bool (*tier_lower)(const job *j, diag *d, const target_tier *tier, ir_module *kernels);

// The settings as code generation takes them.
cg_options tiers_options(const job *j);

// Whether the module's text had kernels.
bool tiers_has_kernels(const ir_module *m);

// Leaves out the tiers whose kernels would be those of the next one, once the recipes are known; unless the user named tiers.
void tiers_drop_equal(job *j);

// The kernels of j's plan; or, when its text has kernels already, these.
bool tiers_lower_plan(const job *j, diag *d, const target_tier *tier, ir_module *kernels);

// Code for the first `count` tiers of the settings, out[i] for tier i, in j's arena. False after errors.
bool tiers_compile(job *j, tier_lower lower, const cg_options *co, cg_kind kind, size_t count, cg_bytes *out);

// Objects for all tiers of the settings, one for each kernel that differs from the others of its tier: so they can be
// compiled side by side, and those that the cache has need not be compiled. In j's arena, in an order that depends on
// nothing else than the kernels. False after errors.
bool tiers_objects(job *j, tier_lower lower, const cg_options *co, size_t *count, cg_member **members);

#endif
