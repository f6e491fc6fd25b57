"""Write a bundle: models/bundle/README.md says what is in it. It appears whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from training import card, export, golden, manifest, reference
from training.report import Trained


def write(t: Trained, folder: Path, scratch: Path, approve: Callable[[Path], None]) -> Path:
    """Make the bundle in a scratch folder of the same file system, have it approved there, and move it to folder/<name>/<version>."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"{t.task.name}-") as made:
        fresh, old = Path(made) / "bundle", Path(made) / "old"
        fresh.mkdir()
        for name, content in contents(t).items():
            (fresh / name).write_bytes(content)
        approve(fresh)
        target = folder / t.task.name / str(t.task.version)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(old)
        try:
            fresh.rename(target)
        except BaseException:
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    return target


def contents(t: Trained) -> dict[str, bytes]:
    """The files of the bundle, by name."""
    graph = export.serialize(t.model)
    runtime = export.Runtime(graph)
    learned = t.rows.matrix(t.model.inputs)[t.split.train]
    described = reference.features(t.model.inputs, learned)
    table = golden.rows([f.quantiles for f in described], [f.missing for f in described])
    export.verify(t.model, runtime, table)
    export.verify(t.model, runtime, t.rows.matrix(t.model.inputs))
    files = {
        "model.onnx": graph,
        "golden.json": golden.text(t.model, table).encode(),
        "reference.json": reference.text(described, t.model.probabilities(learned)).encode(),
    }
    return {**files, "bundle.yaml": manifest.text(t, files).encode(), "README.md": card.text(t, len(graph)).encode()}
