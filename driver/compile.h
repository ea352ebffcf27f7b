// The commands.
#ifndef QCC_DRIVER_COMPILE_H
#define QCC_DRIVER_COMPILE_H

#include "driver/job.h"

/* compile.c: `qcc model.q`, up to the stage that --emit names */
exit_status compile_command(job *j);
// Parses, checks and lowers j's input. False after errors.
bool compile_lower(job *j);

/* run.c: `qcc run model.q` */
exit_status run_command(job *j);

/* bench.c: `qcc bench model.q` */
exit_status bench_command(job *j);

/* tune.c: `qcc tune model.q` */
exit_status tune_command(job *j);

/* quantize.c: `qcc quantize weights` */
exit_status quantize_command(job *j);

/* convert.c: `qcc convert weights` */
exit_status convert_command(job *j);

/* inspect.c: `qcc inspect weights..` */
exit_status inspect_command(job *j);

/* library.c: archive, header and packed weights of a lowered module */
bool library_write(job *j);

/* kernels.c: --emit=kernels */
// Archive, header and packer of the recipes of a lowered module.
bool kernels_write(job *j);

// Names of its results, for -###.
void kernels_print_results(const job *j, const char *name);

/* dry_run.c: -###. Says what the phases would do, with the names of the results. */
void dry_run_print(job *j);

#endif
