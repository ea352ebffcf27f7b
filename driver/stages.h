// What --emit can ask for, in the order in which a compilation gets there.
#ifndef QCC_DRIVER_STAGES_H
#define QCC_DRIVER_STAGES_H

// STAGE(id, name, ending of its file, is text, help). A stage with an ending is one result, text on standard output
// unless -o names a place; without one it is several files in a directory.
#define STAGES(STAGE)                                                    \
  STAGE(AST, "ast", ".q", 1, "the tree of the text")                     \
  STAGE(IR, "ir", ".qir", 1, "the model in the quantized IR")            \
  STAGE(LOWERED, "lowered", ".qir", 1, "after all passes, with kernels") \
  STAGE(LLVM_IR, "llvm-ir", ".ll", 1, "kernels as LLVM IR")              \
  STAGE(ASM, "asm", ".s", 1, "kernels as assembly")                      \
  STAGE(OBJ, "obj", ".o", 0, "kernels as object files")                  \
  STAGE(LIB, "lib", 0, 0, "library, header and packed weights")          \
  STAGE(SO, "so", 0, 0, "shared object, header and packed weights")      \
  STAGE(PTX, "ptx", ".ptx", 0, "kernels for a GPU")                      \
  STAGE(KERNELS, "kernels", 0, 0, "library of kernels, header and packer")

typedef enum stage {
#define STAGE_ID(id, name, ending, text, help) STAGE_##id,
  STAGES(STAGE_ID)
#undef STAGE_ID
      STAGE_COUNT
} stage;

typedef struct stage_info {
  const char *name;
  const char *ending;
  int is_text;
  const char *help;
} stage_info;

const stage_info *stage_get(stage s);

#endif
