# Every developer command. `just` alone lists them; each is a script that also runs without just.

_default:
    @just --list --unsorted

# Build everything and run a pipeline over 31 MB of real data
demo:
    scripts/demo

# Build everything and run every test
test:
    scripts/test

# Check the prerequisites and install the wasm32-wasip2 target
setup:
    scripts/setup

# Build the plugins and the binary
build:
    scripts/build

# Measure beside a native baseline, Polars, DuckDB and Miller
bench *arguments:
    scripts/bench {{arguments}}

# Fuzz every target for 60 s, or some of them: just fuzz --seconds 600 sql kernels
fuzz *arguments:
    scripts/fuzz {{arguments}}

# Check licences, bans, sources and advisories of all dependencies
deny:
    scripts/deny

# Compare every kernel with pyarrow's function of the same name
compare-pyarrow:
    scripts/compare-pyarrow

# Read what we write as Parquet and Arrow IPC with pyarrow, DuckDB and Polars
compare-columnar:
    scripts/compare-columnar

# Format all workspaces
fmt:
    cargo fmt --all
    cd plugins && cargo fmt --all
    cd guest-sdk/rust && cargo fmt --all
    cd tests/guests && cargo fmt --all
    cd benches/native && cargo fmt --all
    cd fuzz && cargo fmt --all

# All that a change has to pass
ci:
    .ci/run
