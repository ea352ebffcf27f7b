# qcc_check_test(name SOURCES a.c ... [LIBS qcc_ir ...] [LABELS release ...] [ARGS ...] [SHARDS n])
# qcc_script_test(name COMMAND program args ... [LABELS ...])
# qcc_fuzz_target(name SOURCES a.c [LIBS ...] [CORPUS dir] [ARGS ...])
#
# SHARDS cuts a long program's looped tests into the tests name_0 .. name_<n-1>: none takes more than a minute of one
# processor. Time limits guard against hanging only, because the machine may be busy.
#
# No test sees what `qcc tune` measured on this machine: XDG_CONFIG_HOME names a folder that is not there.
# Memory from malloc begins as bytes 0xfe (of floats: huge numbers or NaN), so that reads of what nobody wrote show.
# The compiled tests see QCC_SOURCE_DIR and QCC_BINARY_DIR as string macros and in the environment. None of them uses a
# cache but those that choose a folder for it.

# Puts into `out` the libraries of this project in the list that do not exist in this configuration.
function(qcc_missing_libs out)
  set(missing)
  foreach(lib IN LISTS ARGN)
    if(lib MATCHES "^(qcc|qrt)" AND NOT TARGET ${lib})
      list(APPEND missing ${lib})
    endif()
  endforeach()
  set(${out} "${missing}" PARENT_SCOPE)
endfunction()

function(qcc_test_properties name)
  cmake_parse_arguments(t "" "SHARD" "LABELS" ${ARGN})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3600 LABELS "${t_LABELS}")
  set(share 1)
  if(QCC_SANITIZE) # tables of command lines: what one run leaves out under the sanitizers, the next seed takes
    set(share 3)
  endif()
  set_tests_properties(${name} PROPERTIES ENVIRONMENT
    "QCC_TEST_SHARE=${share};QCC_CACHE_DIR=;MALLOC_PERTURB_=1;CK_DEFAULT_TIMEOUT=3600;XDG_CONFIG_HOME=${PROJECT_BINARY_DIR}/no-config;QCC_SOURCE_DIR=${PROJECT_SOURCE_DIR};QCC_BINARY_DIR=${PROJECT_BINARY_DIR};QCC_TEST_SHARD=${t_SHARD}")
endfunction()

# Compiles a test program; sets `made` to false when a library it needs is not part of this configuration.
function(qcc_test_program name made)
  cmake_parse_arguments(t "" "" "SOURCES;LIBS" ${ARGN})
  qcc_missing_libs(missing ${t_LIBS})
  if(missing)
    message(STATUS "Test ${name} is left out: no target ${missing}")
    set(${made} FALSE PARENT_SCOPE)
    return()
  endif()
  add_executable(${name} ${t_SOURCES})
  target_compile_definitions(${name} PRIVATE
    QCC_SOURCE_DIR="${PROJECT_SOURCE_DIR}" QCC_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE qcc_warnings ${t_LIBS} m)
  set(${made} TRUE PARENT_SCOPE)
endfunction()

function(qcc_check_test name)
  cmake_parse_arguments(t "" "SHARDS" "SOURCES;LIBS;LABELS;ARGS" ${ARGN})
  qcc_test_program(${name} made SOURCES ${t_SOURCES} LIBS ${t_LIBS})
  if(NOT made)
    return()
  endif()
  target_link_libraries(${name} PRIVATE PkgConfig::check Threads::Threads)
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_compile_options(${name} PRIVATE -Wno-gnu-zero-variadic-macro-arguments) # Check's own macros
  endif()
  if(NOT t_SHARDS)
    add_test(NAME ${name} COMMAND ${name} ${t_ARGS})
    qcc_test_properties(${name} LABELS ${t_LABELS} SHARD 0/1)
    return()
  endif()
  math(EXPR last "${t_SHARDS} - 1")
  foreach(shard RANGE ${last})
    add_test(NAME ${name}_${shard} COMMAND ${name} ${t_ARGS})
    qcc_test_properties(${name}_${shard} LABELS ${t_LABELS} SHARD ${shard}/${t_SHARDS})
  endforeach()
endfunction()

function(qcc_script_test name)
  cmake_parse_arguments(t "" "" "COMMAND;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${t_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  qcc_test_properties(${name} LABELS ${t_LABELS} SHARD 0/1)
endfunction()

# A libFuzzer target (LLVMFuzzerTestOneInput). Without QCC_FUZZ nothing is made. The corpus is only read: what the
# fuzzer finds goes to the build tree.
function(qcc_fuzz_target name)
  cmake_parse_arguments(t "" "CORPUS" "SOURCES;LIBS;ARGS" ${ARGN})
  if(NOT QCC_FUZZ)
    return()
  endif()
  qcc_test_program(${name} made SOURCES ${t_SOURCES} LIBS ${t_LIBS})
  if(NOT made)
    return()
  endif()
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/${name}.corpus)
  file(MAKE_DIRECTORY ${found})
  add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/tests/run-fuzzer.sh $<TARGET_FILE:${name}> ${found} ${t_CORPUS}
           ${t_ARGS})
  qcc_test_properties(${name} LABELS sanitize fuzz draws SHARD 0/1)
endfunction()
