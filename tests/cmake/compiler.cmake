# Which compiler: GCC, but clang where libFuzzer is asked for. Before project(), which looks for one.
if(AUTONOMOUS_BUILD STREQUAL "fuzz" AND NOT DEFINED CMAKE_CXX_COMPILER)
  # Not Debian 12's default clang 14: it fails on libstdc++ 12's views, and its ASan on Asio's coroutines.
  find_program(AUTONOMOUS_CLANG clang++-16)
  if(NOT AUTONOMOUS_CLANG)
    message(FATAL_ERROR "AUTONOMOUS_BUILD=fuzz needs clang++-16 (Debian: clang-16 libclang-rt-16-dev)")
  endif()
  set(CMAKE_CXX_COMPILER ${AUTONOMOUS_CLANG} CACHE FILEPATH "clang, for libFuzzer")
endif()
