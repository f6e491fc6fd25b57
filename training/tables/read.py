"""Read a published table, and say in one line what is wrong with it."""

import csv
from pathlib import Path

import numpy as np
import zstandard

from training.errors import TrainingError

Columns = dict[str, np.ndarray]  # by name: float64, or text; a missing number is NaN


def read(path: Path, numbers: tuple[str, ...], texts: tuple[str, ...]) -> Columns:
    """The columns named, of a CSV file that is compressed with zstd."""
    if not path.exists():
        raise TrainingError(f"{path}: no such file; name the folder of the data with --data or HALFSTEP_DATA")
    try:
        with zstandard.open(path, "rt", encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
    except (zstandard.ZstdError, UnicodeDecodeError, csv.Error, ValueError) as err:
        raise TrainingError(f"{path.name}: no CSV file compressed with zstd ({err})") from err
    missing = [name for name in (*numbers, *texts) if name not in header]
    if missing:
        raise TrainingError(f"{path.name}: no column {missing[0]}; it has {', '.join(header)}")
    if not rows:
        raise TrainingError(f"{path.name}: no rows under the header")
    for i, row in enumerate(rows):
        if len(row) != len(header):
            raise TrainingError(f"{path.name}: line {i + 2} has {len(row)} columns, the header {len(header)}")
    cells = dict(zip(header, zip(*rows, strict=True), strict=True))
    return {name: np.array(cells[name]) for name in texts} | {name: number(path.name, name, cells[name]) for name in numbers}


def number(file: str, name: str, cells: tuple[str, ...]) -> np.ndarray:
    try:
        values = np.array([float(cell or "nan") for cell in cells])
    except ValueError as err:
        raise TrainingError(f"{file}: column {name}: {err}; expected numbers") from err
    if np.isinf(values).any():
        raise TrainingError(f"{file}: column {name} is infinite in line {int(np.argmax(np.isinf(values))) + 2}, expected a number")
    return values


def labels(file: str, name: str, values: np.ndarray) -> np.ndarray:
    """0 or 1, and both of them."""
    odd = ~np.isin(values, (0, 1))
    if odd.any():
        raise TrainingError(f"{file}: column {name} is {values[odd][0]} in line {int(np.argmax(odd)) + 2}, expected 0 or 1")
    if values.min() == values.max():
        raise TrainingError(f"{file}: every {name} is {int(values[0])}: there is nothing to tell apart")
    return values.astype(np.int8)
