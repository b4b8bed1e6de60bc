# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

# What `cmake --install` lays down: both libraries, the headers, the CMake
# package (find_package(namedpipe)) and namedpipe.pc.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/namedpipe")

install(TARGETS namedpipe namedpipe_static EXPORT namedpipe-targets)
install(FILES core/include/namedpipe.h
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY core/include/namedpipe
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT namedpipe-targets NAMESPACE namedpipe::
        DESTINATION "${package_dir}")

configure_package_config_file(
    cmake/namedpipe-config.cmake.in
    "${CMAKE_CURRENT_BINARY_DIR}/namedpipe-config.cmake"
    INSTALL_DESTINATION "${package_dir}")
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(
    "${CMAKE_CURRENT_BINARY_DIR}/namedpipe-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
        "${CMAKE_CURRENT_BINARY_DIR}/namedpipe-config.cmake"
        "${CMAKE_CURRENT_BINARY_DIR}/namedpipe-config-version.cmake"
        DESTINATION "${package_dir}")

# The directories are relative to the prefix unless the user gave absolute
# ones, so that pkg-config can relocate the file with --define-prefix.
foreach(dir IN ITEMS INCLUDEDIR LIBDIR)
    cmake_path(APPEND PC_${dir} "\${prefix}" "${CMAKE_INSTALL_${dir}}")
endforeach()
set(PC_LIBS_PRIVATE "-pthread")
if(WIN32)
    list(TRANSFORM system_libraries PREPEND "-l" OUTPUT_VARIABLE flags)
    list(JOIN flags " " PC_LIBS_PRIVATE)
endif()
configure_file(cmake/namedpipe.pc.in namedpipe.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/namedpipe.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
