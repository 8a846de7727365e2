"""Writes the Parquet files of this folder with other implementations than ours: pyarrow, polars, duckdb.

Values follow formulas that the tests repeat (parquet_file/tests.rs), so the files need not be compared by eye.
Run with a Python that has the three: python make.py
"""
import datetime as dt
import decimal
import os

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

HERE = os.path.dirname(os.path.abspath(__file__))
N = 120
I = list(range(N))
HOLE = [i % 10 == 3 for i in I]
START = 1_700_000_000
SECONDS = [START + 3600 * i for i in I]


def holes(values):
    return [None if hole else v for v, hole in zip(values, HOLE)]


def types():
    utc = "UTC"
    us = [s * 1_000_000 + 123_456 for s in SECONDS]
    names = [f"name{i % 7}" for i in I]
    prices = [decimal.Decimal(i * 12345 - 1_000_000).scaleb(-8) for i in I]
    return pa.table({
        "time_s": pa.array(SECONDS, pa.timestamp("s")),
        "time_ms": pa.array([t // 1000 for t in us], pa.timestamp("ms")),
        "time_us": pa.array(us, pa.timestamp("us")),
        "time_ns": pa.array([t * 1000 + 789 for t in us], pa.timestamp("ns")),
        "time_us_utc": pa.array(us, pa.timestamp("us", utc)),
        "time_ms_hk": pa.array([t // 1000 for t in us], pa.timestamp("ms", "Asia/Hong_Kong")),
        "day": pa.array([19_000 + i for i in I], pa.date32()),
        "int8": pa.array([i % 256 - 128 for i in I], pa.int8()),
        "int16": pa.array([i - 250 for i in I], pa.int16()),
        "int32": pa.array([i * 1000 - 250_000 for i in I], pa.int32()),
        "int64": pa.array([i * 10**15 - 10**17 for i in I], pa.int64()),
        "uint8": pa.array([i % 256 for i in I], pa.uint8()),
        "uint16": pa.array([i * 131 for i in I], pa.uint16()),
        "uint32": pa.array([4_294_967_295 - i for i in I], pa.uint32()),
        "uint64": pa.array([2**62 + i for i in I], pa.uint64()),
        "half": pa.array(np.array([i / 8 for i in I], dtype=np.float16)),
        "float": pa.array([i / 8 for i in I], pa.float32()),
        "double": pa.array([i / 7 for i in I], pa.float64()),
        "decimal": pa.array(prices, pa.decimal128(18, 8)),
        "flag": pa.array([i % 3 == 0 for i in I]),
        "text": pa.array(names),
        "large": pa.array(names, pa.large_string()),
        "view": pa.array(names, pa.string_view()),
        "word": pa.array(names).dictionary_encode(),
        "nested": pa.array([[i, i + 1] for i in I]),
        "int64_holes": pa.array(holes(I), pa.int64()),
        "double_holes": pa.array(holes([i / 7 for i in I]), pa.float64()),
        "text_holes": pa.array(holes(names)),
        "time_holes": pa.array(holes(us), pa.timestamp("us")),
        "flag_holes": pa.array(holes([i % 3 == 0 for i in I])),
    })


def main():
    table = types()
    for codec in ["snappy", "gzip", "brotli", "zstd", "lz4"]:
        # Small pages and row groups, so that steps cross their borders.
        pq.write_table(table, f"{HERE}/pyarrow_{codec}.parquet", compression=codec, row_group_size=50,
                       data_page_size=100, store_schema=codec != "gzip", data_page_version="2.0" if codec == "zstd" else "1.0")
    old = pa.table({"time_us": table["time_us"], "double": table["double"]})
    pq.write_table(old, f"{HERE}/pyarrow_int96.parquet", use_deprecated_int96_timestamps=True, use_dictionary=False)
    pq.write_table(old, f"{HERE}/pyarrow_split.parquet", use_dictionary=False,
                   column_encoding={"double": "BYTE_STREAM_SPLIT", "time_us": "DELTA_BINARY_PACKED"})
    frame = pl.DataFrame({
        "time_us": pl.Series([dt.datetime(2023, 11, 14, 22, 13, 20, 123456) + dt.timedelta(hours=i) for i in I], dtype=pl.Datetime("us")),
        "double": [i / 7 for i in I],
        "int64_holes": holes(I),
        "word": pl.Series([f"name{i % 7}" for i in I]).cast(pl.Categorical),
        "flag": [i % 3 == 0 for i in I],
    })
    frame.write_parquet(f"{HERE}/polars.parquet")
    duckdb.sql(f"""copy (select make_timestamp(({START} + 3600 * i) * 1000000 + 123456) time_us, i / 7 as double,
                   case when i % 10 = 3 then null else i end int64_holes, 'name' || (i % 7) word, i % 3 = 0 flag
                   from range({N}) t(i)) to '{HERE}/duckdb.parquet' (format parquet, compression zstd)""")


main()
