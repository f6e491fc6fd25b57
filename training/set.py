"""A training set: the Parquet file that `halfstep replay` writes, read whole and checked before anything learns from it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training.errors import TrainingError
from training.ranking import Ranking

# A single feature that ranks the labels this well knows them. Real ones at a fair distance from the outcome stay far below.
LEAK = 0.97


@dataclass(frozen=True)
class Source:
    """A file that the events came from."""

    name: str
    sha256: str


@dataclass(frozen=True)
class TrainingSet:
    """Rows in the order of the file. A missing value is NaN."""

    table: pa.Table
    revision: str  # of the FeatureSet
    hashes: dict[str, str]  # of each feature's definition, in the order of the vector
    label_digest: str  # SHA-256 of the label file
    keys: tuple[str, ...]  # columns that group rows, such as session
    sources: tuple[Source, ...]
    first: int  # time of the first event, Unix milliseconds
    last: int  # and of the newest
    digest: str  # of what the rows say, the label and feature definitions included

    def __len__(self) -> int:
        return self.table.num_rows

    @property
    def labels(self) -> np.ndarray:
        return self.table["label"].to_numpy().astype(np.int8)

    @property
    def customers(self) -> np.ndarray:
        return self.text("customer_id")

    @property
    def at(self) -> np.ndarray:
        """When each row was read, Unix milliseconds."""
        return self.table["at"].to_numpy().astype("datetime64[ms]").astype(np.int64)

    def text(self, key: str) -> np.ndarray:
        return np.array(self.table[key].to_pylist(), dtype=str)

    def column(self, name: str) -> np.ndarray:
        return self.table[name].to_numpy()

    def matrix(self, inputs: tuple[str, ...] | list[str]) -> np.ndarray:
        """The features named, as float32 of shape (rows, features)."""
        return np.column_stack([self.column(name) for name in inputs]).astype(np.float32)

    def write(self, path: Path, part: np.ndarray) -> None:
        """Write a part of the rows as a set of its own, for `halfstep evaluate` to judge on."""
        pq.write_table(self.table.filter(part), path)


def read(path: Path) -> TrainingSet:
    """Read a set. Whether it fits a task is for check to say."""
    try:
        table = pq.read_table(path)
        meta = {key.decode(): json.loads(value) for key, value in (table.schema.metadata or {}).items() if key.startswith(b"halfstep.")}
        columns = meta["halfstep.features"]["columns"]
        counts = meta["halfstep.counts"]
        return TrainingSet(
            table=table,
            revision=meta["halfstep.features"]["revision"],
            hashes={column["name"]: column["hash"] for column in columns},
            label_digest=meta["halfstep.labels"]["digest"],
            keys=tuple(meta["halfstep.labels"]["keys"] or ()),
            sources=tuple(Source(s["name"], s.get("sha256", "")) for s in meta["halfstep.sources"]),
            first=counts["From"],
            last=counts["Until"],
            digest=content_digest(table, meta),
        )
    except (OSError, pa.ArrowInvalid) as err:
        raise TrainingError(f"{path}: no Parquet file that can be read ({str(err).splitlines()[0]}); make it with halfstep replay") from err
    except (KeyError, ValueError) as err:
        raise TrainingError(f"{path}: its metadata is not that of a training set ({err}); make it with halfstep replay") from err


def content_digest(table: pa.Table, meta: dict) -> str:
    """The digest of rows and definitions, but not of how the file was encoded or by which build."""
    digest = hashlib.sha256(json.dumps([meta["halfstep.features"], meta["halfstep.labels"]], sort_keys=True).encode())
    for name in table.column_names:
        column = table[name]
        values = np.array(column.to_pylist(), dtype=str) if pa.types.is_string(column.type) else column.to_numpy()
        digest.update(name.encode() + b"\0" + values.tobytes())
    return digest.hexdigest()


def check(rows: TrainingSet, columns: list[str], label_digest: str, revision: str | None = None) -> None:
    """Refuse a set that a task cannot learn from: made by other definitions, or with labels or features that cannot be."""
    if revision is not None and rows.revision != revision:
        raise TrainingError(f"the set was made by FeatureSet revision {rows.revision}, halfstep has {revision}; replay it again")
    if rows.label_digest != label_digest:
        raise TrainingError("the set was made with another label file than the task's; replay it again")
    unknown = [name for name in columns if name not in rows.hashes]
    if unknown:
        near = get_close_matches(unknown[0], rows.hashes, 1)
        meant = f"; did you mean {near[0]}? If not," if near else ";"
        raise TrainingError(f"the set has no feature {unknown[0]}{meant} add it to features.yaml or take it out of the task")
    check_types(rows.table, columns)
    if len(rows) == 0:
        raise TrainingError("the set has no rows; check the label file's points against the span of the data")
    raw = rows.table["label"].to_numpy()
    odd = ~np.isin(raw, (0, 1))
    if odd.any():
        raise TrainingError(f"label of row {int(np.argmax(odd))} is {raw[odd][0]}, expected 0 or 1; replay with --labels")
    if raw.min() == raw.max():
        raise TrainingError(
            f"every label is {int(raw[0])}: there is nothing to tell apart; check `positive` and `horizon` in the label file"
        )
    check_months(rows.at)
    for name in columns:
        check_column(name, rows.column(name), raw)


def check_types(table: pa.Table, columns: list[str]) -> None:
    """Refuse a file whose columns are not those that halfstep replay writes, though its metadata says so."""
    expected = {"customer_id": ("text", pa.types.is_string), "at": ("a time", pa.types.is_timestamp)}
    expected |= {name: ("numbers", lambda kind: pa.types.is_floating(kind) or pa.types.is_integer(kind)) for name in ["label", *columns]}
    for name, (words, fits) in expected.items():
        if name not in table.column_names:
            raise TrainingError(f"the set has no column {name}, though it was made with one; replay it again")
        if not fits(table.schema.field(name).type):
            raise TrainingError(f"column {name} of the set is {table.schema.field(name).type}, expected {words}; replay it again")


def check_months(at: np.ndarray) -> None:
    """Refuse a hole: a month without rows where rows are usually closer together. Cuts that lie months apart are none."""
    instants = np.unique(at)
    gaps = np.diff(instants)
    for i in np.flatnonzero(gaps > 1.5 * np.median(gaps)) if len(gaps) else ():
        before, after = (datetime.fromtimestamp(int(ms) // 1000, UTC) for ms in instants[i : i + 2])
        empty = before.year * 12 + before.month  # months are counted from 0, so this is the one that follows
        if empty < after.year * 12 + after.month - 1:
            raise TrainingError(
                f"the set has no row in {empty // 12}-{empty % 12 + 1:02}, though it has some before and after: bring the events that are "
                "missing, or let the label file's points begin after the hole"
            )


def check_column(name: str, values: np.ndarray, labels: np.ndarray) -> None:
    if np.isinf(values).any():
        raise TrainingError(f"{name} is infinite in row {int(np.argmax(np.isinf(values)))}, expected a number or a missing value")
    known = ~np.isnan(values)
    if 0 < labels[known].sum() < known.sum():
        auc = Ranking(values[known], labels[known]).auc()
        if max(auc, 1 - auc) > LEAK:
            raise TrainingError(f"{name} alone tells the label (AUC {auc:.3f}): it knows what happened after the point; leave it out")


def check_part(name: str, labels: np.ndarray) -> None:
    """A part of a split has to hold both classes."""
    if len(labels) == 0:
        raise TrainingError(f"the {name} part of the split has no rows; check that the data reaches over the split's dates")
    if labels.min() == labels.max():
        raise TrainingError(f"every label of the {name} part is {int(labels[0])}; it can neither teach nor judge")
