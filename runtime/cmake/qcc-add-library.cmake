# qcc_add_library(target MODEL file.q [NAME model] [TARGET triple] [PREFIX prefix] [EMBED] [SHARED] [OPTIONS option ...])
#
# Makes `target`, an interface library: what links it gets the model's archive, the folder of the model's header and
# qcc::runtime. Edits of the model, of what it includes and of its weights compile it again.
#   MODEL    the .q file, relative to the current source folder
#   NAME     the name in `model NAME {..}`, when it is not the file's name without its extension
#   TARGET   the triple to compile for; by default what the project's C compiler makes (qcc_target_triple)
#   PREFIX   start of all C names, instead of the model's name
#   EMBED    put the weights into the library; otherwise they are a file to be shipped with the application
#   SHARED   a shared object with the runtime inside, linked by LLVM's lld, instead of an archive
#   OPTIONS  given to qcc as they are
# Properties of the target: QCC_WEIGHTS (path of the packed weights; empty with EMBED), QCC_HEADER, QCC_ARCHIVE,
# QCC_TRIPLE. The path of the weights is also in the variable <target>_WEIGHTS.
cmake_policy(PUSH)
cmake_policy(VERSION 3.20) # dependency files are rewritten to the build tree's paths

# qcc_target_triple(out): the triple of the project's C compiler with its flags.
function(qcc_target_triple out)
  set(triple "${CMAKE_C_COMPILER_TARGET}")
  if(NOT triple)
    separate_arguments(flags NATIVE_COMMAND "${CMAKE_C_FLAGS}")
    execute_process(COMMAND "${CMAKE_C_COMPILER}" ${CMAKE_C_COMPILER_ARG1} ${flags} -dumpmachine
                    OUTPUT_VARIABLE triple RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(failed)
      set(triple)
    endif()
  endif()
  if(NOT triple AND CMAKE_SYSTEM_PROCESSOR)
    if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
      set(triple "${CMAKE_SYSTEM_PROCESSOR}-linux-gnu")
    elseif(CMAKE_SYSTEM_NAME STREQUAL "Generic")
      set(triple "${CMAKE_SYSTEM_PROCESSOR}-none-elf")
    endif()
  endif()
  if(NOT triple)
    message(FATAL_ERROR "qcc: cannot tell which target ${CMAKE_C_COMPILER} compiles for: set CMAKE_C_COMPILER_TARGET "
                        "or give qcc_add_library(... TARGET triple)")
  endif()
  set(${out} "${triple}" PARENT_SCOPE)
endfunction()

function(qcc_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 q "EMBED;SHARED" "MODEL;NAME;TARGET;PREFIX" "OPTIONS")
  if(q_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "qcc_add_library(${target}): unknown arguments: ${q_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT q_MODEL)
    message(FATAL_ERROR "qcc_add_library(${target}): MODEL file.q is missing")
  endif()
  get_filename_component(model "${q_MODEL}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  if(NOT q_NAME)
    get_filename_component(q_NAME "${model}" NAME_WE)
  endif()
  if(NOT q_TARGET)
    qcc_target_triple(q_TARGET)
  endif()

  set(dir "${CMAKE_CURRENT_BINARY_DIR}/qcc/${target}")
  set(kind STATIC)
  set(ending a)
  set(runtime qcc_runtime)
  set(emit --runtime=external)
  if(q_SHARED)
    set(kind SHARED)
    set(ending so)
    set(runtime)
    set(emit --emit=so)
  endif()
  set(archive "${dir}/lib${q_NAME}.${ending}")
  set(header "${dir}/${q_NAME}.h")
  if(q_PREFIX)
    set(header "${dir}/${q_PREFIX}.h")
  endif()
  set(weights "${dir}/${q_NAME}.qw")
  set(options "-target=${q_TARGET}" ${emit} "--model-name=${q_NAME}")
  if(q_PREFIX)
    list(APPEND options "--prefix=${q_PREFIX}")
  endif()
  if(q_EMBED)
    list(APPEND options --embed-weights)
    set(weights)
  endif()
  file(MAKE_DIRECTORY "${dir}")
  # Ninja's reader of rules knows neither quotes nor '&', and what CMake makes of "$$" it does not find: there paths are
  # relative to where Ninja runs, and CMake leaves the rule alone.
  set(where)
  set(depfile DEPFILE "${dir}/${q_NAME}.d")
  set(rule -MD -MF "${dir}/${q_NAME}.d")
  set(from "${model}")
  set(to "${dir}")
  if(CMAKE_GENERATOR MATCHES "Ninja" AND "${model}${dir}" MATCHES "['\"&$=]")
    file(RELATIVE_PATH from "${CMAKE_BINARY_DIR}" "${model}")
    file(RELATIVE_PATH to "${CMAKE_BINARY_DIR}" "${dir}")
    set(where WORKING_DIRECTORY "${CMAKE_BINARY_DIR}")
    set(depfile DEPFILE "${to}/${q_NAME}.d")
    set(rule -MD -MF "${to}/${q_NAME}.d")
    cmake_policy(SET CMP0116 OLD)
  elseif("${model}${dir}" MATCHES "=") # no rule for make can name it: only edits of the model itself are seen
    set(depfile)
    set(rule)
  endif()
  add_custom_command(OUTPUT "${archive}" "${header}" ${weights}
    COMMAND qcc::qcc "${from}" ${options} ${q_OPTIONS} -o "${to}" ${rule}
    DEPENDS qcc::qcc "${model}" ${depfile} ${where}
    COMMENT "Compiling ${q_MODEL} for ${q_TARGET}" VERBATIM)
  add_custom_target(${target}_qcc DEPENDS "${archive}" "${header}" ${weights})

  add_library(${target}_archive ${kind} IMPORTED GLOBAL)
  set_target_properties(${target}_archive PROPERTIES IMPORTED_LOCATION "${archive}")
  add_dependencies(${target}_archive ${target}_qcc)
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_qcc)
  target_include_directories(${target} INTERFACE "$<BUILD_INTERFACE:${dir}>" "$<INSTALL_INTERFACE:include>")
  target_link_libraries(${target} INTERFACE
    "$<BUILD_INTERFACE:${target}_archive>"
    "$<INSTALL_INTERFACE:$<INSTALL_PREFIX>/lib/lib${q_NAME}.${ending}>" ${runtime})
  set_target_properties(${target} PROPERTIES
    QCC_WEIGHTS "${weights}" QCC_HEADER "${header}" QCC_ARCHIVE "${archive}" QCC_TRIPLE "${q_TARGET}")
  set(${target}_WEIGHTS "${weights}" PARENT_SCOPE)
endfunction()

# qcc_install(target EXPORT set [WEIGHTS folder])
#
# Installs what a library that contains the model needs where it is linked: the archive and the runtime to lib, the header
# to include, the packed weights, if there are any, to `folder` (share by default). The targets join the export set; who
# reads it needs find_dependency(Threads).
function(qcc_install target)
  cmake_parse_arguments(PARSE_ARGV 1 q "" "EXPORT;WEIGHTS" "")
  if(q_UNPARSED_ARGUMENTS OR NOT q_EXPORT)
    message(FATAL_ERROR "qcc_install(${target}): EXPORT set is missing, or arguments are unknown: ${q_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT q_WEIGHTS)
    set(q_WEIGHTS share)
  endif()
  get_target_property(archive ${target} QCC_ARCHIVE)
  get_target_property(header ${target} QCC_HEADER)
  get_target_property(weights ${target} QCC_WEIGHTS)
  install(FILES "${archive}" DESTINATION lib)
  install(FILES "${header}" DESTINATION include)
  if(weights)
    install(FILES "${weights}" DESTINATION "${q_WEIGHTS}")
  endif()
  install(TARGETS ${target} EXPORT ${q_EXPORT})
  if(archive MATCHES "\\.so$")
    return()
  endif()
  get_property(done GLOBAL PROPERTY QCC_RUNTIME_IN_${q_EXPORT})
  if(NOT done)
    install(TARGETS qcc_runtime EXPORT ${q_EXPORT} ARCHIVE DESTINATION lib)
    set_property(GLOBAL PROPERTY QCC_RUNTIME_IN_${q_EXPORT} TRUE)
  endif()
endfunction()

cmake_policy(POP)
