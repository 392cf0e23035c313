#!/bin/sh
# Prints the agent as one C file: each header where it is first included, then the sources.
cd "$(dirname "$0")" || exit 2
echo "/* svmq-agent in one file, made by conformance/agent/amalgamate.sh. To build it:"
echo " *   cc -std=c99 -O2 -pthread -o svmq-agent svmq-agent.c"
echo " * conformance/GUIDE.md tells what to do with it. */"
# shellcheck disable=SC2046
awk '
function put(file,   line, name) {
  if (file in seen) return
  seen[file] = 1
  while ((getline line < file) > 0) {
    if (match(line, /^#include "[^"]*"/)) {
      name = line; sub(/^#include "/, "", name); sub(/".*/, "", name)
      put(name)
    } else print line
  }
  close(file)
}
BEGIN { put("system.h"); for (i = 1; i < ARGC; i++) put(ARGV[i]); exit }
' $(ls ./*.c | sed 's|^\./||' | grep -v '^calls_svmq.c$')
