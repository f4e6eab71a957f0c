#!/usr/bin/env python3
"""Measures group-by, join and sort of the flights, and of ten times as many, against Polars and DuckDB on two threads, from
csv.gz and, where the format is installed, from parquet. Prints Markdown tables for docs/performance.md.

scripts/bench tables builds and fetches what is needed and calls this. Ratios are of minima, against the peers' own work: the
time inside Python after the imports. Jackfield is measured as a whole process.
"""
import argparse
import gzip
import os
import statistics
import subprocess
import sys
import textwrap

from compare import apart, measure, say

SOURCES = """
[source.flights]
path = "${IN}"
OPTIONS

[source.planes]
path = "${PLANES}"
"""
CSV_OPTIONS = 'options = { null-values = ["NA", ""] }'

TASKS = {
    "group": """
[node.out]
type = "aggregate"
input = "flights"
params = { by = ["carrier", "origin", "month"], columns = { n = "count(*)", mean = "avg(dep_delay)", far = "max(distance)" } }
""",
    "join": """
[node.out]
type = "join"
inputs = { left = "flights", right = "planes" }
params = { on = ["tailnum"], kind = "left" }
""",
    "sort": """
[node.out]
type = "sort"
input = "flights"
params = { by = ["carrier", "dep_delay desc", "time_hour"] }
""",
}
SINK = """
[sink.out]
input = "out"
path = "${OUT}"
"""

POLARS_SCAN = {"csv.gz": "pl.scan_csv(sys.argv[1], null_values=['NA'])", "parquet": "pl.scan_parquet(sys.argv[1])"}
POLARS = {
    "group": "flights.group_by('carrier', 'origin', 'month').agg(pl.len().alias('n'), pl.col('dep_delay').mean().alias('mean'), pl.col('distance').max().alias('far'))",
    "join": "flights.join(pl.scan_csv(sys.argv[3]), on='tailnum', how='left', maintain_order='left')",
    "sort": "flights.sort('carrier', 'dep_delay', 'time_hour', descending=[False, True, False], nulls_last=True, maintain_order=True)",
}
DUCKDB_SCAN = {"csv.gz": "read_csv('{0}', nullstr='NA')", "parquet": "read_parquet('{0}')"}
DUCKDB = {
    "group": "select carrier, origin, month, count(*) n, avg(dep_delay) mean, max(distance) far from {0} group by all",
    "join": "select * from {0} flights left join read_csv('{1}') planes using (tailnum)",
    "sort": "select * from {0} order by carrier, dep_delay desc nulls last, time_hour",
}


def polars(task, kind):
    return textwrap.dedent(f"""
        import polars as pl, sys, time
        start = time.perf_counter()
        flights = {POLARS_SCAN[kind]}
        {POLARS[task]}.collect().write_csv(sys.argv[2])
        print(time.perf_counter() - start)
    """)


def duckdb(task, kind):
    return textwrap.dedent(f"""
        import duckdb, sys, time
        start = time.perf_counter()
        db = duckdb.connect(config={{"threads": 2}})
        db.execute("set enable_progress_bar = false")
        flights = "{DUCKDB_SCAN[kind]}".format(sys.argv[1])
        query = "{DUCKDB[task]}".format(flights, sys.argv[3])
        db.sql(f"copy ({{query}}) to '{{sys.argv[2]}}' (format csv, header)")
        print(time.perf_counter() - start)
    """)


def lines(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


class Bench:
    def __init__(self, options):
        self.options = options
        os.makedirs(options.work, exist_ok=True)
        self.env = {"JACKFIELD_CACHE": self.path("cache"), "JACKFIELD_STATE": self.path("state")}
        self.misses = []

    def path(self, name):
        return os.path.join(self.options.work, name)

    def inputs(self, times):
        """The flights so many times, as csv.gz and as parquet; the planes that occur in them."""
        packed = self.options.flights if times == 1 else self.path(f"flights-{times}.csv.gz")
        planes = self.path("planes.csv")
        if not os.path.exists(packed) or not os.path.exists(planes):
            apart(lambda: self.make(times, packed, planes))
        found = {"csv.gz": packed}
        formats = subprocess.run([self.options.binary, "plugin", "list"], capture_output=True, text=True, env={**os.environ, **self.env})
        if "parquet" in formats.stdout:
            found["parquet"] = self.path(f"flights-{times}.parquet")
            if not os.path.exists(found["parquet"]):
                script = f"import polars as pl, sys; {POLARS_SCAN['csv.gz']}.collect().write_parquet(sys.argv[2])"
                measure([self.options.python, "-c", script, packed, found["parquet"]])
        return found, planes

    def make(self, times, packed, planes):
        with gzip.open(self.options.flights, "rb") as file:
            header, body = file.readline(), file.read()
        place = header.split(b",").index(b"tailnum")
        tails = sorted({row.split(b",")[place] for row in body.splitlines()} - {b"NA"})
        with open(planes, "wb") as file:
            file.write(b"tailnum,number,model\n")
            file.writelines(b"%s,%d,model %d\n" % (tail, number, number % 97) for number, tail in enumerate(tails))
        if times > 1:
            # In members of a year each: what a concatenation of files is.
            with open(packed, "wb") as file:
                file.write(gzip.compress(header, 6))
                member = gzip.compress(body, 6)
                file.writelines(member for _ in range(times))

    def race(self, task, times):
        inputs, planes = self.inputs(times)
        for kind, path in inputs.items():
            if self.options.kinds and kind not in self.options.kinds:
                continue
            text = SOURCES.replace("OPTIONS", CSV_OPTIONS if kind == "csv.gz" else "") + TASKS[task] + SINK
            if task != "join":
                text = text.replace(text[text.index("[source.planes]"):text.index("[node.out]")], "")
            pipeline = self.path(f"{task}-{kind}.toml")
            with open(pipeline, "w") as file:
                file.write(text)
            self.one(task, times, kind, path, planes, pipeline)

    def one(self, task, times, kind, path, planes, pipeline):
        python = self.options.python
        def jackfield(out):
            env = {**self.env, "IN": path, "PLANES": planes, "OUT": out}
            seconds, peak, _ = measure([self.options.binary, "run", "-q", "--threads", "2", pipeline], env)
            return seconds, seconds, peak

        def peer(script):
            def once(out):
                seconds, peak, printed = measure([python, "-c", script, path, out, planes], {"POLARS_MAX_THREADS": "2"})
                return seconds, float(printed), peak
            return once

        rivals = {"jackfield": jackfield, "Polars": peer(polars(task, kind)), "DuckDB": peer(duckdb(task, kind))}
        title = f"{task}, {'' if times == 1 else f'{times} × '}flights, from {kind}"
        runs = {name: [] for name in rivals}
        written = {}
        for turn in range(self.options.rounds + 1):
            say(f"{title}: round {turn} of {self.options.rounds}")
            for name, once in rivals.items():
                out = self.path("out.csv")
                result = once(out)
                written[name] = lines(out)
                os.remove(out)
                if turn > 0:
                    runs[name].append(result)
        if len(set(written.values())) != 1:
            sys.exit(f"error: {title}: the outputs have different numbers of lines: {written}")
        own = {name: min(own for _, own, _ in results) for name, results in runs.items()}
        bounds = {"Polars": 1.3, "DuckDB": 1.0} if kind == "csv.gz" else {min(("Polars", "DuckDB"), key=own.get): 3.0}
        for name, results in runs.items():
            ratio = own["jackfield"] / own[name]
            bound = ""
            if name in bounds:
                met = ratio <= bounds[name]
                bound = f"≤ {bounds[name]:g} ×, {'met' if met else '**missed**'}"
                if not met:
                    self.misses.append(f"{title}: {ratio:.2f} × of {name}")
            middle = statistics.median(own for _, own, _ in results)
            against = "" if name == "jackfield" else f"{ratio:.2f} ×"
            peak = max(peak for _, _, peak in results)
            print(f"| {title} | {name} | {own[name] * 1e3:,.0f} ({middle * 1e3:,.0f}) ms | {peak:,.0f} MB | {against} | {bound} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the jackfield to measure, with its plugins beside it")
    parser.add_argument("--flights", required=True, help="flights.csv.gz")
    parser.add_argument("--python", required=True, help="a Python that has polars and duckdb")
    parser.add_argument("--work", required=True, help="folder for scratch files")
    parser.add_argument("--rounds", type=int, default=5, help="counted runs of each program (5)")
    parser.add_argument("--times", type=int, action="append", help="so many times the flights (1 and 10)")
    parser.add_argument("--only", action="append", choices=list(TASKS), help="task to run")
    parser.add_argument("--from", action="append", dest="kinds", choices=list(POLARS_SCAN), help="what to read (both)")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    bench = Bench(options)
    print("| task | | own work, min (median) | peak memory | jackfield against it | bound |")
    print("|---|---|---|---|---|---|")
    for times in options.times or [1, 10]:
        for task in options.only or list(TASKS):
            bench.race(task, times)
    for miss in bench.misses:
        say(f"missed: {miss}")
    return 1 if bench.misses else 0


if __name__ == "__main__":
    sys.exit(main())
