// The groups of warnings, one row each: WARNING(name, what it tells). `-W<name>`, `-Wno-<name>` and `-Werror=<name>`
// speak of these; a group that is not here cannot be set.
#ifndef WARNING
#error "define WARNING(name, help) before including support/warnings.h"
#endif

WARNING("cache", "the cache folder is not used")
WARNING("encoding", "an encoding says next to nothing of the weights")
WARNING("fallback", "a layer takes a slow generic path")
WARNING("misfit", "a matrix of a shape that its format cannot have")
WARNING("rounding", "numbers of a file are kept as f32, which they are not")
WARNING("stray-bytes", "a weight file has bytes that belong to nothing")
WARNING("tuning", "a line of the tuning file is not understood")
WARNING("unused-rule", "a rule of quantize is used by no layer")
