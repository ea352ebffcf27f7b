// qrt.h in C++: compiles, and its types can be used.
#include "qrt.h"
#include "qrt_cpu.h"

extern const qrt_plan plan;

int main() {
  qrt_model model;
  qrt_status status = qrt_open_embedded(&model, &plan);
  const void *inputs[] = {nullptr};
  void *outputs[] = {nullptr};
  if (status == QRT_OK) status = qrt_run(&model, 1, inputs, outputs, nullptr, 0, nullptr);
  qrt_close(&model);
  return status == QRT_OK && (qrt_cpu_features() & 1) ? 0 : 1;
}
