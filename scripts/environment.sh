# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the scripts that source this file
# Sourced by the scripts beside it: where things lie, and the few functions they share.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
case ${CARGO_TARGET_DIR:=$root/target} in
  /*) ;;
  *) CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR ;;
esac
export CARGO_TARGET_DIR
target=$CARGO_TARGET_DIR

# Guests have a target folder of their own, so that a native build never waits for the lock of a guest build.
guest_target=$target/guests
guest_release=$guest_target/wasm32-wasip2/release

# What is fetched or made once and outlives the target folder.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/jackfield
debian_rust=$cache/wasm-target-from-debian

binary=$target/release/jackfield
first_party=$target/release/plugins

# The binary's build script (build.rs) reads this list.
first_party_digests=$first_party/digests.txt

say() { printf '%s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf 'help: %s\n' "$line" >&2; done
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a cargo command and shows all it says but the closing "Finished" line, so that a run without work is silent.
cargo_quietly() {
  if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-always}; fi
  { "$@" 2>&1 >&3 | awk '!/Finished.*(profile|target)/ { print; fflush() }' >&2; } 3>&1
}

# True if the rustc in use (or the one given) can compile for wasm32-wasip2.
has_wasm_target() {
  local libraries
  libraries=$("${1:-rustc}" --print target-libdir --target wasm32-wasip2 2>/dev/null) || return 1
  set -- "$libraries"/libstd-*
  [ -e "$1" ]
}

# cargo for guests: with the installed rustc if it has the target, else with the one `wasm-target-from-debian` unpacked.
# The working directory must be the guest's workspace, whose .cargo/config.toml carries the target's features.
guest_cargo() {
  if has_wasm_target; then
    CARGO_TARGET_DIR=$guest_target cargo "$@"
  else
    CARGO_TARGET_DIR=$guest_target RUSTC=$debian_rust/bin/rustc PATH=$debian_rust/bin:$PATH \
      CARGO_TARGET_WASM32_WASIP2_LINKER=$debian_rust/bin/wasm-component-ld cargo "$@"
  fi
}

# locked DIRECTORY: prints --locked where the workspace there has a lock file.
locked() { if [ -e "$1/Cargo.lock" ]; then echo --locked; fi; }

# install_if_changed FROM TO: copies only what differs, so that nothing downstream looks changed when it is not.
install_if_changed() {
  if ! cmp -s "$1" "$2"; then
    mkdir -p "$(dirname "$2")"
    cp "$1" "$2.new"
    mv "$2.new" "$2"
  fi
}

sha256() {
  if have sha256sum; then sha256sum "$1" | cut -d' ' -f1; else shasum -a 256 "$1" | cut -d' ' -f1; fi
}

# toml_text FILE TABLE KEY: the text value of a key, written on one line as `key = "value"`.
toml_text() {
  awk -v table="[$2]" -v key="$3" '
    /^[[:space:]]*\[/ { line = $0; gsub(/[[:space:]]|#.*/, "", line); inside = (line == table) }
    inside && $0 ~ "^[[:space:]]*" key "[[:space:]]*=" {
      sub(/^[^=]*=[[:space:]]*"/, ""); sub(/".*/, ""); print; exit
    }' "$1"
}
