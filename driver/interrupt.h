// What a signal that ends the run leaves behind: nothing.
#ifndef QCC_DRIVER_INTERRUPT_H
#define QCC_DRIVER_INTERRUPT_H

#include "support/temporary.h"

// From now on Ctrl-C, SIGTERM and their like first remove what is in the list, which is never freed, and then end the
// process as they would have (128 + their number for a shell). Called before there are other threads. Signals that are
// ignored stay ignored.
void interrupt_watch(temporary_list *l);

#endif
