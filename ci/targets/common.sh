# What the scripts of this folder share. Each is one target:
#
#   ci/targets/NAME install   its packages (as root, with apt-get), and the agent compiled for it, to build/targets/NAME/
#   ci/targets/NAME [start]   the agent on standard input and output; what follows is passed on to it
#   ci/targets/NAME check     exit status 0: it can be started
#
# Exit status 77, with the reason: it cannot be had here.
set -u

name=$(basename "$0")
source_folder=$(cd "$(dirname "$0")/../.." && pwd)
folder=${SVMQ_TARGETS:-$source_folder/build/targets}/$name

skip() {
  echo "ci/targets/$name: $*" >&2
  exit 77
}

have() { command -v "$1" >/dev/null 2>&1; }

# packages PACKAGE…: installs those that are missing.
packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  have apt-get || skip "these packages of Debian are needed:$missing"
  [ "$(id -u)" = 0 ] || skip "missing packages; as root: apt-get install$missing"
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$folder/packages.log" 2>&1 ||
    skip "apt-get could not install$missing; see $folder/packages.log"
}

# compile COMPILER [OPTION…]: the agent, static.
compile() {
  have "$1" || skip "there is no $1"
  sources=$(find "$source_folder/conformance/agent" -maxdepth 1 -name '*.c' ! -name calls_svmq.c | sort)
  # shellcheck disable=SC2086
  "$@" -std=c99 -O2 -Wall -Wextra -static -pthread -o "$folder/svmq-agent" $sources || skip "$1 cannot compile the agent"
}

# The script defines install_target and start_target.
main() {
  action=${1:-start}
  [ $# -gt 0 ] && shift
  case $action in
    install) mkdir -p "$folder" && install_target && echo "$folder/svmq-agent" ;;
    start)
      [ -x "$folder/svmq-agent" ] || skip "not installed; ci/targets/$name install does it"
      start_target "$@"
      ;;
    check) [ -x "$folder/svmq-agent" ] || skip "not installed; ci/targets/$name install does it" ;;
    *)
      echo "usage: ci/targets/$name [install | start [AGENT OPTION…] | check]" >&2
      exit 2
      ;;
  esac
}
