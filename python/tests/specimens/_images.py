"""Images, as flavors of tensors take them: a kind of data that no table has."""

from __future__ import annotations

from fidelity_kinds import Kind

_NO_TABLE = "an image has more axes than a table"

IMAGES = Kind(
    lambda count, rng: (rng.integers(0, 64, (count, 6, 6, 1)) / 64).astype("float32"),
    dict.fromkeys(
        (
            *("frame", "Arrow", "Arrow stream", "gRPC, table", "gRPC, Arrow", "Parquet", "split"),
            *("records", "records, gaps left out", "CSV", "1.x split", "1.x records"),
            *("client, gRPC frames",),
        ),
        _NO_TABLE,
    ),
)  # fmt: skip
