# qrt_prebuilt(arch triple flags...): lib/qcc/libqrt-<arch>.a in the build tree, which qcc puts into a model's archive.
# The compiler is the clang of the LLVM in use, else a cross gcc. The objects depend on nothing but their sources:
# the same bytes from every build directory, property notes for branch protection, a section for each function.
find_program(QRT_CLANG NAMES clang-${QCC_LLVM_VERSION} clang)
find_program(QRT_AR NAMES llvm-ar-${QCC_LLVM_VERSION} llvm-ar)

set(QRT_PREBUILT_FLAGS -std=c11 -O2 -g0 -fPIC -ffunction-sections -fdata-sections -fno-ident
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -Wall -Wextra -Wpedantic -Wshadow -Wconversion)

# The C library's headers for a target, or only the compiler's own.
function(qrt_has_libc out)
  set(probe ${CMAKE_CURRENT_BINARY_DIR}/has_libc.c)
  file(WRITE ${probe} "#include <pthread.h>\n#include <sys/auxv.h>\n#include <sys/mman.h>\n")
  execute_process(COMMAND ${ARGN} -fsyntax-only ${probe} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    set(${out} FALSE PARENT_SCOPE)
  else()
    set(${out} TRUE PARENT_SCOPE)
  endif()
endfunction()

function(qrt_prebuilt arch triple)
  if(QRT_CLANG)
    set(compiler ${QRT_CLANG} --target=${triple})
  else()
    find_program(QRT_GCC_${arch} NAMES ${triple}-gcc)
    if(NOT QRT_GCC_${arch})
      message(STATUS "Runtime for ${arch}: left out, neither clang-${QCC_LLVM_VERSION} nor ${triple}-gcc was found")
      return()
    endif()
    set(compiler ${QRT_GCC_${arch}})
  endif()
  set(flags ${QRT_PREBUILT_FLAGS} ${ARGN})
  qrt_has_libc(has_libc ${compiler})
  if(NOT has_libc)
    message(STATUS "Runtime for ${arch}: freestanding (no files, no threads), for want of libc headers; "
                   "on Debian: a package libc6-dev-*-cross")
    list(APPEND flags -ffreestanding -DQRT_FREESTANDING)
  endif()

  set(objects)
  foreach(source IN LISTS QRT_SOURCES)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${arch}/${source}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${compiler} ${flags} -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d COMMENT "Compiling the runtime's ${source} for ${arch}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${arch} ${PROJECT_BINARY_DIR}/lib/qcc)

  set(ar ${CMAKE_AR})
  if(QRT_AR)
    set(ar ${QRT_AR})
  endif()
  set(archive ${PROJECT_BINARY_DIR}/lib/qcc/libqrt-${arch}.a)
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${ar} rcsD ${archive} ${objects}
    DEPENDS ${objects} COMMENT "Archiving the runtime for ${arch}" VERBATIM)
  add_custom_target(qrt-${arch} ALL DEPENDS ${archive})
  set_property(DIRECTORY APPEND PROPERTY QRT_PREBUILT ${archive})
endfunction()
