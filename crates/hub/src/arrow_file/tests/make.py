"""Writes the files beside it, with pyarrow."""
import datetime as dt
import pyarrow as pa
from pyarrow import feather

start = 1704067200_000_000_000
table = pa.table({
    "date": pa.array([start + i * 3_600_000_000_000 + 7_000_000 for i in range(5)], pa.timestamp("ns", "UTC")),
    "day": pa.array([dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(5)], pa.date32()),
    "open": pa.array([1.5, 2.5, None, 4.5, 5.5], pa.float64()),
    "small": pa.array([0.25, 0.5, 0.75, 1.0, 1.25], pa.float32()),
    "n": pa.array([-2, -1, 0, 1, 2], pa.int32()),
    "gap": pa.array([None, 7, 8, 9, 10], pa.uint16()),
    "flag": pa.array([True, False, True, False, True]),
    "word": pa.array(["a", None, "\u5e01", "dd", "e"]),
})
for name, packed in [("lz4", "lz4"), ("zstd", "zstd"), ("plain", "uncompressed")]:
    feather.write_feather(table, f"{name}.feather", compression=packed, chunksize=3)
word = pa.array(["a", "b", "a"])
feather.write_feather(pa.table({"kind": word.dictionary_encode()}), "dictionary.feather")
feather.write_feather(pa.table({"list": pa.array([[1], [2, 3]])}), "nested.feather")
