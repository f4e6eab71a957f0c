#!/usr/bin/env python3
"""Writes the files in this folder anew: one small table, written by pyarrow, DuckDB and Polars in their various ways.

Run it as `python3 tests/columnar/make.py` where pyarrow, duckdb and polars are installed. rows.jsonl is what each file holds, told
independently of any reader.
"""
import base64
import datetime
import decimal
import json
import pathlib

import duckdb
import polars
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).parent

UTC = datetime.timezone.utc
ROWS = [
    {
        "id": n,
        "flag": n % 2 == 0,
        "small": -n,
        "big": 2**40 + n,
        "real": n / 4,
        "text": f"word {n % 3}" + "ü" * (n % 2),
        "blob": bytes([0, n, 255]),
        "day": datetime.date(2013, 1, 1) + datetime.timedelta(days=n),
        "moment": datetime.datetime(2013, 6, 1, 12, 30, n, 250_000 * (n % 2)),
        "zoned": datetime.datetime(2013, 6, 1, 12, 30, n, tzinfo=UTC),
        "price": decimal.Decimal(n * 125) / 100,
        "words": [f"w{i}" if i != 1 else None for i in range(n % 4)],
        "place": {"x": n, "y": f"y{n}"},
        "kind": ["red", "green"][n % 2],
    }
    for n in range(1, 41)
]
for row in ROWS:
    if row["id"] % 7 == 3:
        row.update({name: None for name in row if name != "id"})

SCHEMA = pa.schema([
    pa.field("id", pa.int64(), nullable=False),
    ("flag", pa.bool_()),
    ("small", pa.int16()),
    ("big", pa.int64()),
    ("real", pa.float64()),
    ("text", pa.string()),
    ("blob", pa.binary()),
    ("day", pa.date32()),
    ("moment", pa.timestamp("us")),
    ("zoned", pa.timestamp("ms", tz="UTC")),
    ("price", pa.decimal128(10, 2)),
    ("words", pa.list_(pa.string())),
    ("place", pa.struct([("x", pa.int64()), ("y", pa.string())])),
    ("kind", pa.dictionary(pa.int8(), pa.string())),
])


def told(value):
    """A value as the JSON Lines writer tells it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat()
        text = text.rstrip("0") if "." in text else text
        return text + ("Z" if value.tzinfo else "")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value


def main():
    with open(FOLDER / "rows.jsonl", "w") as file:
        for row in ROWS:
            file.write(json.dumps({name: told(value) for name, value in row.items()}, ensure_ascii=False) + "\n")
    table = pa.Table.from_pylist(ROWS, schema=SCHEMA)

    def parquet(name, table, **options):
        pq.write_table(table, FOLDER / f"{name}.parquet", **options)

    parquet("pyarrow-default", table)
    parquet("pyarrow-groups", table, row_group_size=13, data_page_size=64, write_page_index=True, compression="zstd")
    parquet("pyarrow-encodings", table, data_page_version="2.0", version="2.6", use_dictionary=False, compression="brotli",
            column_encoding={"id": "DELTA_BINARY_PACKED", "big": "DELTA_BINARY_PACKED", "real": "BYTE_STREAM_SPLIT", "text": "DELTA_BYTE_ARRAY",
                             "blob": "DELTA_LENGTH_BYTE_ARRAY"})
    parquet("pyarrow-int96", table.drop(["zoned"]), use_deprecated_int96_timestamps=True, compression="gzip", store_schema=False)
    parquet("pyarrow-lz4", table, compression="lz4", write_page_checksum=True)
    parquet("pyarrow-large", table.cast(pa.schema([
        pa.field("text", pa.large_string()) if field.name == "text"
        else pa.field("words", pa.large_list(pa.large_string())) if field.name == "words"
        else pa.field("price", pa.decimal256(50, 2)) if field.name == "price"
        else field for field in SCHEMA])), compression="none")

    plain = table.set_column(table.schema.get_field_index("kind"), "kind", table["kind"].cast(pa.string()))
    database = duckdb.connect()
    database.register("rows", plain)
    database.sql(f"copy (select * from rows) to '{FOLDER / 'duckdb.parquet'}' (format parquet)")
    database.sql(f"copy (select * from rows) to '{FOLDER / 'duckdb-v2.parquet'}' (format parquet, parquet_version v2, compression zstd)")
    frame = polars.from_arrow(table)
    frame.write_parquet(FOLDER / "polars.parquet")
    frame.write_parquet(FOLDER / "polars-lz4.parquet", compression="lz4", data_page_size=200)
    frame.write_ipc(FOLDER / "polars.arrow", compat_level=polars.CompatLevel.newest())
    frame.write_ipc_stream(FOLDER / "polars.arrows", compat_level=polars.CompatLevel.newest(), compression="zstd")

    with pa.ipc.new_file(FOLDER / "pyarrow.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=13)
    with pa.ipc.new_stream(FOLDER / "pyarrow.arrows", table.schema) as writer:
        writer.write_table(table, max_chunksize=13)
    feather.write_feather(table, str(FOLDER / "pyarrow-lz4.feather"), compression="lz4")
    feather.write_feather(table, str(FOLDER / "pyarrow-zstd.feather"), compression="zstd")


if __name__ == "__main__":
    main()
