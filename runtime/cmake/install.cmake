# What `cmake --install` gives beside the qcc command: the runtime as a library and as sources, the schemes, and the
# packages for CMake and pkg-config. Nothing here depends on where it is installed or for which architecture: the CMake
# package and the sources serve every target.
include(CMakePackageConfigHelpers)

get_property(prebuilt DIRECTORY PROPERTY QRT_PREBUILT)
install(TARGETS qrt ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${prebuilt} DESTINATION lib/qcc)
install(FILES ${QRT_HEADERS} DESTINATION include)
install(FILES ${QRT_SOURCES} ${QRT_HEADERS} ${QRT_PRIVATE_HEADERS} DESTINATION share/qcc/runtime)
foreach(folder schemes operators)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION share/qcc/${folder} OPTIONAL FILES_MATCHING PATTERN "*.q")
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/qcc)
install(FILES ${PROJECT_SOURCE_DIR}/docs/qcc.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)

set(QCC_PACKAGE_DIR lib/cmake/qcc)
configure_package_config_file(cmake/qcc-config.cmake.in qcc-config.cmake INSTALL_DESTINATION ${QCC_PACKAGE_DIR})
write_basic_package_version_file(qcc-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qcc-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/qcc-config-version.cmake
              cmake/qcc-runtime.cmake cmake/qcc-add-library.cmake
        DESTINATION ${QCC_PACKAGE_DIR})

# The file lies two folders below the prefix, or three with a multi-architecture folder.
file(RELATIVE_PATH QRT_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(qrt.pc.in qrt.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qrt.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
