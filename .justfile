# Short names for what is run often; the work is in `deploy/` and in `cargo xtask`.

setup:
    deploy/bootstrap.sh

ci:
    .ci/run

demo *arguments:
    deploy/demo.sh {{arguments}}

fmt:
    cargo fmt --all

lint:
    cargo clippy --all-targets -- -D warnings

test *arguments:
    cargo test {{arguments}}
