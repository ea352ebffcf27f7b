# qcc::runtime: the runtime's sources, compiled by the project that uses them, so that they fit its target and flags.
if(TARGET qcc::runtime)
  return()
endif()

if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
  option(QCC_RUNTIME_FREESTANDING "Build qcc's runtime without files and threads" ON)
else()
  option(QCC_RUNTIME_FREESTANDING "Build qcc's runtime without files and threads" OFF)
endif()

list(TRANSFORM QCC_RUNTIME_SOURCES PREPEND "${QCC_RUNTIME_DIR}/" OUTPUT_VARIABLE qcc_runtime_files)
add_library(qcc_runtime STATIC EXCLUDE_FROM_ALL ${qcc_runtime_files})
add_library(qcc::runtime ALIAS qcc_runtime)
set_target_properties(qcc_runtime PROPERTIES
  C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
target_include_directories(qcc_runtime INTERFACE $<BUILD_INTERFACE:${QCC_RUNTIME_DIR}>)
# A build without a configuration would read large weights files slowly.
target_compile_options(qcc_runtime PRIVATE $<$<AND:$<CONFIG:>,$<C_COMPILER_ID:GNU,Clang,AppleClang>>:-O2>)
if(QCC_RUNTIME_FREESTANDING)
  target_compile_definitions(qcc_runtime PRIVATE QRT_FREESTANDING)
  target_compile_options(qcc_runtime PRIVATE $<$<C_COMPILER_ID:GNU,Clang,AppleClang>:-ffreestanding>)
else()
  include(CMakeFindDependencyMacro)
  find_dependency(Threads)
  target_link_libraries(qcc_runtime PUBLIC Threads::Threads)
endif()
