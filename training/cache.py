"""Steps that are done once: a result is kept under a digest of everything that it depends on."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

PACKAGES = ("lightgbm", "numpy", "onnx", "onnxruntime", "scikit-learn")

T = TypeVar("T")


class Cache:
    """A folder of results. Deleting it costs time and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, step: str, suffix: str, **inputs: str) -> Path:
        """Where the result of a step with these inputs is kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
        return self.folder / f"{step}-{digest}{suffix}"

    def get(self, step: str, make: Callable[[], T], **inputs: str) -> T:
        path = self.path(step, ".pickle", **inputs)
        if path.exists():
            return pickle.loads(path.read_bytes())
        result = make()
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(pickle.dumps(result))
        partial.replace(path)
        return result


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_digest() -> str:
    """Of this package without its tests, and of the versions of what it calls."""
    digest = hashlib.sha256(json.dumps({name: version(name) for name in PACKAGES}).encode())
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        if "tests" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
