"""Asks pyarrow what `cargo run --example cases` asked the kernels, and tells where they differ.

A difference is an error unless the function's table entry says how its meaning differs; so is a function that nothing was
compared with. What pyarrow has no function for is compared with what Python's library says. `scripts/compare-pyarrow` runs
this.
"""

import base64
import hashlib
import hmac
import json
import math
import multiprocessing
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

UNITS = {"years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"}


def padded(function):
    return lambda a, width, padding=" ": function(a, width=width, padding=padding)


def elements(arrays, null):
    return getattr(pc, arrays)(*null)


def truncated(function):
    """Arrow's default is a multiple of one day as well."""
    return lambda a, unit="day", multiple=1, **more: function(a, multiple=multiple, unit=unit, **more)


def months(array):
    return pc.add(pc.multiply(pc.year(array), 12), pc.month(array))


def distinct(a, b):
    return a != b if a is not None and b is not None else (a is None) != (b is None)


def each(function):
    """Element by element over plain values."""
    return lambda *arrays, **options: [function(*row, **options) for row in zip(*(plain(array) for array in arrays))]


def unless_null(function):
    return each(lambda *row, **options: None if any(value is None for value in row) else function(*row, **options))


def octets(value):
    return value.encode() if isinstance(value, str) else value


def moved(by):
    """The values of other rows."""
    def function(array, offset=1):
        values = plain(array)
        places = range(by * offset, by * offset + len(values))
        return [values[place] if 0 <= place < len(values) else None for place in places]
    return function


def matched(text, pattern, group=0, ignore_case=False):
    found = re.search(pattern, text, re.IGNORECASE if ignore_case else 0)
    return (found.group(group) or "") if found else ""


def middle(values):
    """NaN is larger than any number."""
    kept = sorted((float(value) for value in values if value is not None), key=lambda value: (value != value, value))
    if not kept:
        return None
    low, high = kept[(len(kept) - 1) // 2], kept[len(kept) // 2]
    return low if low == high else low + (high - low) / 2


def digest(value, key=None):
    return hashlib.sha256(octets(value)).digest() if key is None else hmac.digest(key.encode(), octets(value), "sha256")


def looked_up(entries, key):
    return next((value for name, value in entries if name == key), None)


def decoded(text, alphabet="standard"):
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_" if alphabet == "url" else None, validate=True)


def encoded(value, alphabet="standard"):
    return base64.b64encode(octets(value), b"-_" if alphabet == "url" else None).decode()


# What pyarrow has no function for, as Python has it.
OWN = {
    "base64_decode": unless_null(decoded),
    "base64_encode": unless_null(encoded),
    "epoch": lambda a: [None if value is None else value / 1e9 for value in plain(pc.cast(a, pa.timestamp("ns")))],
    "extract_regex_group": unless_null(matched),
    "hex_decode": unless_null(bytes.fromhex),
    "hex_encode": unless_null(lambda value: octets(value).hex()),
    "is_distinct_from": each(distinct),
    "is_not_distinct_from": each(lambda a, b: not distinct(a, b)),
    "lag": moved(-1),
    "lead": moved(1),
    "list_contains": unless_null(lambda items, item: item in items),
    "list_index": unless_null(lambda items, item: items.index(item) if item in items else -1),
    "make_list": each(lambda *row: list(row)),
    "months_between": lambda a, b: plain(pc.subtract(months(b), months(a))),
    "nullif": each(lambda a, b: None if a is not None and a == b else a),
    "row_number": lambda a: list(range(1, len(a) + 1)),
    "sha256": unless_null(digest),
    "utf8_replace": unless_null(lambda text, pattern, replacement: text.replace(pattern, replacement) if pattern else text),
}
# Likewise, of the values of a group, in order.
OWN_AGGREGATES = {
    "list": lambda values: [value for value in values if value is not None] or None,
    "median": middle,
    "string_agg": lambda values, separator=",": separator.join(kept) if (kept := [v for v in values if v is not None]) else None,
}

# Functions whose arguments or options are named otherwise. None: pyarrow has the name with another use.
ADAPTED = {
    "utf8_lpad": padded(pc.utf8_lpad),
    "utf8_rpad": padded(pc.utf8_rpad),
    "utf8_center": padded(pc.utf8_center),
    "ascii_lpad": padded(pc.ascii_lpad),
    "ascii_rpad": padded(pc.ascii_rpad),
    "ascii_center": padded(pc.ascii_center),
    "floor_temporal": truncated(pc.floor_temporal),
    "ceil_temporal": truncated(pc.ceil_temporal),
    "round_temporal": truncated(pc.round_temporal),
    "cast": lambda a, to_type: pc.cast(a, {"utf8": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "int8": pa.int8()}[to_type]),
    "is_in": lambda a, value_set: pc.is_in(a, value_set=pa.array(value_set, a.type)),
    "index_in": lambda a, value_set: pc.index_in(a, value_set=pa.array(value_set, a.type)),
    "list_slice": lambda a, start=0, stop=None: pc.list_slice(a, start, stop),
    "struct_field": lambda a, index: pc.struct_field(a, [index]),
    "make_struct": lambda *a, field_names=None: pc.make_struct(*a, field_names=field_names or [str(i) for i in range(len(a))]),
    "if_else": lambda c, a, b: pc.if_else(c, a, b),
    "match_like": lambda a, pattern, ignore_case=False: pc.match_like(a, pattern, ignore_case=ignore_case),
    "quantile": lambda a, q=0.5: pc.quantile(a, q=q)[0],
    "tdigest": lambda a, q=0.5: pc.tdigest(a, q=q)[0],
    "round_to_multiple": lambda a, multiple=1, round_mode="half_to_even": pc.round_to_multiple(
        a, pa.scalar(multiple).cast(a.type, safe=False), round_mode=round_mode
    ),
    "rank": lambda a, tiebreaker="first": pc.rank(a, sort_keys="ascending", tiebreaker=tiebreaker),
    "case_when": lambda c, a, *b: pc.case_when(pc.make_struct(c, field_names=["0"]), a, *b),
    "strptime": lambda a, format: pc.strptime(a, format=format, unit="us"),
    # pyarrow's own reads beyond its columns, and crashes or tells other dates.
    "year_month_day": lambda a: [
        None if year is None else {"year": year, "month": month, "day": day}
        for year, month, day in zip(plain(pc.year(a)), plain(pc.month(a)), plain(pc.day(a)))
    ],
    # Arrow's key is one for all rows.
    "map_lookup": unless_null(looked_up),
    "binary_repeat": lambda a, n: pc.binary_repeat(a, n),
    "utf8_repeat": lambda a, n: pc.binary_repeat(a, n),
    "fill_null": lambda a, b: pc.coalesce(a, b),
    "split_pattern": lambda a, pattern, max_splits=None, reverse=False: pc.split_pattern(a, pattern, max_splits=max_splits, reverse=reverse),
    "count": lambda a, mode="only_valid": pc.count(a, mode=mode),
    "count_distinct": lambda a: pc.count_distinct(a, mode="only_valid"),
}
def call(name, arguments, options):
    if name in OWN:
        return OWN[name](*arguments, **options)
    function = ADAPTED.get(name) or getattr(pc, name, None)
    if function is None or (name not in ADAPTED and name not in pc.list_functions()):
        return None
    return function(*arguments, **options)


def plain(value):
    """Lists of Python values without types: numbers as numbers, times as pyarrow counts them."""
    if isinstance(value, pa.Scalar):
        value = pa.repeat(value, 1)
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        if isinstance(value, pa.ChunkedArray):
            value = value.combine_chunks()
        if pa.types.is_dictionary(value.type):
            value = value.dictionary_decode()
        if pa.types.is_timestamp(value.type) or pa.types.is_duration(value.type):
            unit, scale = value.type.unit, {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
            return [None if v is None else v * scale[unit] for v in value.cast(pa.int64()).to_pylist()]
        if pa.types.is_list(value.type) or pa.types.is_large_list(value.type):
            items = iter(plain(value.flatten()))
            return [None if length is None else [next(items) for _ in range(length)] for length in value.value_lengths().to_pylist()]
        if pa.types.is_date64(value.type):
            value = value.cast(pa.date32())
        return [plain_scalar(item) for item in value.to_pylist()]
    if isinstance(value, list):
        return [plain_scalar(item) for item in value]
    return [plain_scalar(value)]


def plain_scalar(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, bool):
        return int(value)
    if hasattr(value, "as_py"):
        return plain_scalar(value.as_py())
    if isinstance(value, dict):
        return {key: plain_scalar(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_scalar(item) for item in value]
    if type(value).__name__ == "Decimal":
        return value
    return value


def same(ours, theirs, near=1e-9):
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(same(a, b, near) for a, b in zip(ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key], near) for key in ours)
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if isinstance(ours, float) or isinstance(theirs, float):
        try:
            a, b = float(ours), float(theirs)
        except (TypeError, ValueError, OverflowError):
            return False
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        # What is near zero beside the values that it is computed from has no exact digits.
        return a == b or math.isclose(a, b, rel_tol=near, abs_tol=1e-300 if near == 1e-9 else 1e-8)
    return ours == theirs


def streams(path):
    """The IPC streams of a file, each at a multiple of 64 bytes, as pyarrow wants its buffers."""
    with pa.OSFile(str(path), "rb") as file:
        everything = file.read_buffer()
    place = 0
    while place < len(everything):
        source = pa.BufferReader(everything.slice(place))
        reader = pa.ipc.open_stream(source)
        batches = list(reader)
        yield batches[0] if batches else pa.RecordBatch.from_pylist([], schema=reader.schema)
        place += (source.tell() + 63) // 64 * 64


GROUPED = {"mean", "sum", "min", "max", "count", "count_distinct", "variance", "stddev", "product", "any", "all", "first", "last", "approximate_median", "tdigest", "skew", "kurtosis", "list"}


def grouped(name, values, groups, options):
    """Arrow's hash aggregate; a null result of the kernels is what it gives for groups without values."""
    makers = {
        "variance": pc.VarianceOptions, "stddev": pc.VarianceOptions, "count": pc.CountOptions, "tdigest": pc.TDigestOptions,
        "count_distinct": pc.CountOptions, "skew": pc.SkewOptions, "kurtosis": pc.SkewOptions,
    }
    if name not in GROUPED or name in ("list", "tdigest"):
        return None
    made = makers[name](**options) if name in makers and options else None
    table = pa.table({"g": groups, "x": values})
    entry = ("x", name, made) if made is not None else ("x", name)
    found = table.group_by("g", use_threads=False).aggregate([entry]).sort_by("g")
    return found["x_" + name]


def own_aggregate(case, arguments, options):
    values, groups = plain(arguments[0]), plain(arguments[1])
    count = 1 if case["kind"] == "reduce" else max(groups, default=-1) + 1
    parts = [[value for value, group in zip(values, groups) if group == number] for number in range(count)]
    return [OWN_AGGREGATES[case["function"]](part, **options) for part in parts]


def joined(case, column):
    build, probe = column.slice(0, case["build"]), column.slice(case["build"])
    left = pa.table({"k": probe, "p": pa.array(range(len(probe)), pa.int64())})
    right = pa.table({"k": build, "b": pa.array(range(len(build)), pa.int64())})
    found = left.join(right, "k", join_type=case["join"], use_threads=False).to_pylist()
    return sorted(((row["p"], row.get("b")) for row in found), key=str)


def compared(case, arguments, values, failed):
    """Ours and theirs, or None where pyarrow has no such function."""
    options = json.loads(case.get("options") or "{}")
    name = case["function"]
    if case["kind"] == "sort":
        order = "descending" if case["descending"] else "ascending"
        table = pa.table({"a": arguments[0], "b": arguments[1]})
        placement = "at_start" if case["nulls_first"] else "at_end"
        theirs = pc.sort_indices(table, sort_keys=[("a", order), ("b", order)], null_placement=placement)
        return plain(values), plain(theirs)[: case["limit"]]
    if case["kind"] == "join":
        flat = values.to_pylist()
        pairs = list(zip(flat[::2], flat[1::2]))
        return sorted(pairs, key=str), joined(case, arguments[0])
    if case["function"] in OWN_AGGREGATES:
        return plain(values), own_aggregate(case, arguments, options)
    if case["kind"] == "reduce":
        found = call(name, arguments[:1], options)
        return None if found is None else (plain(values), plain(found))
    if case["kind"] == "grouped":
        found = grouped(name, arguments[0], arguments[1], options)
        return None if found is None else (plain(values), plain(found))
    # Where rows failed, pyarrow is asked about the others: it fails columns as a whole.
    if any(failed) and not case["row_wise"]:
        return None
    if any(failed):
        keep = pa.array([not row for row in failed])
        arguments = [array.filter(keep) for array in arguments]
        values = values.filter(keep)
    found = call(name, arguments, options)
    return None if found is None else (plain(values), plain(found))


def of_function(cases, first, result):
    """Compares the cases of one function from one on, and sends what came of each."""
    for number, (case, arguments, values, failed) in enumerate(cases[first:], first):
        result.send((number, "begins", None))
        failed = failed.column(0).to_pylist()
        try:
            pair = compared(case, arguments.columns, values.column(0), failed)
        except (pa.ArrowException, TypeError, KeyError, NotImplementedError, OverflowError, ValueError) as error:
            # What pyarrow does not take, or not so.
            result.send((number, "refused", (str(error).splitlines() or ["?"])[0]))
            continue
        if pair is None:
            result.send((number, "alone", None))
            continue
        ours, theirs = pair
        if case.get("refused"):
            ours = [case["refused"]]
        # The kernels compute in float64 where Arrow stays in float32; sums of powers have fewer exact digits.
        narrow = any(pa.types.is_float32(array.type) for array in arguments.columns)
        near = 1e-6 if narrow or case["function"] in ("skew", "kurtosis", "variance", "stddev") else 1e-9
        if same(ours, theirs, near):
            result.send((number, "same", None))
        else:
            result.send((number, "differs", shown(case, arguments, failed, ours, theirs)))
    result.send((len(cases), "end", None))


def asked(cases):
    """What came of each case of a function, in processes of their own: some of pyarrow's functions crash on columns that it
    reads without complaint."""
    found, first = {}, 0
    context = multiprocessing.get_context("fork")
    while first < len(cases):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=of_function, args=(cases, first, theirs))
        process.start()
        theirs.close()
        try:
            while True:
                first, what, value = ours.recv()
                if what == "begins":
                    found[first] = ("refused", f"pyarrow crashed on {described(cases[first])}")
                elif what != "end":
                    found[first] = (what, value)
        except EOFError:
            first += 1
        process.join()
    return list(found.values())


def described(told):
    case, arguments = told[0], told[1]
    types = ", ".join(str(array.type) for array in arguments.columns)
    return f"{case['kind']} of {types} {case.get('options', '')} {case.get('shape', '')}"


def shown(case, arguments, failed, ours, theirs):
    """One line about the first row that differs."""
    rows = range(min(len(ours), len(theirs)))
    place = next((row for row in rows if not same(ours[row], theirs[row])), None)
    kind = described((case, arguments))
    if place is None:
        return f"{kind}: {len(ours)} rows, pyarrow {len(theirs)}"
    given = ""
    if case["kind"] == "call" and not any(failed) and all(place < len(array) for array in arguments.columns):
        given = ", ".join(repr(plain(array.slice(place, 1))[0]) for array in arguments.columns)
    return f"{kind}: row {place} ({given}): {ours[place]!r}, pyarrow {theirs[place]!r}"


def main(folder):
    told = streams(folder / "cases.arrows")
    functions = {}
    for line in (folder / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        functions.setdefault(case["function"], []).append((case, next(told), next(told), next(told)))
    catalogue = json.loads((folder / "functions.json").read_text())
    wrong, counts, differing = [], {}, 0
    for name, cases in sorted(functions.items()):
        outcomes = asked(cases)
        differs = [case[0]["differs"] for case in cases]
        unsaid = [value for (what, value), said in zip(outcomes, differs) if what == "differs" and not said]
        if unsaid:
            wrong.append("\n    ".join([f"{name}: {len(unsaid)} of {len(cases)} cases differ, and docs/functions.md does not say how", *unsaid[:4]]))
        # A function that refuses what the other one takes differs as well.
        shown_to = [what for (what, _), said in zip(outcomes, differs) if said and what in ("differs", "refused")]
        if any(differs) and not shown_to:
            wrong.append(f"{name}: docs/functions.md says that it differs; no case shows it")
        differing += bool(shown_to)
        counts[name] = sum(what in ("same", "differs") for what, _ in outcomes)
        if not counts[name]:
            reasons = sorted({str(value) for what, value in outcomes if what == "refused"})
            reason = reasons[0][:200] if reasons else "pyarrow has no such function"
            if catalogue.get(name, {}).get("alone") != "nothing":
                wrong.append(f"{name}: nothing was compared: {reason}")
    for name, entry in catalogue.items():
        if name not in functions:
            wrong.append(f"{name}: no case asks for it")
        own = name in OWN or name in OWN_AGGREGATES or entry["alone"] == "nothing"
        if own != bool(entry["alone"]):
            wrong.append(f"{name}: docs/functions.md and this script do not agree on whether Arrow has it")
        # `list` is a name that pyarrow has for groups only.
        if entry["alone"] and name in pc.list_functions():
            wrong.append(f"{name}: docs/functions.md says that Arrow has no such function, and it has")
    print("\n".join(wrong) or "no difference that docs/functions.md does not tell")
    own = sum(bool(entry["alone"]) for entry in catalogue.values())
    print(
        f"{sum(counts.values())} cases of {sum(count > 0 for count in counts.values())} functions compared, of the {len(catalogue)} in the catalogue, "
        f"sorting and joining; {differing} differ as they say, {own} are not Arrow's"
    )
    # As cargo's tests end, for scripts/test.
    print(f"test result: {'FAILED' if wrong else 'ok'}. {len(catalogue) - len(wrong)} passed; {len(wrong)} failed; 0 ignored")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
