# Libraries from the distribution's packages; where one is missing, a pinned version is fetched.
include(FetchContent)

find_package(Threads REQUIRED)

macro(svmq_dependency package repository tag)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(STATUS "${package}: no package found, fetching ${tag}")
    FetchContent_Declare(${package} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON)
    FetchContent_MakeAvailable(${package})
  endif()
endmacro()

svmq_dependency(fmt https://github.com/fmtlib/fmt.git 9.1.0)
svmq_dependency(nlohmann_json https://github.com/nlohmann/json.git v3.11.2)
svmq_dependency(CLI11 https://github.com/CLIUtils/CLI11.git v2.1.2)
svmq_dependency(tomlplusplus https://github.com/marzer/tomlplusplus.git v3.3.0)
svmq_dependency(rapidcheck https://github.com/emil-e/rapidcheck.git 08b505820d2d14e2a4db3c42bc1a6afca7b8d0c4)
if(BUILD_TESTING)
  svmq_dependency(GTest https://github.com/google/googletest.git release-1.12.1)
endif()
