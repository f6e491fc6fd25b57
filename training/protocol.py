"""What every split has to keep, whatever its task: nothing that judges was learned from, nor what came after it."""

import numpy as np

from training.errors import TrainingError
from training.set import TrainingSet, check_part
from training.task import Split


def check(rows: TrainingSet, split: Split) -> None:
    """Refuse a split with a part that is empty or of one class, or under which a row, a session or a customer's future is on both sides."""
    for name, part in (("training", split.train), ("test", split.test)):
        check_part(name, rows.labels[part])
    if (split.train & split.test).any():
        raise TrainingError(f"row {int(np.argmax(split.train & split.test))} is in the training and in the test part; split them apart")
    for name, part in (("judged", split.judged), ("trial", split.trial)):
        if (part & ~split.train).any():
            raise TrainingError(f"row {int(np.argmax(part & ~split.train))} is {name} but not of the training part; choose within that")
    check_future(rows, split)
    if "draw" in rows.table.column_names:
        check_sessions(rows, split)


def check_future(rows: TrainingSet, split: Split) -> None:
    """A customer may be in both parts only when all that was learned of them lies before all that judges."""
    known, owner = np.unique(rows.customers, return_inverse=True)
    learned = np.full(len(known), np.iinfo(np.int64).min)
    judged = np.full(len(known), np.iinfo(np.int64).max)
    np.maximum.at(learned, owner[split.train], rows.at[split.train])
    np.minimum.at(judged, owner[split.test], rows.at[split.test])
    bad = learned >= judged
    if bad.any():
        raise TrainingError(
            f"customer {known[np.argmax(bad)]} teaches from a time at or after one they are judged at; split by customer, or by time"
        )


def check_sessions(rows: TrainingSet, split: Split) -> None:
    """Draws of one session share its label, so they are never in both parts."""
    session = sessions(rows)
    both = np.intersect1d(session[split.train], session[split.test])
    if len(both):
        row = int(np.argmax((session == both[0]) & split.test))
        raise TrainingError(
            f"a session of customer {rows.customers[row]} has prefixes in the training and in the test part; leave those out of the former"
        )


def sessions(rows: TrainingSet) -> np.ndarray:
    """A number for each customer and session."""
    names = rows.customers
    for key in rows.keys:
        names = np.char.add(np.char.add(names, "\0"), rows.text(key))
    return np.unique(names, return_inverse=True)[1]
