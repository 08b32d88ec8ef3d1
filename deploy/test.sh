#!/usr/bin/env bash
# All checks: format, lints, documentation, layers, tests of every crate and of the Python package.
# `KINITRO_TEST_DATA` names the folder with recorded data; tests that need it say so and are skipped without.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

step() {
  printf '\n== %s\n' "$*"
  local start=$SECONDS
  "$@"
  printf -- '-- %d s\n' $((SECONDS - start))
}

python_package() {
  rm -rf out/wheels out/python
  .venv/bin/maturin build --quiet --release --locked --manifest-path kinitro-py/Cargo.toml --out out/wheels
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --target out/python out/wheels/kinitro-*.whl
  PYTHONPATH=out/python KINITRO_BIN="$CARGO_TARGET_DIR/release/kinitro" .venv/bin/python -m pytest --quiet kinitro-py/tests
}

step deploy/bootstrap.sh
step cargo fmt --all --check
# The pure crates build and test where there is neither MuJoCo nor Python.
step env MUJOCO_DYNAMIC_LINK_DIR=/nonexistent KINITRO_TEST_DATA= cargo test -p kinitro-core -p kinitro-scoring
# The suites compare debug builds with optimized ones.
step cargo build --release -p kinitro-cli -p kinitro-tests
# With the features of the tests, so that nothing is compiled twice.
step cargo build --all-features
step cargo test --all-features
step cargo run --quiet --package kinitro-tests --bin xtask -- check
step cargo clippy --workspace --all-targets --all-features -- -D warnings
# The evaluator without the command line, as other programs embed it.
step cargo clippy -p kinitro-cli --no-default-features --features evaluate -- -D warnings
RUSTDOCFLAGS='-D warnings' step cargo doc --workspace --no-deps --document-private-items
step python_package
printf '\nall checks passed after %d s\n' "$SECONDS"
