#!/usr/bin/env bash
# From a bare clone to a trained, scored and drawn SegVG on two CPU cores, in minutes.
# What exists already is used again: environment, data, training.
set -euo pipefail
extras=''
source "$(dirname "$0")/setup_env.sh"
# How long a thread that waits for the others keeps a core busy. The default of PyTorch's
# threads is milliseconds, many times a step, which another program on the machine turns
# into a training that is ten times as slow.
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-1000}"
config=configs/segvg/segvg_tiny_synthref_l0.py
work=work_dirs/demo
# Images are read in a process of their own while the model computes.
options=(train_cfg.val_interval=4 train_dataloader.num_workers=1
  train_dataloader.persistent_workers=True)

mkdir -p "$work"
# What needs no data is done while the first are made: the config is printed, whose sum
# tells whether it is trained anew, and Python compiles what training imports.
python tools/print_config.py "$config" --cfg-options "${options[@]}" | cksum \
  >"$work/wanted" &
printing=$!
if [ ! -e data/synthref_l0/canonical ]; then
  python -c 'import segvg.models, torch._dynamo' >/dev/null 2>&1 &
fi
python tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0 --workers 2

wait "$printing"
wanted=$(cat "$work/wanted")
if [ "$(cat "$work/trained" 2>/dev/null)" != "$wanted" ]; then
  resume=()
  if [ "$(cat "$work/training" 2>/dev/null)" = "$wanted" ]; then
    resume=(--resume) # stopped in the middle
  else # a stop before the first epoch must not resume what another config left
    rm -f "$work"/last_checkpoint "$work"/*.pth
  fi
  echo "$wanted" >"$work/training"
  python tools/train.py "$config" --work-dir "$work" "${resume[@]}" \
    --cfg-options "${options[@]}"
  echo "$wanted" >"$work/trained"
else
  echo "Trained already: $work"
fi

python tools/test.py "$config" "$(cat "$work/last_checkpoint")" --work-dir "$work" \
  --out "$work/scores.json" --show-dir "$work/pictures" --overwrite
echo "Pictures: $work/pictures/"
