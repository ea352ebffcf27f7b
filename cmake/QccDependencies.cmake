# Tools and libraries from outside: flex, bison, jansson, zlib, xxHash, Check, LLVM.
find_package(FLEX 2.6 REQUIRED)
find_package(BISON 3.8 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
if(QCC_WITH_LLVM)
  pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
endif()
if(BUILD_TESTING)
  pkg_check_modules(check REQUIRED IMPORTED_TARGET check)
endif()

# qcc_llvm: the LLVM-C headers and the shared library. Only codegen and driver link it.
# LLVM_DIR or CMAKE_PREFIX_PATH name another installation than Debian's.
if(QCC_WITH_LLVM)
  find_package(LLVM CONFIG QUIET PATHS /usr/lib/llvm-${QCC_LLVM_VERSION} NO_DEFAULT_PATH)
  if(NOT LLVM_FOUND)
    find_package(LLVM CONFIG QUIET)
  endif()
  if(NOT LLVM_FOUND OR NOT LLVM_VERSION_MAJOR EQUAL QCC_LLVM_VERSION OR NOT TARGET LLVM)
    message(FATAL_ERROR
      "LLVM ${QCC_LLVM_VERSION} with its shared library was not found (found: '${LLVM_PACKAGE_VERSION}').\n"
      "Install llvm-${QCC_LLVM_VERSION}-dev, or give -DLLVM_DIR=..., another -DQCC_LLVM_VERSION=... (19 or later), "
      "or -DQCC_WITH_LLVM=OFF for the parts that need no LLVM.")
  endif()
  message(STATUS "Found LLVM: ${LLVM_PACKAGE_VERSION} (${LLVM_DIR})")
  add_library(qcc_llvm INTERFACE)
  target_include_directories(qcc_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
  target_link_libraries(qcc_llvm INTERFACE LLVM)
endif()
