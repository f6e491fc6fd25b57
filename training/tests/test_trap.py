"""A check that finds nothing proves little: the same one on definitions that do leak, which it has to catch.

GA4 logs the page behind a purchase just before the purchase. A mapping that keeps it tells the outcome to every prefix that ends there.
"""

import csv
import random

import numpy as np
import pytest
import yaml

from training.halfstep import ROOT
from training.set import read

MAPPING = ROOT / "features/source/mappings/ga4.yaml"
LABELS = ROOT / "training/cart_abandonment.yaml"
START = 1_609_459_200_000_000  # microseconds
SECOND = 1_000_000


def visits(buys):
    """Sixty sessions with a cart; every other one ends with a purchase, and the page before it, if they buy."""
    rows = []
    for visitor in range(60):
        dice = random.Random(visitor)
        at = START + visitor * 3600 * SECOND
        seen = [("session_start", "/"), ("page_view", "/mugs"), ("add_to_cart", "/mugs"), ("page_view", "/basket.html")]
        seen += [(dice.choice(["page_view", "view_item", "scroll"]), "/mugs") for _ in range(4)] + [("begin_checkout", "/checkout")]
        if buys and visitor % 2 == 0:
            seen += [("page_view", "/ordercompleted.html"), ("purchase", "/ordercompleted.html")]
        for event, path in seen:
            at += 10_000 if event == "purchase" else dice.randint(5, 60) * SECOND
            rows.append({"ts_us": at, "event": event, "uid": visitor, "sid": visitor, "session_no": 1, "path": path, "n_items": 0})
    rows.append(rows[0] | {"ts_us": START + 100 * 3600 * SECOND, "uid": "last", "sid": "last"})
    return rows


def replay(halfstep, folder, buys, mapping, labels):
    columns = yaml.safe_load(MAPPING.read_text())["columns"]
    with (folder / "events.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(visits(buys))
    halfstep.run("replay", folder / "events.csv", "--mapping", mapping, "--labels", labels, "--out", folder / "out")
    return read(folder / "out/cart_abandonment.parquet")


def blind(halfstep, folder, mapping=MAPPING, labels=LABELS):
    """Whether the vectors stay when the purchases are taken away, with what comes with them."""
    one, other = (replay(halfstep, folder, buys, mapping, labels) for buys in (True, False))
    assert 0 < one.labels.sum() < len(one)
    assert other.labels.all()
    names = list(one.hashes)
    return np.array_equal(one.at, other.at) and one.matrix(names).tobytes() == other.matrix(names).tobytes()


def changed(source, target, old, new=""):
    text = source.read_text()
    assert text.count(old) == 1
    target.write_text(text.replace(old, new))
    return target


def test_what_ships_is_blind(halfstep, tmp_path):
    assert blind(halfstep, tmp_path)


@pytest.mark.parametrize("keeps", ["the page", "what comes after"])
def test_what_leaks_is_caught(halfstep, tmp_path, keeps):
    if keeps == "the page":
        skip = "  - {when: path == '/ordercompleted.html' && event != 'purchase', skip: true}\n"
        leaky = {"mapping": changed(MAPPING, tmp_path / "ga4.yaml", skip)}
    else:
        leaky = {"labels": changed(LABELS, tmp_path / "cart_abandonment.yaml", "  before: Order Completed\n")}
    assert not blind(halfstep, tmp_path, **leaky)
