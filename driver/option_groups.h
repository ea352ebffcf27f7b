// Groups of options in --help-all. GROUP(id, title); private to options.c and help.c.
#ifndef QCC_DRIVER_OPTION_GROUPS_H
#define QCC_DRIVER_OPTION_GROUPS_H

#define OPTION_GROUPS(GROUP)               \
  GROUP(COMMON, "Options")                 \
  GROUP(TARGET, "Target")                  \
  GROUP(STAGES, "Stages and dependencies") \
  GROUP(MESSAGES, "Messages")              \
  GROUP(RUN, "Running")                    \
  GROUP(MEASURE, "Measuring")              \
  GROUP(QUANTIZE, "Quantizing")            \
  GROUP(CONVERT, "Converting")             \
  GROUP(INSPECT, "Inspecting")             \
  GROUP(GENERAL, "General")                \
  GROUP(HIDDEN, "")

typedef enum option_group {
#define GROUP(id, title) GROUP_##id,
  OPTION_GROUPS(GROUP)
#undef GROUP
      GROUP_COUNT
} option_group;

#endif
