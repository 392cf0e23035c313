#!/usr/bin/env bash
# A campaign in parts with GNU parallel: parallel.sh PARTS SCENARIOS SEED [parallel's own options, as -S host1,host2]
# Results: part-I-of-PARTS/ below the present folder, on the machine where the part ran. TARGETS: as "--target linux --target impl";
# SVMQ: the command.
set -euo pipefail
if [ $# -lt 3 ]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
parts=$1 scenarios=$2 seed=$3
shift 3
command -v parallel > /dev/null || { echo "GNU parallel is not installed (Debian: parallel)" >&2; exit 2; }
svmq=${SVMQ:-$(readlink -f "$(dirname "$0")/../../build/bin/svmq")}
seq "$parts" | parallel --halt never --joblog parts.log --workdir "$PWD" "$@" \
  "$svmq" fuzz ${TARGETS:---target linux --target impl} --seed "$seed" --scenarios "$scenarios" --jobs 1 \
  --shard {}/"$parts" --report part-{}-of-"$parts"
