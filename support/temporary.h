// Temporary files that do not outlive the run: neither one that ends nor one that a signal ends, nor, for longer than
// until the next run, one that is killed.
#ifndef QCC_SUPPORT_TEMPORARY_H
#define QCC_SUPPORT_TEMPORARY_H

#include "support/arena.h"

// What exists now and is to be removed when the run is interrupted. Of all threads; NULL, where one is taken, is a list
// that nobody asks.
typedef struct temporary_list temporary_list;
temporary_list *temporary_list_new(void);
void temporary_list_free(temporary_list *l);

// Makes a file `<folder>/.qcc-PID-N.tmp`, which is locked as long as it is open, and adds it to the list. Its name, in
// the arena, in *name. -1 with errno when it cannot be made.
int temporary_open(temporary_list *l, arena *a, const char *folder, const char **name);

// Adds a file, or a folder that is to be removed if it is empty; takes a name off the list, once it is renamed or removed.
void temporary_note(temporary_list *l, const char *path);
void temporary_forget(temporary_list *l, const char *path);

// Between these two no interruption removes anything: several files change their names as one.
void temporary_hold(temporary_list *l);
void temporary_release(temporary_list *l);

// Removes all, newest first. From here on the list takes no more: whoever wants to change it waits for ever.
void temporary_remove_all(temporary_list *l);

// Removes the temporaries in a folder that processes have left that were killed: there is no process of the number in the
// name, and nobody holds a lock (as one in another container could).
void temporary_sweep(const char *folder);

#endif
