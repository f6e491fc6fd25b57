"""What is installed is what was locked, from whatever registry there is."""

import re

from training.halfstep import ROOT

FOLDER = ROOT / "training"


def test_every_package_is_pinned_with_hashes():
    lock = (FOLDER / "requirements.lock").read_text()
    packages = [block for block in re.split(r"\n(?=\S)", lock) if not block.startswith("#")]
    assert len(packages) > 10
    for package in packages:
        assert re.match(r"[a-z0-9._-]+==[0-9][^ ]* \\\n    --hash=sha256:[0-9a-f]{64}", package), package.splitlines()[0]


def test_nothing_is_fetched_by_address():
    for name in ("requirements.in", "requirements.lock"):
        text = (FOLDER / name).read_text()
        assert not re.search(r"://|--(extra-)?index-url|--find-links|^-[ief] |@ ", text, re.MULTILINE), name


def test_what_is_asked_for_is_locked():
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (FOLDER / "requirements.lock").read_text(), re.MULTILINE))
    asked = {re.split(r"[=<>\[ ]", line)[0] for line in (FOLDER / "requirements.in").read_text().splitlines() if line and line[0] != "#"}
    assert asked <= locked
