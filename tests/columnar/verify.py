#!/usr/bin/env python3
"""Reads what jackfield writes with pyarrow, DuckDB and Polars, and compares it with rows.jsonl: scripts/compare-columnar runs it."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import duckdb
import polars
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

import make

FOLDER = pathlib.Path(__file__).parent
EXPECTED = [json.loads(line) for line in open(FOLDER / "rows.jsonl")]


def write(binary, folder, name, options):
    out = folder / name
    pipeline = folder / "pipeline.toml"
    pipeline.write_text(f"""
[source.a]
path = "{FOLDER / "pyarrow-default.parquet"}"

[sink.out]
input = "a"
path = "{out}"
options = {{ {options} }}
""")
    subprocess.run([binary, "run", "-q", pipeline], check=True, env={**os.environ, "JACKFIELD_STATE": str(folder / "state")})
    return out


def check(what, rows):
    found = [{name: make.told(value) for name, value in row.items()} for row in rows]
    for row in found:
        # Readers without a type for it give a map or a text; here all have one.
        if row["place"] is not None and not any(row["place"].values()):
            row["place"] = None
    if found != EXPECTED:
        wrong = next(((a, b) for a, b in zip(found, EXPECTED) if a != b), (len(found), len(EXPECTED)))
        sys.exit(f"error: {what} differs:\n  {wrong[0]}\n  {wrong[1]}")
    print(f"{what}: {len(found)} rows are the same")


def main(binary):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for compression in ("zstd", "snappy", "gzip", "lz4", "brotli", "none"):
            out = write(binary, folder, f"{compression}.parquet", f'compression = "{compression}", row-group-rows = 7')
            file = pq.ParquetFile(out)
            column = file.metadata.row_group(0).column(0)
            if file.metadata.num_row_groups != 6 or not column.is_stats_set or not column.has_offset_index or not column.has_column_index:
                sys.exit(f"error: {out.name} lacks row groups, statistics or page index")
            if file.schema_arrow.field("kind").type != pa.dictionary(pa.int8(), pa.string()) or str(file.schema_arrow.field("zoned").type) != "timestamp[ms, tz=UTC]":
                sys.exit(f"error: {out.name} has other types: {file.schema_arrow}")
            check(f"{compression}.parquet with pyarrow", file.read().to_pylist())
            check(f"{compression}.parquet with Polars", polars.read_parquet(out).to_dicts())
            database = duckdb.connect()
            database.sql("set timezone = 'UTC'")
            check(f"{compression}.parquet with DuckDB", database.sql(f"from '{out}'").to_arrow_table().to_pylist())
        for name, options in (("out.arrow", ""), ("out.arrows", 'kind = "stream"')):
            out = write(binary, folder, name, options)
            if name == "out.arrow":
                check("out.arrow with pyarrow", feather.read_table(out).to_pylist())
                check("out.arrow with Polars", polars.read_ipc(out, memory_map=False).to_dicts())
            else:
                with pa.ipc.open_stream(out) as reader:
                    check("out.arrows with pyarrow", reader.read_all().to_pylist())
                check("out.arrows with Polars", polars.read_ipc_stream(out).to_dicts())


if __name__ == "__main__":
    main(sys.argv[1])
