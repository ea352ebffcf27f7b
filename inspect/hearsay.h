// What a file and the JSON files beside it say of themselves in passing: numbers under keys such as "group_size", names of
// formats. It is sorted out once for a file, however many readings of its layers are compared with it.
#ifndef QCC_INSPECT_HEARSAY_H
#define QCC_INSPECT_HEARSAY_H

#include "files/quant_config.h"
#include "inspect/catalogue.h"

typedef struct hearsay hearsay;

// Of a file and its configuration (may be NULL), in memory of the catalogue, until catalogue_forget.
hearsay *hearsay_of(catalogue *c, const tensor_file *f, const quant_config *config);

// How many numbers there are that are `value` under a key with the parameter's name in it, as "group_size" has "group": in the
// file's metadata, or with `beside` in the configuration.
size_t hearsay_told(hearsay *h, bool beside, const char *parameter, int64_t value);

// How exactly the form is named, as its layout or its scheme: how something is packed says more than who made it. Below
// 1 << HEARSAY_NAME_BITS.
enum { HEARSAY_NAME_BITS = 4 };
unsigned hearsay_names(const hearsay *h, const catalogue_form *form);

#endif
