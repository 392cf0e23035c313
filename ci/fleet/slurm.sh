#!/usr/bin/env bash
#SBATCH --job-name=svmq
#SBATCH --ntasks=1
#SBATCH --output=part-%a.log
# A campaign in parts as a Slurm array job, submitted in the folder of the sources with
#   SEED=7 SCENARIOS=100000 sbatch --export=ALL --array=1-8 ci/fleet/slurm.sh
# Results: part-I-of-N/ in the folder of the submission. TARGETS: as "--target linux --target impl".
set -euo pipefail
: "${SEED:?the same for all parts}" "${SCENARIOS:?of all parts together}"
: "${SLURM_ARRAY_TASK_ID:?submit with sbatch --array=1-N}" "${SLURM_ARRAY_TASK_COUNT:?submit with sbatch --array=1-N}"
exec "${SVMQ:-$SLURM_SUBMIT_DIR/build/bin/svmq}" fuzz ${TARGETS:---target linux --target impl} --seed "$SEED" \
  --scenarios "$SCENARIOS" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --report "part-$SLURM_ARRAY_TASK_ID-of-$SLURM_ARRAY_TASK_COUNT"
