#!/usr/bin/env bash
# Sets up, builds, and lets four built-in policies compete on the eight default environments, cameras on; then confirms
# every transcript. Arguments are passed on to `kinitro evaluate`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

deploy/bootstrap.sh
cargo build --release --package kinitro-cli
kinitro="${CARGO_TARGET_DIR:-target}/release/kinitro"
# Five episodes prove nothing by the real thresholds, so the evidence is a demonstration's; the output says so.
"$kinitro" evaluate \
  --policy expert=expert \
  --policy noisy=expert:noise=0.5 \
  --policy random=random \
  --policy zero=zero \
  --envs core8 \
  --episodes 5 \
  --evidence demo \
  --out out/demo \
  --force \
  "$@"
"$kinitro" replay out/demo
