# Flags that hold for everything built here. `qcc_warnings` is linked privately by each of our own targets.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # for POSIX declarations; -Wpedantic keeps the language itself to the standard
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

include_directories(${PROJECT_SOURCE_DIR})

# Contracted multiply-adds would make results depend on the host that runs the compiler.
add_compile_options(-ffp-contract=off)
if(CMAKE_GENERATOR STREQUAL "Ninja" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fdiagnostics-color=auto)
endif()

# Which wider vectors some functions are also compiled for (support/wide.h). The choice at the program's start needs the
# loader's help, and that it runs before what sanitizers and coverage prepare is a trap.
if(NOT QCC_SANITIZE AND NOT QCC_COVERAGE AND NOT QCC_FUZZ)
  include(CheckCSourceCompiles)
  set(QCC_WIDE_TARGETS "\"avx512f\", \"avx2\", \"default\"")
  check_c_source_compiles("
    __attribute__((target_clones(${QCC_WIDE_TARGETS}))) static double twice(double x) { return 2 * x; }
    int main(int count, char **words) { (void)words; return twice(count) > 1e9; }" QCC_HAS_WIDE_TARGETS)
endif()

add_library(qcc_warnings INTERFACE)
target_compile_options(qcc_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)

if(QCC_SANITIZE)
  set(QCC_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${QCC_SANITIZE_FLAGS})
  add_link_options(${QCC_SANITIZE_FLAGS})
endif()

if(QCC_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

if(QCC_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "QCC_FUZZ needs clang: configure with -DCMAKE_C_COMPILER=clang-${QCC_LLVM_VERSION}")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
