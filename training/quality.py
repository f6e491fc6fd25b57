"""README's table of what the models are worth, made of the records beside the reports."""

from pathlib import Path

from training.errors import TrainingError
from training.evaluate import Interval
from training.halfstep import ROOT
from training.record import Figure, Record, read

BEGIN, END = "<!-- quality: written by make train -->\n", "<!-- /quality -->\n"
REPORTS = ROOT / "training/reports"


def table(reports: Path) -> str:
    """Markdown of every record in the folder, by name; what ships first."""
    records = sorted((read(path) for path in reports.glob("*.json")), key=lambda r: (not r.ships, r.name))
    head = "| model | judged on | figure | plain baseline | above it by | size | a row |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(row(record, figure, i == 0) for record in records for i, figure in enumerate(record.figures))


def row(record: Record, figure: Figure, first: bool) -> str:
    name = f"[{record.name}](training/reports/{record.name}.md)" if first else ""
    size = f"{record.size / 1024:,.0f} KB" if first and record.ships else ""
    cost = f"{record.microseconds:.0f} µs" if first and record.ships else ""
    gain = f"{figure.gain.value:+.3f} [{figure.gain.low:+.3f}, {figure.gain.high:+.3f}]"
    return f"| {name} | {figure.on} | {figure.measure} {short(figure.ours)} | {figure.plain.value:.3f} | {gain} | {size} | {cost} |\n"


def short(i: Interval) -> str:
    return f"**{i.value:.3f}** [{i.low:.3f}, {i.high:.3f}]"


def rewritten(readme: str, block: str) -> str:
    """The README with the block between its marks replaced."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise TrainingError(f"README.md: no place for the table of quality; put the lines {BEGIN.strip()} and {END.strip()} into it")
    return before + BEGIN + block + END + after


def write() -> None:
    """Rewrite README's table."""
    readme = ROOT / "README.md"
    readme.write_text(rewritten(readme.read_text(), table(REPORTS)))
