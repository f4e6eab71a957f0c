#!/usr/bin/env python3
"""Measures how long listing takes with many plugins that require each other, and prints a Markdown table.

200 plugins with a deep graph of requirements (each requires up to four later ones, one of them by capability), each with a
component of 1 MiB: a list that read or compiled components would show it at once. `scripts/bench plugins` calls this.
"""
import argparse
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

# An empty component with a custom section that nobody reads: id 0, a length of five bytes, a name of one byte.
FILLER = bytes.fromhex("0061736d0d000100")


def component(size: int) -> bytes:
    body = b"\x01x" + bytes(size)
    length = bytes([(len(body) >> shift & 0x7F) | (0x80 if shift < 28 else 0) for shift in (0, 7, 14, 21, 28)])
    return FILLER + b"\x00" + length + body


def lay_out(folder: pathlib.Path, count: int, size: int) -> None:
    chance = random.Random(1)
    filler = component(size)
    for number in range(count):
        plugin = folder / f"p{number:03}"
        plugin.mkdir(parents=True)
        later = range(number + 1, min(count, number + 20))
        required = sorted({number + 1, *chance.sample(later, min(3, len(later)))}) if later else []
        lines = [f'p{other:03} = "^1"' for other in required if other < count]
        if number + 2 < count:
            lines.append(f'"capability:bench.c{number + 2:03}" = "^1"')
        (plugin / "p.wasm").write_bytes(filler)
        (plugin / "plugin.toml").write_text(
            f'[plugin]\nname = "p{number:03}"\nversion = "1.{number}.0"\ndescription = "One of many"\n'
            f'component = "p.wasm"\n\n[requires]\n' + "\n".join(lines) + "\n\n"
            f'[[provides.capability]]\nid = "bench.c{number:03}"\nversion = "1.0.0"\n\n'
            f'[[provides.node]]\ntype = "n{number:03}"\ndescription = "Does nothing"\ncategory = "Bench"\n\n'
            '[provides.node.parameters]\ntype = "object"\nproperties.where = { type = "string" }\n'
        )


def measure(command: list, env: dict, rounds: int) -> list:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append((time.perf_counter() - start) * 1000)
    return times


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=20)
    options = arguments.parse_args()
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        lay_out(work / "plugins", options.count, 1 << 20)
        env = {**os.environ, "JACKFIELD_CACHE": str(work / "cache"), "JACKFIELD_STATE": str(work / "state")}
        empty, full = {**env, "JACKFIELD_PLUGINS": ""}, {**env, "JACKFIELD_PLUGINS": str(work / "plugins")}
        print(f"{options.count} plugins, each with a component of 1 MiB; whole process, {options.rounds} rounds\n")
        print("| command | without them, ms | median, ms | best, ms |\n|---|---|---|---|")
        for words in (["plugin", "list"], ["plugin", "tree"], ["plugin", "why", f"p{options.count - 1:03}"]):
            command = [options.binary, *words]
            alone = min(measure([options.binary, "plugin", "list"], empty, options.rounds))
            times = measure(command, full, options.rounds)
            print(f"| `{' '.join(words)}` | {alone:.1f} | {statistics.median(times):.1f} | {min(times):.1f} |")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
