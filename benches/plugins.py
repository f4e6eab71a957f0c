#!/usr/bin/env python3
"""Measures listing and starting many plugins that require each other, and prints Markdown tables.

200 plugins with a deep graph of requirements (each requires up to four later ones, one of them by capability), each with a
component of 1 MiB: a list that read or compiled components would show it at once. Then the same graph with components that
have a lifecycle, all different, under a pipeline whose only node requires the first of them: the run starts all 200, calls
`init` and `start` of each, and stops them. `scripts/bench plugins` calls this.
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

EMPTY = bytes.fromhex("0061736d0d000100")

PIPELINE = """
[source.a]
path = "in.csv"

[node.n]
type = "top/filter"
input = "a"
params = { where = "x > 1" }

[sink.out]
input = "n"
path = "out.csv"
"""


def with_section(component: bytes, content: bytes) -> bytes:
    """The component with a custom section that nobody reads: id 0, a length of five bytes, a name of one byte."""
    body = b"\x01x" + content
    length = bytes([(len(body) >> shift & 0x7F) | (0x80 if shift < 28 else 0) for shift in (0, 7, 14, 21, 28)])
    return component + b"\x00" + length + body


def lay_out(folder: pathlib.Path, count: int, component, provides) -> None:
    """`component` and `provides` give the bytes and the last tables of the manifest of each, by its number."""
    chance = random.Random(1)
    for number in range(count):
        plugin = folder / f"p{number:03}"
        plugin.mkdir(parents=True)
        later = range(number + 1, min(count, number + 20))
        required = sorted({number + 1, *chance.sample(later, min(3, len(later)))}) if later else []
        lines = [f'p{other:03} = "^1"' for other in required if other < count]
        if number + 2 < count:
            lines.append(f'"capability:bench.c{number + 2:03}" = "^1"')
        (plugin / "p.wasm").write_bytes(component(number))
        (plugin / "plugin.toml").write_text(
            f'[plugin]\nname = "p{number:03}"\nversion = "1.{number}.0"\ndescription = "One of many"\n'
            f'component = "p.wasm"\n\n[requires]\n' + "\n".join(lines) + "\n\n"
            f'[[provides.capability]]\nid = "bench.c{number:03}"\nversion = "1.0.0"\n\n'
            + provides(number)
        )


def measure(command: list, env: dict, rounds: int) -> list:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append((time.perf_counter() - start) * 1000)
    return times


def node(number: int) -> str:
    return (
        f'[[provides.node]]\ntype = "n{number:03}"\ndescription = "Does nothing"\ncategory = "Bench"\n\n'
        '[provides.node.parameters]\ntype = "object"\nproperties.where = { type = "string" }\n'
    )


def measure_lists(options: argparse.Namespace, work: pathlib.Path) -> None:
    filler = with_section(EMPTY, bytes(1 << 20))
    lay_out(work / "listed", options.count, lambda _: filler, node)
    env = {**os.environ, "JACKFIELD_CACHE": str(work / "cache"), "JACKFIELD_STATE": str(work / "state")}
    empty, full = {**env, "JACKFIELD_PLUGINS": ""}, {**env, "JACKFIELD_PLUGINS": str(work / "listed")}
    print(f"{options.count} plugins, each with a component of 1 MiB; whole process, {options.rounds} rounds\n")
    print("| command | without them, ms | median, ms | best, ms |\n|---|---|---|---|")
    for words in (["plugin", "list"], ["plugin", "tree"], ["plugin", "why", f"p{options.count - 1:03}"]):
        command = [options.binary, *words]
        alone = min(measure([options.binary, "plugin", "list"], empty, options.rounds))
        times = measure(command, full, options.rounds)
        print(f"| `{' '.join(words)}` | {alone:.1f} | {statistics.median(times):.1f} | {min(times):.1f} |")


def measure_start(options: argparse.Namespace, work: pathlib.Path) -> None:
    guest = pathlib.Path(options.guest).read_bytes()
    properties = "\n".join(f'{step} = {{ type = "string", default = "well" }}' for step in ("init", "start", "stop"))
    provides = (
        '[[provides.service]]\nid = "echo"\n\n[config]\ntype = "object"\n\n[config.properties]\n' + properties
        + '\nhealth = { type = "string", default = "healthy" }\ngreeting = { type = "string", default = "hello" }\n'
    )
    lay_out(work / "started", options.count, lambda n: with_section(guest, str(n).encode()), lambda _: provides)
    rows = pathlib.Path(options.binary).parent / "plugins/rows"
    text = (rows / "plugin.toml").read_text().replace('name = "rows"', 'name = "top"', 1)
    for name, requires in (("alone", ""), ("on-all", '\n[requires]\np000 = "^1"\n')):
        folder = work / name / "top"
        shutil.copytree(rows, folder)
        (folder / "plugin.toml").write_text(text.replace("\n[[provides.node]]", requires + "\n[[provides.node]]", 1))
    (work / "in.csv").write_text("x\n1\n2\n")
    (work / "pipeline.toml").write_text(PIPELINE)
    env = {**os.environ, "JACKFIELD_CACHE": str(work / "code"), "JACKFIELD_STATE": str(work / "state")}
    command = [options.binary, "run", str(work / "pipeline.toml")]
    print(f"\nA run whose node requires {options.count} plugins with a lifecycle, all started and stopped; warm cache\n")
    print("| | median, ms | best, ms |\n|---|---|---|")
    for what, folders in (("without requirements", ["alone"]), (f"{options.count} plugins", ["on-all", "started"])):
        plugins = os.pathsep.join(str(work / folder) for folder in folders)
        names = ["top"] + [f"p{number:03}" for number in range(options.count) if "started" in folders]
        grant = [options.binary, "plugin", "grant", *names]
        subprocess.run(grant, env={**env, "JACKFIELD_PLUGINS": plugins}, check=True, capture_output=True)
        measure(command, {**env, "JACKFIELD_PLUGINS": plugins}, 1)
        times = measure(command, {**env, "JACKFIELD_PLUGINS": plugins}, options.rounds)
        print(f"| {what} | {statistics.median(times):.1f} | {min(times):.1f} |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--guest", required=True, help="a component with a lifecycle: tests/guests/answers")
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=20)
    options = arguments.parse_args()
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        measure_lists(options, work)
        measure_start(options, work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
