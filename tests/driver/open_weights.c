// An application that opens the packed weights it is given and runs the model once: open_weights FILE.qw
#include "m.h"

#include <stdio.h>

static _Alignas(64) unsigned char workspace[M_WORKSPACE_SIZE(1)];

int main(int argc, char **argv) {
  float x[M_INPUT_X_FLOATS] = {0}, y[M_OUTPUT_Y_FLOATS];
  qrt_model model;
  qrt_status status = m_open(&model, argc > 1 ? argv[1] : "");
  if (status == QRT_OK) status = m_run(&model, 1, x, y, workspace, sizeof workspace, NULL);
  fprintf(stderr, "%s: %s\n", argc > 1 ? argv[1] : "", qrt_status_text(status));
  return status == QRT_OK ? 0 : 1;
}
