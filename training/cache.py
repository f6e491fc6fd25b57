"""Steps that are done once: a result is kept under a digest of everything that it depends on."""

import ast
import hashlib
import json
import os
import pickle
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

PACKAGES = ("lightgbm", "numpy", "onnx", "onnxruntime", "scikit-learn")
PACKAGE = Path(__file__).parent

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


def code_digest(*names: str) -> str:
    """Of the modules named and those of this package that they import, or of all but the tests; and of what the package calls."""
    digest = hashlib.sha256(json.dumps({name: version(name) for name in PACKAGES}).encode())
    for path in sorted(imported(names) if names else (p for p in PACKAGE.rglob("*.py") if "tests" not in p.parts)):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def imported(names: Iterable[str]) -> set[Path]:
    """The files of these modules and of all that they import from this package, directly or not."""
    found, open_ = set(), list(names)
    while open_:
        path = PACKAGE.parent / (open_.pop().replace(".", "/") + ".py")
        if path in found or not path.exists():
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module:
                open_ += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                open_ += [alias.name for alias in node.names]
    return found
