"""The halfstep binary: it makes the sets, and has the last word on bundles."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from training import set as sets
from training.cache import Cache, file_digest
from training.errors import TrainingError

MEASURES = ("roc_auc", "average_precision", "brier", "log_loss", "expected_calibration_error")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Halfstep:
    binary: Path

    def __post_init__(self) -> None:
        if not self.binary.exists():
            raise TrainingError(f"{self.binary}: no halfstep binary there; build it with make build, or name it with --halfstep")

    def run(self, *arguments: str | Path) -> str:
        """Run a command and return what it prints; what it says of its failure becomes ours, in one line."""
        command = [str(self.binary), *map(str, arguments)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if result.returncode != 0:
            said = result.stderr.rpartition("halfstep: ")[2].splitlines()  # before that is progress
            raise TrainingError(f"halfstep {arguments[0]}: " + "; ".join(line.strip() for line in said if line.strip()))
        return result.stdout

    def replay(self, cache: Cache, files: list[Path], mapping: str, labels: Path) -> Path:
        """Replay event files to a training set, once for the same binary, files and definitions."""
        for path in files:
            if not path.exists():
                raise TrainingError(f"{path}: no such file; name the folder of the data with --data or HALFSTEP_DATA")
        inputs = {"binary": file_digest(self.binary), "mapping": mapping, "labels": file_digest(labels)}
        inputs |= {path.name: file_digest(path) for path in files}
        kept = cache.path(labels.stem, ".parquet", **inputs)
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=kept.parent) as out:
                self.run("replay", *files, "--mapping", mapping, "--labels", labels, "--out", out)
                made = next(Path(out).glob("*.parquet"))
                made.replace(kept)
        return kept

    def revision(self) -> str:
        """The revision of the FeatureSet that the binary carries: that of a set made of no events at all."""
        with tempfile.TemporaryDirectory() as out:
            empty = Path(out) / "none.jsonl"
            empty.touch()
            self.run("replay", empty, "--out", out)
            return sets.read(next(Path(out).glob("*.parquet"))).revision

    def verify(self, bundle: Path) -> None:
        """Have a bundle checked as the server does before it serves."""
        self.run("bundle", "verify", bundle)

    def evaluate(self, bundle: Path, rows: Path) -> dict[str, float]:
        """Have a bundle judged on a set by the code that serves it: measures under the names that bundles give them."""
        said = json.loads(self.run("evaluate", "--bundle", bundle, "--set", rows))
        return {name: said["auc" if name == "roc_auc" else name] for name in MEASURES}


def find() -> Path:
    """The binary of the checkout, or of the PATH."""
    built = ROOT / "bin/halfstep"
    return built if built.exists() or not (found := shutil.which("halfstep")) else Path(found)
