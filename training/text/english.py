"""English sentences whose sentiment people rated, from the source package of VADER (MIT).

C.J. Hutto & E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014.
"""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

from training.cache import file_digest
from training.errors import TrainingError
from training.text.data import Text

PACKAGE, FILE = "vaderSentiment==3.3.2", "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
PARTS = {
    "amazon": "amazonReviewSnippets_GroundTruth.txt",
    "movie": "movieReviewSnippets_GroundTruth.txt",
    "tweet": "tweets_GroundTruth.txt",
}
CLEAR = 0.5  # the mean of twenty ratings from -4 to 4 that is no longer neutral


def fetch(cache: Path) -> Path:
    """The source package, fetched by pip once, and checked every time."""
    path = cache / FILE
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(cache), PACKAGE]
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if result.returncode != 0 or not path.exists():
            said = (result.stderr.strip().splitlines() or ["no word"])[-1]
            raise TrainingError(f"pip could not download {PACKAGE}, which the English sentences come from: {said}")
    if (digest := file_digest(path)) != SHA256:
        raise TrainingError(f"{path}: its sha256 is {digest}, expected {SHA256}; delete it and run again")
    return path


def sentences(package: Path) -> list[tuple[str, float, str]]:
    """Sentence, mean rating and group: the review that it was taken from, or the sentence itself."""
    found = []
    with tarfile.open(package) as outer, tarfile.open(fileobj=io.BytesIO(outer.extractfile(INNER).read())) as inner:
        names = {Path(name).name: name for name in inner.getnames()}
        for part, file in PARTS.items():
            text = inner.extractfile(names[file]).read().decode("utf-8-sig", "replace")
            for line in text.splitlines():
                number, rating, sentence = line.split("\t", 2)
                group = number.split("_")[0] if part == "amazon" else number
                found.append((sentence, float(rating), f"{part} {group}"))
    return found


def texts(found: list[tuple[str, float, str]]) -> list[Text]:
    """Sentences to learn from. A neutral one counts as half positive and half negative."""
    made = []
    for sentence, rating, group in found:
        if abs(rating) >= CLEAR:
            made.append(Text((sentence,), int(rating > 0), group))
        else:
            made += [Text((sentence,), label, group, 0.5) for label in (0, 1)]
    return made
