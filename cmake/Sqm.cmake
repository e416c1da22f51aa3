# One function a kind of target, so that every folder's CMakeLists is a list of files and dependencies.

add_library(sqm_options INTERFACE)
# -pthread for all: the precompiled headers are made with it.
target_compile_options(sqm_options INTERFACE -pthread -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-fcoroutines -Wno-psabi -Wno-maybe-uninitialized -Wno-dangling-pointer>
  # The compiler's own collection of garbage takes a tenth of its time until the memory is worth it.
  $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=524288>
  # False alarms of GCC 12 where it inlines std::string (PR 105329, PR 105651), as it does without sanitizers.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<BOOL:${SQM_SANITIZE}>>>:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread>)
target_include_directories(sqm_options INTERFACE ${CMAKE_SOURCE_DIR})
# hiredis says the second one to whoever uses it: who uses it shares the precompiled headers with others.
target_compile_definitions(sqm_options INTERFACE SQM_VERSION="${PROJECT_VERSION}" _FILE_OFFSET_BITS=64)

if(SQM_SANITIZE)
  # Debian's gRPC and Abseil are not instrumented: tell their headers so.
  target_compile_definitions(sqm_options INTERFACE GRPC_ASAN_SUPPRESSED GRPC_TSAN_SUPPRESSED)
  add_compile_options(-fsanitize=${SQM_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${SQM_SANITIZE})
  if(SQM_SANITIZE MATCHES "address")
    add_compile_options(-fsanitize=undefined -fno-sanitize-recover=undefined -fno-sanitize=vptr)
    add_link_options(-fsanitize=undefined)
  endif()
  if(SQM_SANITIZE MATCHES "thread")
    # Protobuf's headers lay their maps out differently under this macro: they must agree with
    # Debian's library.
    add_compile_options(-U__SANITIZE_THREAD__ -DSQM_TSAN)
    # Every executable tells the sanitizer of the locks of Debian's Abseil.
    add_library(sqm_tsan_absl OBJECT ${CMAKE_SOURCE_DIR}/tests/support/tsan_absl.cc)
    target_link_libraries(sqm_tsan_absl PUBLIC absl::status absl::synchronization PRIVATE sqm_options)
  endif()
  # The tests that run under a sanitizer.
  add_custom_target(sanitized_tests)
endif()

find_program(SQM_CCACHE ccache)
if(SQM_CCACHE)
  # pch_defines and time_macros let ccache work together with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${SQM_CCACHE})
endif()
find_program(SQM_MOLD mold)
if(SQM_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Tests are built once and run a minute: an optimised build of theirs costs more than it saves.
set(SQM_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)

# Most of a file's cost is what it includes (gRPC, protobuf, GoogleTest): all files of a library or a program are
# compiled as one (`batch` 0), or `batch` of them. What is declared FEW is compiled by threes, rules above all: a change of one is
# built in seconds.
option(SQM_UNITY "Compile the files of a library or a program as one" OFF)
function(sqm_unity target batch)
  if(SQM_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch})
    # Said of types of an unnamed namespace that are in an included file, as here all are.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# Precompiled headers, each made once and reused by all targets of its kind: what everything includes, with gRPC or
# without, and with GoogleTest for tests, whose options differ.   sqm_precompile(target batch [GRPC | TEST])
function(sqm_precompile target batch)
  cmake_parse_arguments(ARG "GRPC;TEST" "" "" ${ARGN})
  set(pch sqm_pch)
  set(headers <string> <vector> <memory> <functional> <optional> <coroutine> <google/protobuf/message.h>
    <google/protobuf/descriptor.h> <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/time/time.h>
    <absl/container/flat_hash_map.h> <absl/synchronization/mutex.h>)
  set(libraries protobuf::libprotobuf absl::status absl::statusor absl::time absl::flat_hash_map absl::synchronization)
  if(ARG_GRPC OR ARG_TEST)
    set(pch sqm_pch_grpc)
    list(APPEND headers <grpcpp/grpcpp.h>)
    list(APPEND libraries gRPC::grpc++)
  endif()
  if(ARG_TEST)
    set(pch sqm_pch_test)
    list(APPEND headers <gmock/gmock.h> <gtest/gtest.h>)
    list(APPEND libraries GTest::gmock)
  endif()
  if(NOT TARGET ${pch})
    file(WRITE ${CMAKE_BINARY_DIR}/${pch}.cc "")
    add_library(${pch} OBJECT ${CMAKE_BINARY_DIR}/${pch}.cc)
    target_link_libraries(${pch} PRIVATE sqm_options ${libraries})
    if(ARG_TEST)
      target_compile_options(${pch} PRIVATE ${SQM_TEST_OPTIONS})
    endif()
    target_precompile_headers(${pch} PRIVATE ${headers})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${pch} PUBLIC -fpch-preprocess)
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${pch})
  sqm_unity(${target} ${batch})
endfunction()

# sqm_library(name SRCS … DEPS … [PCH] [FEW])  → target sqm_<name>, alias sqm::<name>
# PCH: its files speak gRPC.
function(sqm_library name)
  cmake_parse_arguments(ARG "PCH;FEW" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  if(ARG_SRCS)
    add_library(sqm_${name} STATIC ${ARG_SRCS})
    target_link_libraries(sqm_${name} PUBLIC ${ARG_DEPS} PRIVATE sqm_options ${ARG_PRIVATE_DEPS})
    target_include_directories(sqm_${name} PUBLIC ${CMAKE_SOURCE_DIR})
    if(ARG_PCH)
      target_link_libraries(sqm_${name} PRIVATE gRPC::grpc++)
      sqm_precompile(sqm_${name} 0 GRPC)
    elseif(SQM_UNITY AND ARG_FEW)
      sqm_precompile(sqm_${name} 3)
    elseif(SQM_UNITY)
      sqm_precompile(sqm_${name} 0)
    endif()
  else()
    add_library(sqm_${name} INTERFACE)
    target_link_libraries(sqm_${name} INTERFACE ${ARG_DEPS})
    target_include_directories(sqm_${name} INTERFACE ${CMAKE_SOURCE_DIR})
  endif()
  add_library(sqm::${name} ALIAS sqm_${name})
endfunction()

# sqm_binary(name SRCS … DEPS …)  → executable build/<preset>/bin/<name>
function(sqm_binary name)
  cmake_parse_arguments(ARG "PCH" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE sqm_options ${ARG_DEPS})
  if(TARGET sqm_tsan_absl)
    target_link_libraries(${name} PRIVATE sqm_tsan_absl)
  endif()
  if(ARG_PCH)
    target_link_libraries(${name} PRIVATE gRPC::grpc++)
    sqm_precompile(${name} 0 GRPC)
  endif()
endfunction()

# sqm_test(name SRCS … DEPS … [LABELS unit] [OVER_GRPC])  → GoogleTest binary whose cases ctest lists
# OVER_GRPC: its cases make calls to servers of their own. The thread sanitizer skips them, and says so: Debian's gRPC
# is not instrumented and hands over by atomics that it does not see.
function(sqm_test name)
  cmake_parse_arguments(ARG "OVER_GRPC" "TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(ARG_OVER_GRPC AND SQM_SANITIZE MATCHES "thread")
    set(why "skipped under the thread sanitizer: gRPC is not instrumented")
    add_test(NAME ${name}.OverGrpc COMMAND ${CMAKE_COMMAND} -E echo ${why})
    set_tests_properties(${name}.OverGrpc PROPERTIES LABELS "${ARG_LABELS}" SKIP_REGULAR_EXPRESSION ${why})
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  sqm_binary(${name} SRCS ${ARG_SRCS} DEPS ${ARG_DEPS} GTest::gmock_main gRPC::grpc++)
  target_compile_options(${name} PRIVATE ${SQM_TEST_OPTIONS})
  if(SQM_SANITIZE)
    # The same false alarms as in a release.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds>)
  endif()
  sqm_precompile(${name} 30 TEST)
  target_compile_definitions(${name} PRIVATE SQM_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SQM_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  if(TARGET sanitized_tests AND "unit" IN_LIST ARG_LABELS)
    add_dependencies(sanitized_tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# sqm_unit(SRCS … DEPS … [OVER_GRPC])  → a folder's part of the program of all unit tests, and of another one for those
# that make calls. One program a folder would compile the same headers in each.
function(sqm_unit)
  cmake_parse_arguments(ARG "OVER_GRPC" "" "SRCS;DEPS" ${ARGN})
  set(program unit_test)
  if(ARG_OVER_GRPC)
    set(program unit_grpc_test)
  endif()
  list(TRANSFORM ARG_SRCS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  set_property(GLOBAL APPEND PROPERTY ${program}_SRCS ${ARG_SRCS})
  set_property(GLOBAL APPEND PROPERTY ${program}_DEPS ${ARG_DEPS})
endfunction()

# sqm_unit_program(name [OVER_GRPC])  → the program of what the folders gave
function(sqm_unit_program name)
  get_property(sources GLOBAL PROPERTY ${name}_SRCS)
  get_property(libraries GLOBAL PROPERTY ${name}_DEPS)
  list(REMOVE_DUPLICATES sources)
  list(REMOVE_DUPLICATES libraries)
  sqm_test(${name} ${ARGN} SRCS ${sources} DEPS ${libraries})
  if(TARGET ${name})
    target_include_directories(${name} SYSTEM PRIVATE ${NLOHMANN_INCLUDE_DIR})
  endif()
endfunction()

# sqm_embed_templates(<service> <variable>): makes templates/*.textproto of the service a part of it;
# the variable becomes the source that holds them (services/<service>/templates_data.h).
function(sqm_embed_templates service variable)
  file(GLOB templates CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/templates/*.textproto)
  list(SORT templates)
  list(JOIN templates "|" joined)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/templates_data.cc)
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed_templates.cmake)
  add_custom_command(OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${source} -D SERVICE=${service} -D FILES=${joined} -P ${script}
    DEPENDS ${templates} ${script} VERBATIM)
  set(${variable} ${source} PARENT_SCOPE)
endfunction()
