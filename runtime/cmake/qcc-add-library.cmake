# qcc_add_library(target MODEL file.q [NAME model] [TARGET triple] [PREFIX prefix] [EMBED] [OPTIONS option ...])
#
# Makes `target`, an interface library: what links it gets the model's archive, the folder of the model's header and
# qcc::runtime. Edits of the model, of what it includes and of its weights compile it again.
#   MODEL    the .q file, relative to the current source folder
#   NAME     the name in `model NAME {..}`, when it is not the file's name without its extension
#   TARGET   the triple to compile for; by default what the project's C compiler makes (qcc_target_triple)
#   PREFIX   start of all C names, instead of the model's name
#   EMBED    put the weights into the library; otherwise they are a file to be shipped with the application
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
  cmake_parse_arguments(PARSE_ARGV 1 q "EMBED" "MODEL;NAME;TARGET;PREFIX" "OPTIONS")
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
  set(archive "${dir}/lib${q_NAME}.a")
  set(header "${dir}/${q_NAME}.h")
  set(weights "${dir}/${q_NAME}.qw")
  set(options "-target=${q_TARGET}" --runtime=external)
  if(q_PREFIX)
    list(APPEND options "--prefix=${q_PREFIX}")
  endif()
  if(q_EMBED)
    list(APPEND options --embed-weights)
    set(weights)
  endif()
  file(MAKE_DIRECTORY "${dir}")
  add_custom_command(OUTPUT "${archive}" "${header}" ${weights}
    COMMAND qcc::qcc "${model}" ${options} ${q_OPTIONS} -o "${dir}" -MD -MF "${dir}/${q_NAME}.d"
    DEPENDS qcc::qcc "${model}" DEPFILE "${dir}/${q_NAME}.d"
    COMMENT "Compiling ${q_MODEL} for ${q_TARGET}" VERBATIM)
  add_custom_target(${target}_qcc DEPENDS "${archive}" "${header}" ${weights})

  add_library(${target}_archive STATIC IMPORTED GLOBAL)
  set_target_properties(${target}_archive PROPERTIES IMPORTED_LOCATION "${archive}")
  add_dependencies(${target}_archive ${target}_qcc)
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_qcc)
  target_include_directories(${target} INTERFACE "${dir}")
  target_link_libraries(${target} INTERFACE ${target}_archive qcc::runtime)
  set_target_properties(${target} PROPERTIES
    QCC_WEIGHTS "${weights}" QCC_HEADER "${header}" QCC_ARCHIVE "${archive}" QCC_TRIPLE "${q_TARGET}")
  set(${target}_WEIGHTS "${weights}" PARENT_SCOPE)
endfunction()

cmake_policy(POP)
