// A model as a shared object: the members of its library, linked by lld for any target.
#ifndef QCC_DRIVER_SHARED_H
#define QCC_DRIVER_SHARED_H

#include "driver/library.h"

// Writes <directory>/lib<model>.so. The C library is left to the program that loads it. False (reported) when there is no
// linker, or it fails.
bool shared_write(job *j, const char *directory, const member_list *members);

#endif
