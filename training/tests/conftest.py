import os
import subprocess
from pathlib import Path

import pytest

from training import set as sets
from training.cache import Cache, file_digest
from training.halfstep import ROOT, Halfstep
from training.tasks import TASKS


@pytest.fixture(scope="session")
def halfstep():
    """The binary of the checkout as it is."""
    binary = ROOT / ".cache/training/tests/halfstep"
    subprocess.run(["go", "build", "-o", binary, "./server/cmd/halfstep"], cwd=ROOT, check=True, capture_output=True)
    return Halfstep(binary)


@pytest.fixture(scope="session", params=TASKS)
def replayed(request, halfstep, tmp_path_factory):
    """Each task that ships, with the set that is replayed of its real data."""
    task = TASKS[request.param]
    data = (ROOT / os.environ.get("HALFSTEP_DATA", "../shared/datasets")).resolve()
    if not data.exists() and "CI" not in os.environ:
        pytest.skip("needs the folder of data that HALFSTEP_DATA names")
    labels = ROOT / task.labels
    cache = Cache(tmp_path_factory.mktemp("cache"))
    rows = sets.read(halfstep.replay(cache, [data / Path(name) for name in task.files], task.mapping, labels))
    sets.check(rows, task.columns, file_digest(labels))
    return task, rows
