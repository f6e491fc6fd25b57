"""bundle.yaml: everything about a model version that is not its weights, with the names that the server checks."""

import hashlib
from datetime import UTC, datetime

import yaml

from training import export
from training.report import Trained


class Quoted(str):
    """Text that stays text: some hashes read as numbers in YAML."""

    __slots__ = ()


class Moment(str):
    """A time in RFC 3339, written without quotes."""

    __slots__ = ()


class Flow(dict):
    """A map on one line."""


class Dumper(yaml.SafeDumper):
    """Writes the types above."""


Dumper.add_representer(Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"'))
Dumper.add_representer(Moment, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:timestamp", str(text)))
Dumper.add_representer(Flow, lambda dumper, items: dumper.represent_mapping("tag:yaml.org,2002:map", items, flow_style=True))


def text(t: Trained, files: dict[str, bytes]) -> str:
    """The manifest of a bundle with these files."""
    task = t.task
    fields = {
        "format": 1,
        "name": task.name,
        "version": task.version,
        "task": task.name,
        "meaning": task.meaning,
        "created": moment(t.rows.last),  # of the newest event, so that the same data makes the same bytes
        "licence": task.licence,
        "terms": task.terms,
        "model": Flow(**named(files, "model.onnx"), opset=export.OPSET),
        "golden": Flow(named(files, "golden.json")),
        "reference": Flow(named(files, "reference.json")),
        "inputs": [Flow(name=name, hash=Quoted(t.rows.hashes[name])) for name in t.model.inputs],
        "outputs": [Flow(name="probability", tensor="probability", column=0, range=[0, 1])],
        "bands": bands(t),
        "base_rate": round(t.fitted.base_rate, 6),
        "calibration": calibration(t),
        "training": training(t),
        "metrics": metrics(t),
    }
    return yaml.dump(fields, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=140)


def named(files: dict[str, bytes], name: str) -> dict:
    return {"file": name, "sha256": Quoted(hashlib.sha256(files[name]).hexdigest())}


def bands(t: Trained) -> list[Flow]:
    directions = t.task.directions
    return [
        Flow({"name": name, "from": low} | ({"direction": directions[name]} if name in directions else {})) for name, low in t.task.bands
    ]


def calibration(t: Trained) -> dict:
    error = t.report.measures["expected_calibration_error"].value
    return {"method": "sigmoid", "on": "training customers, each scored by a model that had not seen them", "error": round(error, 6)}


def training(t: Trained) -> dict:
    return {
        "features": Quoted(t.rows.revision),
        "label": {"file": t.task.labels, "sha256": Quoted(t.rows.label_digest), "meaning": t.task.meaning},
        "window": {"from": moment(t.rows.first), "to": moment(t.split.until)},
        "data": [Flow(name=source.name, sha256=Quoted(source.sha256)) for source in t.rows.sources],
    }


def metrics(t: Trained) -> list[Flow]:
    on = f"test: {t.report.rows} rows of {t.report.customers} customers"
    return [
        Flow(name=name, value=round(m.value, 6), low=round(m.low, 6), high=round(m.high, 6), on=on) for name, m in t.report.measures.items()
    ]


def moment(milliseconds: int) -> Moment:
    return Moment(datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
