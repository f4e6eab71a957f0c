#!/usr/bin/env python3
"""What hooks cost: the same pipeline without any, with one at another point, and with telemetry around each batch.

Runs the binary of the release build on generated rows, the variants by turns so that all see the same machine, and
prints the medians and their ratio to the first. Usage: hooks.py BINARY [ROUNDS]
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = 400_000

PIPELINE = """
batch-rows = {batch}

[source.a]
path = "in.csv"

[node.one]
type = "filter"
input = "a"
params = {{ where = "x % 3 > 0" }}

[node.two]
type = "derive"
input = "one"
params = {{ columns = {{ z = "x * 2 + 1" }} }}

[node.three]
type = "filter"
input = "two"
params = {{ where = "z < 100" }}

[sink.out]
input = "three"
path = "out.jsonl"
"""

VARIANTS = {
    "no hooks": "",
    "a hook at another point (guard)": "[plugin.guard]\nenabled = true\n",
    "telemetry around each batch": "[plugin.telemetry]\nenabled = true\n",
}


def main() -> None:
    binary = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    for batch in (65_536, 1_024):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            rows = "".join(f"{n},text{n % 97}\n" for n in range(ROWS))
            (folder / "in.csv").write_text("x,y\n" + rows)
            for number, hooks in enumerate(VARIANTS.values()):
                (folder / f"{number}.toml").write_text(PIPELINE.format(batch=batch) + hooks)
            taken = {name: [] for name in VARIANTS}
            for turn in range(rounds + 1):
                for number, name in enumerate(VARIANTS):
                    start = time.perf_counter()
                    command = [str(binary), "run", f"{number}.toml", "--json"]
                    told = subprocess.run(command, cwd=folder, capture_output=True, check=True)
                    seconds = time.perf_counter() - start
                    json.loads(told.stdout)
                    if turn > 0:
                        taken[name].append(seconds)
            print(f"{ROWS:,} rows, three nodes, batches of {batch:,}, {rounds} rounds")
            base = statistics.median(taken["no hooks"])
            for name, seconds in taken.items():
                median = statistics.median(seconds)
                print(f"  {name:34} {median * 1000:7.1f} ms  {median / base:5.3f} x")


if __name__ == "__main__":
    main()
