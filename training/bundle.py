"""Write a bundle: models/bundle/README.md says what is in it. It appears whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from training import card, export, golden, manifest, reference
from training.report import Trained


def write(t: Trained, folder: Path, scratch: Path, approve: Callable[[Path], None]) -> Path:
    """Make the bundle of a trained task, have it approved, and put it into folder/<name>/<version>."""
    return place(contents(t), folder / t.task.name / str(t.task.version), scratch, approve)


def place(files: dict[str, bytes], target: Path, scratch: Path, approve: Callable[[Path], None]) -> Path:
    """Write a bundle's files into a scratch folder of the same file system, have them approved there, and move it to the target."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"{target.parent.name}-") as made:
        fresh, old = Path(made) / "bundle", Path(made) / "old"
        fresh.mkdir()
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        approve(fresh)
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
