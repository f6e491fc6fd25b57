"""No feature knows what comes after its point: change the future, and every vector before it stays the same to the bit."""

import json
import random
from datetime import UTC, datetime, timedelta

import numpy as np

from training.cache import Cache
from training.halfstep import ROOT
from training.set import read

START = datetime(2011, 1, 1, tzinfo=UTC)
CUT = datetime(2011, 6, 10, tzinfo=UTC)


def replay(halfstep, folder, name, events):
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps(e) + "\n" for e in sorted(events, key=lambda e: e["at"])))
    out = folder / "out"
    halfstep.run("replay", file, "--labels", ROOT / f"training/{name}.yaml", "--out", out)
    return read(out / f"{name}.parquet")


def event(customer, number, at, name, enriched=None, **properties):
    made = {"id": f"{customer}-{number}", "type": "track", "event": name, "customer_id": customer, "at": at.isoformat()}
    return made | {"properties": properties} | ({"enriched": enriched} if enriched else {})


def orders(scale):
    """Orders of 30 customers over a year; those after the cut are scaled, in value and number."""
    dice = random.Random(4)
    for c in range(30):
        for n in range(12):
            at, spent = START + timedelta(days=dice.uniform(0, 360)), round(dice.uniform(5, 500), 2)
            if at < CUT:
                yield event(f"c{c}", n, at, "Order Completed", revenue=spent)
            elif dice.random() < scale:
                yield event(f"c{c}", n, at, "Order Completed", revenue=spent * scale, coupon="X")
    yield event("last", 0, datetime(2011, 12, 31, tzinfo=UTC), "Order Completed", revenue=1)


def test_orders_after_a_cut(halfstep, tmp_path):
    one, other = (replay(halfstep, tmp_path, "churn", orders(scale)) for scale in (1.0, 0.3))
    names = list(one.hashes)
    until = CUT.timestamp() * 1000 - 3_600_000  # midnight in London
    before_one, before_other = one.at <= until, other.at <= until
    assert before_one.sum() > 100
    assert (one.customers[before_one] == other.customers[before_other]).all()
    assert one.matrix(names)[before_one].tobytes() == other.matrix(names)[before_other].tobytes()
    assert (one.labels[before_one] != other.labels[before_other]).any(), "the future was not changed enough to matter"


def messages(sign):
    """20 conversations of 10 messages, the last 4 of which turn."""
    dice = random.Random(8)
    for c in range(20):
        for n in range(10):
            feeling = dice.choice([-1, 0, 1])
            feeling = sign if n > 5 else feeling
            text = f"text {n}" if n <= 5 else f"text {sign}"
            yield event(
                f"c{c}", n, START + timedelta(minutes=n), "Message Received", {"sentiment": feeling}, text=text, conversation_id=f"c{c}"
            )


def test_messages_after_a_message(halfstep, tmp_path):
    one, other = (replay(halfstep, tmp_path, "emotion_trend", messages(sign)) for sign in (-1, 1))
    names = list(one.hashes)
    count = one.column("messages_1d")
    known = count <= 6
    assert known.sum() == 100
    assert one.matrix(names)[known].tobytes() == other.matrix(names)[known].tobytes()
    assert (one.labels[known] != other.labels[known]).any()
    assert one.matrix(names)[~known].tobytes() != other.matrix(names)[~known].tobytes()


BROWSING = ["Page Viewed", "Product Viewed", "Cart Viewed", "Promotion Viewed", "Payment Info Entered"]


def visits(last):
    """40 carts; what the orders at their ends hold is told by last."""
    dice = random.Random(9)
    for c in range(40):
        at = START + timedelta(hours=c)
        for n in range(8):
            at += timedelta(seconds=dice.randint(5, 90))
            name = "Product Added" if n == 2 else dice.choice(BROWSING)
            where = {"session_id": "s", "page_kind": dice.choice(["list", "cart"])}
            yield event(f"c{c}", n, at, name, product_id="p", price=3, path="/help") | {"context": where}
        if c % 2 == 0:
            end = event(f"c{c}", 9, at + timedelta(seconds=9), "Order Completed", **last["order"])
            yield end | {"context": {"session_id": "s", "page_kind": last["page"]}}
    yield event("end", 0, START + timedelta(days=9), "Page Viewed")


def test_orders_at_the_end_of_a_session(halfstep, tmp_path):
    """The trap of a shop's thank-you page: the points lie before the order, and know nothing of it."""
    one, other = (
        replay(halfstep, tmp_path, "cart_abandonment", visits(last))
        for last in (
            {"page": "checkout", "order": {"revenue": 1}},
            {"page": "home", "order": {"revenue": 900, "coupon": "Y", "discount": 3}},
        )
    )
    names = list(one.hashes)
    assert 0 < one.labels.sum() < len(one)
    assert one.matrix(names).tobytes() == other.matrix(names).tobytes()
    assert (one.column("orders_total") == 0).all()
    assert np.array_equal(one.labels, other.labels)


def test_a_replay_is_done_once(halfstep, tmp_path):
    cache = Cache(tmp_path / "cache")
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(e) + "\n" for e in orders(1.0)))
    labels = ROOT / "training/churn.yaml"
    assert halfstep.revision() == read(halfstep.replay(cache, [file], "", labels)).revision
    first = halfstep.replay(cache, [file], "", labels)
    stamp = first.stat().st_mtime_ns
    assert halfstep.replay(cache, [file], "", labels) == first
    assert first.stat().st_mtime_ns == stamp
    file.write_text(file.read_text() + json.dumps(event("new", 0, START, "Order Completed", revenue=2)) + "\n")
    assert halfstep.replay(cache, [file], "", labels) != first
