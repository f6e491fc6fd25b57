"""The files of a text bundle: models/bundle/README.md says what is in it."""

import json
from dataclasses import asdict

import numpy as np
import yaml

from training.export import Runtime
from training.manifest import Dumper, Flow, Moment, Quoted, named
from training.reference import STEPS, Feature
from training.text import golden
from training.text.graph import OPSET
from training.text.report import Report, card

SAMPLE = 5000  # training texts that reference.json counts scores of


def contents(r: Report) -> dict[str, bytes]:
    """The files of the bundle, by name."""
    runtime = Runtime(r.graph)
    texts = golden.rows(r.learned.table.spec.fields)
    files = {
        "model.onnx": r.graph,
        "golden.json": golden.text(texts, golden.scores(r.task, runtime, texts)).encode(),
        "reference.json": reference(r, runtime).encode(),
    }
    return {**files, "bundle.yaml": manifest(r, files).encode(), "README.md": card(r).encode()}


def reference(r: Report, runtime: Runtime) -> str:
    """Lengths of the texts that taught, and the model's scores of a sample of them."""
    described = []
    for k, name in enumerate(r.inputs):
        lengths = np.array([len(t.fields[k]) for t in r.texts])
        steps = np.quantile(lengths, np.linspace(0, 1, STEPS + 1), method="lower")
        described.append(Feature(name, round(float((lengths == 0).mean()), 6), [int(v) for v in steps]))
    step = max(1, len(r.texts) // SAMPLE)
    sample = r.texts[::step]
    scores = golden.scores(r.task, runtime, [t.fields for t in sample])[:, 0]
    edges = [round(edge, 2) for edge in np.linspace(-1 if r.task.signed else 0, 1, STEPS + 1).tolist()]
    counts = np.histogram(np.clip(scores, edges[0], edges[-1]), bins=edges)[0]
    lines = ",\n".join(json.dumps(asdict(feature)) for feature in described)
    histogram = json.dumps({"edges": edges, "counts": counts.tolist()})
    return f'{{"rows": {len(sample)},\n"features": [\n{lines}],\n"scores": {histogram}}}\n'


def manifest(r: Report, files: dict[str, bytes]) -> str:
    task, first = r.task, r.judged[0]
    two = len(task.classes) == 2
    fields = {
        "format": 1,
        "name": task.name,
        "version": task.version,
        "task": task.name,
        "meaning": task.meaning,
        "created": Moment(task.created),
        "licence": task.licence,
        "terms": task.terms,
        "model": Flow(**named(files, "model.onnx"), opset=OPSET),
        "golden": Flow(named(files, "golden.json")),
        "reference": Flow(named(files, "reference.json")),
        "kind": "text",
        "inputs": [Flow(name=name, dtype="int64") for name in r.inputs],
        "outputs": outputs(r),
        "bands": [Flow({"name": name, "from": low}) for name, low in task.bands],
        "base_rate": 0.0 if task.signed else round(float(np.mean([t.label == 0 for t in r.texts])), 6),
        "calibration": {
            "method": "sigmoid" if two else "temperature",
            "on": "training texts, each scored by a model that had not seen its group",
            "error": round(first.measures["expected_calibration_error"].value, 6),
        },
        "training": {
            "label": {"meaning": task.meaning},
            "data": [Flow(name=name, sha256=Quoted(digest)) for name, digest in r.digests.items()],
        },
        "metrics": [
            Flow(name=name, value=round(m.value, 6), low=round(m.low, 6), high=round(m.high, 6), on=f"{j.name}: {len(j.labels)} texts")
            for j in r.judged
            for name, m in j.measures.items()
        ],
    }
    return yaml.dump(fields, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=140)


def outputs(r: Report) -> list[Flow]:
    if r.task.signed:
        return [
            Flow(name=r.task.name, tensor="score", column=0, range=[-1, 1]),
            Flow(name=r.task.classes[1], tensor="probabilities", column=0, range=[0, 1]),
        ]
    return [Flow(name=name, tensor="probabilities", column=k, range=[0, 1]) for k, name in enumerate(r.task.classes)]
