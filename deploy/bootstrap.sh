#!/usr/bin/env bash
# Brings a bare Debian machine (Rust 1.95, Python 3.11 or later, a C compiler) to where everything builds and all tests
# run. Everything but the Debian packages that it announces stays in this checkout: `.venv` and `.deps`.
# Does nothing where nothing is missing, so it can be run before every build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'bootstrap: %s\n' "$*"; }
die() { printf 'bootstrap: error: %s\n' "$*" >&2; exit 1; }

readonly library=libmujoco.so.3.17.0
readonly library_sha256=23496b023ee80fb61ab71167e94bc649f9941710fde96b18bb8204fb332523ad
readonly stamp=.venv/.kinitro-stamp

check_machine() {
  [[ "$(uname -s)-$(uname -m)" == Linux-x86_64 ]] || die "needs x86-64 Linux, this is $(uname -s) $(uname -m)"
  command -v cargo >/dev/null || die 'needs Rust 1.95 or later: https://www.rust-lang.org/tools/install'
  command -v cc >/dev/null || die 'needs a C compiler (Debian: apt-get install gcc libc6-dev)'
  command -v python3 >/dev/null || die 'needs Python 3.11 or later (Debian: apt-get install python3)'
  python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' ||
    die "needs Python 3.11 to 3.14, python3 is $(python3 --version)"
  local rust
  rust=$(rustc --version | cut -d' ' -f2)
  printf '1.95.0\n%s\n' "${rust%%-*}" | sort --version-sort --check=quiet || die "needs Rust 1.95 or later, this is $rust"
}

# Debian packages for virtual environments, and for MuJoCo's own renderer, which the image tests compare with.
install_packages() {
  local required=() wanted=()
  python3 -c 'import ensurepip, venv' 2>/dev/null || required+=(python3-venv)
  local libraries
  libraries=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null || true)
  [[ $libraries == *libEGL.so.1* ]] || wanted+=(libegl1)
  [[ $libraries == *libEGL_mesa.so.0* ]] || wanted+=(libegl-mesa0)
  compgen -G '/usr/lib/*/dri/swrast_dri.so' >/dev/null || wanted+=(libgl1-mesa-dri)
  local packages=("${required[@]}" "${wanted[@]}") as_root=()
  (( ${#packages[@]} )) || return 0

  say "installing Debian packages: ${packages[*]}"
  [[ $EUID == 0 ]] || as_root=(sudo -n)
  if command -v apt-get >/dev/null &&
    "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null; then
    return
  fi
  (( ${#required[@]} == 0 )) || die "cannot install ${required[*]}; install it as root and start again"
  say "warning: without ${wanted[*]} the comparison with MuJoCo's renderer is skipped"
}

install_python() {
  local expected
  expected=$(cat deploy/requirements*.txt <(python3 --version) | sha256sum | cut -d' ' -f1)
  [[ ! -f $stamp || $(<"$stamp") != "$expected" ]] || return 0
  say 'making the virtual environment .venv (MuJoCo 3.17.0, Meta-World 3.1.1 and what they need)'
  python3 -m venv --clear .venv
  local pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --require-hashes)
  "${pip[@]}" --requirement deploy/requirements.txt
  "${pip[@]}" --no-deps --requirement deploy/requirements-metaworld.txt
  printf '%s\n' "$expected" > "$stamp"
}

# The linker wants `libmujoco.so`, programs look for the versioned name.
link_library() {
  local found=(.venv/lib/python3.*/site-packages/mujoco/"$library")
  [[ -f ${found[0]} ]] || die "$library is not in .venv; remove .venv and start again"
  if [[ .deps/mujoco/libmujoco.so -ef ${found[0]} && .deps/mujoco/$library -ef ${found[0]} ]]; then
    return
  fi
  [[ $(sha256sum < "${found[0]}") == "$library_sha256 "* ]] || die "${found[0]} is not the pinned library"
  say 'linking libmujoco into .deps/mujoco'
  mkdir -p .deps/mujoco
  ln -sfn "../../${found[0]}" ".deps/mujoco/$library"
  ln -sfn "$library" .deps/mujoco/libmujoco.so
}

check_machine
install_packages
install_python
link_library
say ready
