#!/bin/bash
# install_test.sh CMAKE BUILD CC CXX: installs into a folder of its own, moves that, and there a C and a C++ program find the
# library through pkg-config and through CMake, and run. The manual pages are complete and well-formed.
set -euo pipefail
cmake=$1 build=$2 cc=$3 cxx=$4
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "install_test: $*" >&2; exit 1; }

"$cmake" --install "$build" --prefix "$work/first" --component svmq >/dev/null
mv "$work/first" "$work/prefix"  # nothing in it may know where it was installed
prefix=$work/prefix
lib=$(dirname "$(find "$prefix" -name libsvmq.so)")
export SVMQ_DIR=$work/queues

cat > "$work/program.c" <<'PROGRAM'
#include <stdio.h>
#include <string.h>
#include <svmq/svmq.h>

int main(void) {
  struct { long type; char text[8]; } sent = {3, "good"}, got = {0, ""};
  int id = svmq_msgget(IPC_PRIVATE, 0600);
  if (id < 0 || svmq_msgsnd(id, &sent, 5, 0) != 0 || svmq_msgrcv(id, &got, 8, 0, 0) != 5 ||
      svmq_msgctl(id, IPC_RMID, NULL) != 0) {
    perror("svmq");
    return 1;
  }
  puts(got.text);
  return strcmp(got.text, "good") != 0;
}
PROGRAM
cp "$work/program.c" "$work/program.cc"

# pkg-config
export PKG_CONFIG_PATH=$lib/pkgconfig
if command -v pkg-config >/dev/null; then
  read -ra flags <<<"$(pkg-config --cflags --libs svmq)"
  "$cc" -std=c99 -Wall -Wextra -Wpedantic -Werror "$work/program.c" "${flags[@]}" -o "$work/c"
  "$cxx" -std=c++98 -Wall -Wextra -Werror "$work/program.cc" "${flags[@]}" -o "$work/cc"
  for program in c cc; do LD_LIBRARY_PATH=$lib "$work/$program"; done
  "$cc" -Wall -Wextra -Werror "$here/../example.c" "${flags[@]}" -o "$work/example"
  [[ $(LD_LIBRARY_PATH=$lib "$work/example") == "received hello of type 3" ]] || fail "the example says something else"
  [[ -e $(pkg-config --variable=preload svmq) ]] || fail "pkg-config names a preload library that is not there"
else
  echo "without pkg-config: not tested"
fi

# CMake
mkdir "$work/project"
cp "$work"/program.c* "$work/project"
cat > "$work/project/CMakeLists.txt" <<'PROJECT'
cmake_minimum_required(VERSION 3.25)
project(user C CXX)
find_package(svmq 0.1 REQUIRED)
add_executable(c program.c)
add_executable(cc program.cc)
target_link_libraries(c svmq::svmq)
target_link_libraries(cc svmq::svmq)
file(WRITE ${CMAKE_BINARY_DIR}/preload ${svmq_PRELOAD})
PROJECT
CC=$cc CXX=$cxx "$cmake" -S "$work/project" -B "$work/project/build" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
"$cmake" --build "$work/project/build" >/dev/null
for program in c cc; do "$work/project/build/$program"; done
[[ -e $(cat "$work/project/build/preload") ]] || fail "svmq_PRELOAD is not there"

# Every exported name has the version, is declared in the header, and has a manual page; but for those that stand in front of
# the C library's, which have its names and no version.
libc=$(ldd "$lib/libsvmq.so" | sed -n 's/.*libc\.so[^ ]* => \([^ ]*\) .*/\1/p')
names=$(nm -D --defined-only "$lib/libsvmq.so" | sed -n 's/.* T \(svmq_[a-z_]*\)@@SVMQ_0.1$/\1/p')
for name in $(nm -D --defined-only "$lib/libsvmq.so" | sed -n 's/.* [TW] \([^@]*\)$/\1/p'); do
  nm -D --defined-only "$libc" | grep " [TWi] $name@" >/dev/null || fail "$name is exported without version, and is none of the C library's"
done
for name in $names; do
  grep -q "SVMQ_API .*$name(" "$prefix/include/svmq/svmq.h" || fail "$name is exported and not declared"
  grep -rq "$name" "$prefix"/share/man || fail "$name has no manual page"
done

for page in svmq.7 svmq-preload.7 svmq_msgget.3 svmq_msgsnd.3 svmq_msgrcv.3 svmq_msgctl.3; do
  file=$prefix/share/man/man${page##*.}/$page
  [[ -e $file ]] || fail "no $page"
  if command -v man >/dev/null; then
    warnings=$(MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -l "$file" 2>&1 >/dev/null)
    [[ -z $warnings ]] || fail "$page: $warnings"
  fi
  if command -v mandoc >/dev/null; then mandoc -Tlint -Wwarning "$file" || fail "$page: see above"; fi
done
rm -rf "$SVMQ_DIR"
echo "good"
