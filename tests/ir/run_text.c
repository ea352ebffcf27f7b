#include "run_text.h"

#include <check.h>
#include <string.h>

#include "interp/inside.h"

ir_module *run_parse(arena *mem, const char *text) {
  diag *d = diag_new(mem, NULL, false);
  ir_module *m = ir_parse(d, mem, "kernel", text, strlen(text));
  ck_assert_msg(m != NULL && ir_verify(d, m), "%s\nin:\n%s", diag_text(d), text);
  return m;
}

const char *run_body(arena *mem, const char *body, const run_args *args) {
  const char *text = arena_printf(mem,
                                  "module \"m\" batch 1\n"
                                  "kernel @k(%%a: buffer, %%b: buffer, %%c: buffer, %%y: buffer, %%n: index,\n"
                                  "          %%begin: index, %%end: index) {\n"
                                  "  %%zero = index {value = 0} : index\n%s\n}\n",
                                  body);
  const ir_module *m = run_parse(mem, text);
  const ir_memory buffers[] = {args->a, args->b, args->c, args->y};
  diag *d = diag_new(mem, NULL, false);
  bool ok = args->max_steps == 0 ? ir_interpret(d, m->funcs.data[0], 4, buffers, 1, &args->n, args->begin, args->end)
                                 : interp_run_kernel(d, m->funcs.data[0], 4, buffers, 1, &args->n, args->begin,
                                                     args->end, args->max_steps);
  ck_assert(ok == (diag_error_count(d) == 0));
  return diag_text(d);
}
