#!/usr/bin/env python3
"""Measures `jackfield peek` on large files and prints a Markdown table: what it takes must not grow with the file.

A gigabyte of CSV is made of the flights, and the same rows as JSON Lines and gzip; every case is measured from start to
finish, with a warm cache of compiled plugins. `scripts/bench peek` calls this.
"""
import argparse
import gzip
import pathlib
import shutil
import statistics
import subprocess
import time

GIGABYTE = 1_000_000_000


def grown(target: pathlib.Path, head: bytes, body: bytes) -> None:
    """A file of about a gigabyte, unless it is there from before."""
    if target.exists() and target.stat().st_size >= GIGABYTE:
        return
    with open(target, "wb") as out:
        out.write(head)
        while out.tell() < GIGABYTE:
            out.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("flights")
    parser.add_argument("--work", required=True)
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)

    csv, jsonl, packed = work / "big.csv", work / "big.jsonl", work / "big.csv.gz"
    text = gzip.open(arguments.flights).read()
    head, body = text.split(b"\n", 1)
    grown(csv, head + b"\n", body)
    if not jsonl.exists():
        rows = subprocess.run([arguments.binary, "convert", arguments.flights, "-", "--to", "jsonl", "-q"],
                              capture_output=True, check=True).stdout
        grown(jsonl, b"", rows)
    if not packed.exists():
        # Members that follow one another are one stream; compressing a gigabyte would take minutes.
        member = gzip.compress(body, 6)
        with open(packed, "wb") as out:
            out.write(gzip.compress(head + b"\n"))
            for _ in range(GIGABYTE // len(body) + 1):
                out.write(member)

    def command(*args: str) -> list[str]:
        return [arguments.binary, "peek", *args]

    cases = [
        ("1 GB of CSV", command(str(csv)), None),
        ("1 GB of JSON Lines", command(str(jsonl)), None),
        ("1 GB of CSV, compressed with gzip", command(str(packed)), None),
        ("1 GB of CSV from stdin", command("-"), csv),
        ("31 MB of CSV, compressed with gzip", command(arguments.flights), None),
        ("`--columns`, 1 GB of CSV", command(str(csv), "--columns"), None),
        ("`--plot dep_delay`, the first million rows of 1 GB of CSV", command(str(csv), "--plot", "dep_delay", "-o", "null-values=NA"), None),
    ]
    print("| `jackfield peek` | best (median) |\n|---|---|")
    for name, argv, stdin in cases:
        times = []
        for _ in range(arguments.rounds):
            with open(stdin or "/dev/null", "rb") as given:
                start = time.perf_counter()
                subprocess.run(argv, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
                times.append((time.perf_counter() - start) * 1000)
        times = times[1:]
        print(f"| {name} | {min(times):.0f} ({statistics.median(times):.0f}) ms |")
    if shutil.disk_usage(work).free < 5 * GIGABYTE:
        for file in (csv, jsonl, packed):
            file.unlink()


if __name__ == "__main__":
    main()
