#!/usr/bin/env bash
# Sets up, builds, and lets five policies compete on the eight default environments, cameras on; then confirms every
# transcript. Four policies are built in, the fifth is a miner's server: the expert once more, behind HTTP. It comes to the
# same states to the bit, and as the later of two equal policies it earns nothing.
# Arguments are passed on to `kinitro evaluate`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

deploy/bootstrap.sh
cargo build --release --package kinitro-cli
kinitro="${CARGO_TARGET_DIR:-target}/release/kinitro"

announcement=$(mktemp)
"$kinitro" miner mock --policy expert --port 0 --json > "$announcement" &
miner=$!
trap 'kill "$miner" 2> /dev/null || true; rm -f "$announcement"' EXIT
until grep -q '"url"' "$announcement"; do
  kill -0 "$miner" # Fails, and ends the demo, if the server has given up.
  sleep 0.1
done
url=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$announcement")

# Five episodes prove nothing by the real thresholds, so the evidence is a demonstration's; the output says so.
"$kinitro" evaluate \
  --policy expert=expert \
  --policy noisy=expert:noise=0.5 \
  --policy random=random \
  --policy zero=zero \
  --policy served="$url" --allow-private-endpoints \
  --envs core8 \
  --episodes 5 \
  --evidence demo \
  --out out/demo \
  --force \
  "$@"
"$kinitro" replay out/demo
