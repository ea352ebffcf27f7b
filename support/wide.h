// Functions that work on vectors, also compiled for the wider ones that some of the build's processors have; which of the
// two runs is chosen when the program starts. Results are the same: both do the same operations in the same order.
#ifndef QCC_SUPPORT_WIDE_H
#define QCC_SUPPORT_WIDE_H

// The build finds out whether the compiler and the C library can do so (cmake/QccBuildFlags.cmake).
#ifdef QCC_WIDE_TARGETS
#define QCC_WIDE __attribute__((target_clones(QCC_WIDE_TARGETS)))
#else
#define QCC_WIDE
#endif

#endif
