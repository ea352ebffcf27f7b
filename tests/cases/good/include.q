// Declarations of other files; a file that is included twice counts once. Weights are beside the file that names them.
include "lib/shared.q";
include "lib/model.q";
include "lib/../lib/shared.q";
quantize { "*" : shared(group = twice); }
