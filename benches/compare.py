#!/usr/bin/env python3
"""Measures jackfield beside a native baseline, Polars, DuckDB and Miller, and prints Markdown tables for docs/performance.md.

scripts/bench builds and fetches what is needed and calls this. All programs run on the same two cores, in turn, so that what
disturbs one disturbs all; ratios are of minima. "Own work" is the time inside Python after the imports; for programs that are
no Python it is the whole process.
"""
import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import textwrap
import time

FILTER = """
[source.flights]
path = "${IN}"
options = { null-values = ["NA", ""] }

[node.late]
type = "filter"
input = "flights"
params = { where = "dep_delay > 60" }

[sink.out]
input = "late"
path = "${OUT}"
"""

GROUP = """
[source.flights]
path = "${IN}"
options = { null-values = ["NA", ""] }

[node.carriers]
type = "aggregate"
input = "flights"
params = { by = ["carrier"], columns = { n = "count(*)", mean_delay = "avg(dep_delay)" } }

[sink.out]
input = "carriers"
path = "${OUT}"
"""

PARQUET = """
[source.flights]
path = "${IN}"

[node.carriers]
type = "aggregate"
input = "flights"
params = { by = ["carrier"], columns = { n = "count(*)", mean_delay = "avg(dep_delay)" } }

[sink.out]
input = "carriers"
path = "${OUT}"
"""

TO_PARQUET = """
[source.flights]
path = "${IN}"
options = { null-values = ["NA", ""] }

[sink.out]
input = "flights"
path = "${OUT}"
"""

# Each prints the seconds between its imports and the end of its work.
POLARS = {
    "filter": """
        import polars as pl, sys, time
        start = time.perf_counter()
        flights = pl.scan_csv(sys.argv[1], null_values=["NA"])
        flights.filter(pl.col("dep_delay") > 60).collect().write_ndjson(sys.argv[2])
        print(time.perf_counter() - start)
    """,
    "group": """
        import polars as pl, sys, time
        start = time.perf_counter()
        flights = pl.scan_csv(sys.argv[1], null_values=["NA"])
        carriers = flights.group_by("carrier").agg(pl.len().alias("n"), pl.col("dep_delay").mean().alias("mean_delay"))
        carriers.collect().write_ndjson(sys.argv[2])
        print(time.perf_counter() - start)
    """,
    "parquet": """
        import polars as pl, sys, time
        start = time.perf_counter()
        flights = pl.scan_parquet(sys.argv[1])
        carriers = flights.group_by("carrier").agg(pl.len().alias("n"), pl.col("dep_delay").mean().alias("mean_delay"))
        carriers.collect().write_ndjson(sys.argv[2])
        print(time.perf_counter() - start)
    """,
}
DUCKDB = {
    "filter": """
        import duckdb, sys, time
        start = time.perf_counter()
        db = duckdb.connect(config={"threads": 2})
        db.sql(f"copy (from read_csv('{sys.argv[1]}', nullstr='NA') where dep_delay > 60) to '{sys.argv[2]}' (format json)")
        print(time.perf_counter() - start)
    """,
    "group": """
        import duckdb, sys, time
        start = time.perf_counter()
        db = duckdb.connect(config={"threads": 2})
        query = f"select carrier, count(*) n, avg(dep_delay) mean_delay from read_csv('{sys.argv[1]}', nullstr='NA') group by carrier"
        db.sql(f"copy ({query}) to '{sys.argv[2]}' (format json)")
        print(time.perf_counter() - start)
    """,
    "parquet": """
        import duckdb, sys, time
        start = time.perf_counter()
        db = duckdb.connect(config={"threads": 2})
        query = f"select carrier, count(*) n, avg(dep_delay) mean_delay from '{sys.argv[1]}' group by carrier"
        db.sql(f"copy ({query}) to '{sys.argv[2]}' (format json)")
        print(time.perf_counter() - start)
    """,
}
MILLER = {
    "filter": ["filter", '$dep_delay != "NA" && $dep_delay > 60'],
    "group": ["put", "-q", '@n[$carrier] += 1; if ($dep_delay != "NA") {@d[$carrier] += 1; @s[$carrier] += $dep_delay} '
              'end {for (c, n in @n) {emit1 {"carrier": c, "n": n, "mean_delay": @s[c] / @d[c]}}}'],
}
ROWS = {"filter": 26581, "group": 16, "parquet": 16}


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(command, env=None):
    """Runs a command: seconds of the whole process, its largest resident set in MB, and what it printed.

    The system counts a child from its fork, so a peak is never below this program's own: large things are made `apart`.
    """
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}) as process:
        stdout, stderr = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))[:300]} ended with {process.returncode}:\n{stderr.decode(errors='replace')}")
    # Kilobytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss * (1024 if sys.platform.startswith("linux") else 1) / 1e6
    return seconds, peak, stdout.decode()


def apart(work):
    """Does work in a process of its own, so that this one stays small."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    if process.exitcode != 0:
        sys.exit(1)


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = options.work
        os.makedirs(self.work, exist_ok=True)
        self.env = {"JACKFIELD_CACHE": os.path.join(self.work, "cache"), "JACKFIELD_STATE": os.path.join(self.work, "state")}
        self.misses = []

    def path(self, name):
        return os.path.join(self.work, name)

    def pipeline(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def jackfield(self, *arguments, **env):
        return measure([self.options.binary, *arguments], {**self.env, **env})

    def has(self, module):
        python = self.options.python
        return python and os.path.exists(python) and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0

    def rivals(self, task, text, flights):
        """Name and a function (output path) -> (whole seconds, own seconds) of everything that can do a task here."""
        options = self.options
        pipeline = self.pipeline(f"{task}.toml", text)

        def whole(command, env=None):
            def once(out):
                seconds, _, _ = measure([part.replace("OUT", out) if part == "OUT" else part for part in command], env)
                return seconds, seconds
            return once

        def python(script):
            def once(out):
                command = [options.python, "-c", textwrap.dedent(script), flights, out]
                seconds, _, printed = measure(command, {"POLARS_MAX_THREADS": "2"})
                return seconds, float(printed)
            return once

        def miller(out):
            started = time.perf_counter()
            with open(out, "wb") as file:
                command = ["mlr", "--icsv", "--ojsonl", "--gzin", *MILLER[task], flights]
                subprocess.run(command, stdout=file, check=True, env={**os.environ, "GOMAXPROCS": "2"})
            seconds = time.perf_counter() - started
            return seconds, seconds

        def jackfield(out):
            seconds, _, _ = self.jackfield("run", "-q", pipeline, IN=flights, OUT=out)
            return seconds, seconds

        native = [os.path.join(options.native, task), flights, "OUT"]
        found = {"jackfield": jackfield}
        if os.path.exists(native[0]):
            found["native, one thread"] = whole(native)
            found["native, one thread, larger CSV buffer"] = whole([*native, "tuned"])
        if self.has("polars"):
            found["Polars"] = python(POLARS[task])
        if self.has("duckdb"):
            found["DuckDB"] = python(DUCKDB[task])
        if shutil.which("mlr") and task in MILLER:
            found["Miller"] = miller
        return found

    def race(self, task, text, title, bounds, flights=None):
        """Alternates everything that can do a task; `bounds`: rival -> (largest allowed ratio, True for its own work)."""
        rivals = self.rivals(task, text, flights or self.options.flights)
        times = {name: [] for name in rivals}
        # The first round fills caches and is not counted.
        for turn in range(self.options.rounds + 1):
            say(f"{title}: round {turn} of {self.options.rounds}")
            for name, once in rivals.items():
                out = self.path(f"{task}.jsonl")
                if os.path.exists(out):
                    os.remove(out)
                result = once(out)
                with open(out, "rb") as file:
                    rows = sum(1 for _ in file)
                if rows != ROWS[task]:
                    sys.exit(f"error: {name} wrote {rows} rows for {task}, not {ROWS[task]}")
                if turn > 0:
                    times[name].append(result)
        ours = min(seconds for seconds, _ in times["jackfield"])
        print(f"\n### {title}\n")
        print("| | whole process, min (median) | own work, min (median) | jackfield against it, whole | against its own work | bound |")
        print("|---|---|---|---|---|---|")
        for name, runs in times.items():
            whole, own = [w for w, _ in runs], [o for _, o in runs]
            cells = [name, f"{min(whole) * 1e3:.0f} ({statistics.median(whole) * 1e3:.0f}) ms",
                     f"{min(own) * 1e3:.0f} ({statistics.median(own) * 1e3:.0f}) ms"]
            if name == "jackfield":
                cells += ["", "", ""]
            else:
                cells += [f"{ours / min(whole):.2f} ×", f"{ours / min(own):.2f} ×", ""]
                if name in bounds:
                    ratio = ours / min(own)
                    met = ratio <= bounds[name]
                    cells[-1] = f"≤ {bounds[name]:g} ×, {'met' if met else '**missed**'}"
                    if not met:
                        self.misses.append(f"{title}: {ratio:.2f} × of {name}")
            print("| " + " | ".join(cells) + " |")

    def to_parquet(self, times):
        """The flights, so many times over, as the parquet file that we write by default."""
        csv, out = self.path("year.csv"), self.path(f"flights-{times}.parquet")
        with open(csv, "wb") as file:
            subprocess.run(["gzip", "-dc", self.options.flights], stdout=file, check=True)

        def lengthen():
            with open(csv, "rb") as file:
                file.readline()
                body = file.read()
            with open(csv, "ab") as file:
                for _ in range(times - 1):
                    file.write(body)

        apart(lengthen)
        seconds, peak, _ = self.jackfield("run", "-q", self.pipeline("to-parquet.toml", TO_PARQUET), IN=csv, OUT=out)
        os.remove(csv)
        say(f"wrote {os.path.getsize(out) / 1e6:.0f} MB of parquet in {seconds:.1f} s, with {peak:.0f} MB")
        return out

    def figure(self, title, value, unit, bound, remark=""):
        met = value <= bound
        if not met:
            self.misses.append(f"{title}: {value:.0f} {unit}")
        print(f"| {title} | {value:.1f} {unit}{remark} | ≤ {bound} {unit}, {'met' if met else '**missed**'} |", flush=True)

    def start(self):
        with open(self.path("tiny.csv"), "w") as file:
            file.write("carrier,dep_delay\nUA,2\nAA,71\nB6,NA\n")
        pipeline, out = self.pipeline("tiny.toml", FILTER), self.path("tiny.jsonl")
        runs = [self.jackfield("run", "-q", pipeline, IN=self.path("tiny.csv"), OUT=out)[0] * 1e3 for _ in range(21)][1:]
        self.figure("tiny input, start to finish, warm cache", min(runs), "ms", 30, f" (median {statistics.median(runs):.1f})")

    def listing(self):
        folder = self.path("plugins")
        shutil.rmtree(folder, ignore_errors=True)
        for number in range(100):
            plugin = os.path.join(folder, f"made-{number}")
            os.makedirs(plugin)
            with open(os.path.join(plugin, "plugin.toml"), "w") as file:
                file.write(MANIFEST.replace("NUMBER", str(number)))
            # An empty component: listing looks at manifests only.
            with open(os.path.join(plugin, "made.wasm"), "wb") as file:
                file.write(b"\0asm\x0d\0\x01\0")
        runs = [self.jackfield("plugin", "list", "--json", JACKFIELD_PLUGINS=folder) for _ in range(21)][1:]
        document = json.dumps(json.loads(runs[0][2]))
        if "made-0" not in document or "made-99" not in document:
            sys.exit("error: plugin list does not show the plugins made for it")
        times = [seconds * 1e3 for seconds, _, _ in runs]
        self.figure("`plugin list` with 100 plugins added", min(times), "ms", 20, f" (median {statistics.median(times):.1f})")

    def memory(self):
        """Peak memory over about 100 MB and over 1 GB of CSV: it must be small, and must not grow with the input."""
        with open(self.path("year.csv"), "wb") as file:
            subprocess.run(["gzip", "-dc", self.options.flights], stdout=file, check=True)
        pipeline = self.pipeline("memory.toml", FILTER)
        peaks = []
        for megabytes in (100, 1000):
            big = self.path("big.csv")
            say(f"memory: {megabytes} MB of CSV")
            with open(big, "wb") as file, open(self.path("year.csv"), "rb") as year:
                file.write(year.readline())
                body = year.tell()
                while file.tell() < megabytes * 1_000_000:
                    year.seek(body)
                    shutil.copyfileobj(year, file)
            seconds, peak, _ = self.jackfield("run", "-q", pipeline, IN=big, OUT=self.path("big.jsonl"))
            peaks.append(peak)
        for name in ("year.csv", "big.csv", "big.jsonl"):
            os.remove(self.path(name))
        self.figure("peak memory over 1 GB of CSV", peaks[1], "MB", 300, f" ({peaks[0]:.0f} over 100 MB; {seconds:.1f} s)")


MANIFEST = """
[plugin]
name = "made-NUMBER"
version = "1.0.0"
description = "Made to be listed"
authors = ["nobody"]
license = "MIT"
engine = ">=0.1, <2"
component = "made.wasm"

[[provides.node]]
type = "made-NUMBER"
display-name = "Made NUMBER"
category = "Rows"
pure = true
inputs = [{ name = "in" }]
outputs = [{ name = "out" }, { name = "unmatched", optional = true }]

[provides.node.parameters]
type = "object"
required = ["where"]
additionalProperties = false

[provides.node.parameters.properties.where]
type = "string"
description = "Which rows stay"

[[provides.format]]
id = "made-NUMBER"
extensions = ["madeNUMBER"]
media-types = ["text/x-made-NUMBER"]

[permissions]

[limits]
memory = "64MiB"
fuel-per-call = 1_000_000_000
call-timeout = "5s"
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the jackfield to measure, with its plugins beside it")
    parser.add_argument("--flights", required=True, help="flights.csv.gz")
    parser.add_argument("--native", required=True, help="folder of the baseline's programs")
    parser.add_argument("--python", help="a Python that has polars and duckdb")
    parser.add_argument("--work", required=True, help="folder for scratch files")
    parser.add_argument("--rounds", type=int, default=9, help="counted runs of each program (9)")
    parser.add_argument("--only", action="append", choices=["filter", "group", "parquet", "start", "list", "memory"], help="part to run")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    bench = Bench(options)
    parts = options.only or ["filter", "group", "parquet", "start", "list", "memory"]

    print(f"Measured with `scripts/bench` on {min(2, os.cpu_count() or 1)} cores; {options.rounds} rounds, in turn.")
    if "filter" in parts:
        # Own work is the whole process for the native program, which is no Python.
        bench.race("filter", FILTER, "flights.csv.gz → filter → jsonl",
                   {"native, one thread": 0.8, "Polars": 1, "DuckDB": 1, "Miller": 1})
    if "group" in parts:
        bench.race("group", GROUP, "flights.csv.gz → group by carrier: count, mean → jsonl", {"Polars": 1.3, "DuckDB": 1})
    if "parquet" in parts:
        for times in (1, 10):
            size = "" if times == 1 else f", {times} times over"
            # Against each, so against the better.
            bench.race("parquet", PARQUET, f"flights.parquet{size} → group by carrier: count, mean → jsonl",
                       {"Polars": 3, "DuckDB": 3}, bench.to_parquet(times))
    if {"start", "list", "memory"} & set(parts):
        print("\n### Start, listing, memory\n\n| figure | measured | bound |\n|---|---|---|")
        for part, run in (("start", bench.start), ("list", bench.listing), ("memory", bench.memory)):
            if part in parts:
                run()
    for miss in bench.misses:
        say(f"missed: {miss}")
    return 1 if bench.misses else 0


if __name__ == "__main__":
    sys.exit(main())
