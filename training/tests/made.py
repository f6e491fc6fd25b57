"""A made-up task and set, for tests alone: shipped bundles come from replays."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training.set import TrainingSet, read
from training.task import Candidate, Rule, Split, Task, Trees

INPUTS = ("days_since_last_order", "orders_90d", "spend_90d", "orders_total")
DIGEST = "ab" * 32


def write(path: Path, customers: int = 400, **changes: np.ndarray) -> Path:
    """A set of two rows a customer; changes replace columns."""
    random = np.random.default_rng(3)
    rows = 2 * customers
    days = random.gamma(2, 30, rows).astype(np.float32)
    orders = random.poisson(2, rows).astype(np.float32)
    spend = (orders * random.gamma(2, 50, rows)).astype(np.float32)
    spend[orders == 0] = np.nan
    chance = 1 / (1 + np.exp(-(days / 40 - orders / 2)))
    columns = {
        "customer_id": np.array([f"c{i // 2}" for i in range(rows)]),
        "at": np.where(np.arange(rows) % 2 == 0, 1_300_000_000_000, 1_310_000_000_000).astype("datetime64[ms]"),
        "label": (random.random(rows) < chance).astype(np.float32),
        "days_since_last_order": days,
        "orders_90d": orders,
        "spend_90d": spend,
        "orders_total": orders + 1,
    } | changes
    features = [{"name": name, "hash": f"{i:016x}"} for i, name in enumerate(INPUTS)]
    meta = {
        "features": {"revision": "00ff00ff00ff00ff", "columns": features},
        "labels": {"name": "made", "keys": [], "draws": False, "digest": DIGEST, "text": ""},
        "sources": [{"name": "made.csv", "sha256": "cd" * 32}],
        "counts": {"From": 1_290_000_000_000, "Until": 1_320_000_000_000},
    }
    table = pa.table(columns).replace_schema_metadata({f"halfstep.{key}": json.dumps(value) for key, value in meta.items()})
    pq.write_table(table, path)
    return path


def rows(folder: Path) -> TrainingSet:
    return read(write(folder / "made.parquet"))


def split(found: TrainingSet) -> Split:
    early = found.at == 1_300_000_000_000
    return Split(train=early, test=~early, judged=early, trial=early, until=1_310_000_000_000)


TASK = Task(
    name="made",
    version=7,
    meaning="Made up.",
    mapping="none",
    files=(),
    licence="Apache-2.0",
    terms="For tests.",
    data="Random numbers.",
    protocol="Out of time.",
    limits=("It means nothing.",),
    split=split,
    candidates=(
        Candidate("one feature", INPUTS[1:2], penalty=1),
        Candidate("regression", INPUTS, penalty=1),
        Candidate("regression and trees", INPUTS, penalty=1, trees=Trees(20, 4, smallest_leaf=20)),
    ),
    rule=Rule("days_since_last_order", rising=True),
    bands=(("low", 0.0), ("high", 0.5)),
    directions={"low": "steady", "high": "worsening"},
    slices={"few": lambda found: found.column("orders_90d") > 100},
)
