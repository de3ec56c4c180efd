# Flags of each kind of build, and the functions that the folders' CMakeLists.txt use.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(GNUInstallDirs)

option(AUTONOMOUS_TESTS "build the tests" ON)

set(unity ON)
if(AUTONOMOUS_BUILD STREQUAL "release")
  # GCC 12 warns falsely about std::string's operator+, and about variants that are moved from.
  set(flags -O2 -Wno-restrict -Wno-maybe-uninitialized)
  add_compile_definitions(NDEBUG)
elseif(AUTONOMOUS_BUILD STREQUAL "dev")
  set(flags -O0 -g1)
  set(unity OFF)
elseif(AUTONOMOUS_BUILD STREQUAL "asan")
  # Less of UBSan: null, alignment, vptr and object-size cost half of the compile time and ASan sees the same bugs.
  set(flags -O1 -g1 -fsanitize=address,undefined -fno-sanitize=null,alignment,vptr,object-size
            -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-error=maybe-uninitialized -Wno-restrict)
  add_link_options(-fsanitize=address,undefined)
elseif(AUTONOMOUS_BUILD STREQUAL "tsan")
  set(flags -O1 -g1 -fsanitize=thread -Wno-error=tsan -Wno-restrict)
  add_link_options(-fsanitize=thread)
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
elseif(AUTONOMOUS_BUILD STREQUAL "fuzz")
  set(flags -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=null,alignment,vptr,object-size
            -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
else()
  message(FATAL_ERROR "AUTONOMOUS_BUILD is '${AUTONOMOUS_BUILD}': release, dev, asan, tsan or fuzz")
endif()
# Designated initializers leave members at their defaults on purpose.
add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers ${flags})
option(AUTONOMOUS_UNITY "compile several sources as one unit" ${unity})
set(CMAKE_UNITY_BUILD ${AUTONOMOUS_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)

find_program(ccache_program ccache)
if(ccache_program AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_program})
endif()
find_program(mold_program mold)
if(mold_program)
  add_link_options(-fuse-ld=mold)
endif()

set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # the front looks through them for archives (daemon/front.cmake)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
include_directories(${CMAKE_SOURCE_DIR})

# autonomous_library(gitops_base SOURCES a.cc b.cc DEPS gitops_model pkg::target)
# One static library a module folder; sources are relative to the calling CMakeLists.txt.
function(autonomous_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
endfunction()

# autonomous_test(base SOURCES result_test.cc … DEPS gitops_base)
# One GoogleTest program a module; every TEST is a ctest of its own, named <module>.<Suite>.<Test>.
function(autonomous_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${arg_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  # Found when ctest starts, not while building: a sanitized program takes long to start on a loaded machine.
  # A list of labels would not survive the way there; the module is in the name.
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

# autonomous_fuzzer(yaml SOURCES yaml_fuzz.cc DEPS gitops_yaml [RUNS 20000] [MAX_LEN 4096] [DICT yaml.dict])
# One libFuzzer program, in builds of the kind `fuzz` only (the target `fuzzers` builds all of them), and a ctest fuzz.<name>:
# first the inputs in tests/fuzz/<name>/corpus, then RUNS made from them with a fixed seed (tests/fuzz/run).
function(autonomous_fuzzer name)
  cmake_parse_arguments(arg "" "RUNS;MAX_LEN;DICT" "SOURCES;DEPS" ${ARGN})
  if(NOT arg_RUNS)
    set(arg_RUNS 20000)
  endif()
  set(options)
  if(arg_MAX_LEN)
    list(APPEND options -max_len=${arg_MAX_LEN})
  endif()
  if(arg_DICT)
    list(APPEND options -dict=${CMAKE_CURRENT_SOURCE_DIR}/${arg_DICT})
  endif()
  add_executable(${name}_fuzz ${arg_SOURCES})
  target_link_libraries(${name}_fuzz PRIVATE ${arg_DEPS})
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers ${name}_fuzz)
  add_test(NAME fuzz.${name}
    COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/run $<TARGET_FILE:${name}_fuzz> ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}/corpus
            ${CMAKE_BINARY_DIR}/fuzz/${name} ${arg_RUNS} ${options})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 600)
endfunction()
