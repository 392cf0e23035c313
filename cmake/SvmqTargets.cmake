# The two ways in which this project declares a target, and the options that all of them share.

option(SVMQ_WERROR "Warnings are errors" ON)
set(SVMQ_SANITIZE "" CACHE STRING "Sanitizers to build with: address, undefined, thread (a comma-separated list)")

add_library(svmq_options INTERFACE)
target_compile_options(svmq_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers
  $<$<BOOL:${SVMQ_WERROR}>:-Werror>)
if(SVMQ_SANITIZE)
  # GCC 12 sees uninitialized members in its own <regex> when it instruments it.
  target_compile_options(svmq_options INTERFACE
    -fsanitize=${SVMQ_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(svmq_options INTERFACE -fsanitize=${SVMQ_SANITIZE})
endif()

# What measures speed is not built with sanitizers: it would measure them.
if(SVMQ_SANITIZE)
  set(svmq_measures OFF)
else()
  set(svmq_measures ON)
endif()

# The release and sanitizer presets build a target's files together (a whole build in a third of the time); debug does not.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 6)

# For what is large and not where the time goes (tests, the command line), linked behind svmq_options: compiles in two thirds
# of the time. A null pointer ends these also without a check at each use; alignment and size matter where memory is shared.
add_library(svmq_light INTERFACE)
if(SVMQ_SANITIZE)
  target_compile_options(svmq_light INTERFACE -O0)
  if(SVMQ_SANITIZE MATCHES "undefined")
    target_compile_options(svmq_light INTERFACE
      -fno-sanitize=null,vptr,alignment,object-size,nonnull-attribute,returns-nonnull-attribute)
  endif()
else()
  target_compile_options(svmq_light INTERFACE $<$<CONFIG:Release>:-O1>)
endif()

# svmq_library(NAME [SHARED] [SEPARATE] SOURCES file... [DEPENDS target...])
# A library whose public headers stand in include/ beside its CMakeLists.txt. SEPARATE: each of its files has the same private
# names, as a rule file of the model has its checks, so they are never built together.
function(svmq_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SHARED;SEPARATE" "" "SOURCES;DEPENDS")
  if(arg_SHARED)
    add_library(${name} SHARED ${arg_SOURCES})
  else()
    add_library(${name} STATIC ${arg_SOURCES})
  endif()
  if(arg_SEPARATE)
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include
                                     PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE svmq_options)
endfunction()

# svmq_test(NAME SOURCES file... [DEPENDS target...] [TIMEOUT seconds] [LABELS label...])
# A GoogleTest program that ctest runs as one test.
function(svmq_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE SVMQ_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SVMQ_BINARY_DIR="${CMAKE_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gtest_main svmq_options svmq_light)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
