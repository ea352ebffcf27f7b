// Numbers that writers put into a tensor of bytes as JSON text, as tensors. Internal to files/.
#ifndef QCC_FILES_JSON_TENSORS_H
#define QCC_FILES_JSON_TENSORS_H

#include "files/tensor_parse.h"

// For each tensor of bytes that holds a JSON object and whose name begins with that of another tensor `w` and a dot, adds
// what it says as tensors of `w`: "w.key" is F32 (F64 where that is not the number) or I64, of shape [1], or a list of
// integers, I64 [count]. Other members, bytes that are no such text and names that are taken add nothing.
void json_tensors_add(tensor_file *f);

#endif
