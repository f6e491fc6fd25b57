"""`python -m training.text TASK`: fit a model that reads messages, judge it, write its report and its bundle."""

import argparse
import os
import sys
from pathlib import Path

from training import bundle, halfstep, quality
from training.cache import Cache
from training.errors import TrainingError
from training.halfstep import ROOT, Halfstep
from training.pipeline import SHIPPED
from training.record import Record
from training.text import bundle as contents
from training.text import dialogue, sentiment, trend
from training.text.pipeline import Workshop
from training.text.report import Report, card, figures_of

TASKS = ("sentiment", "intent", "satisfaction", "trend")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.text", description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=[*TASKS, "all"])
    data = Path(os.environ.get("HALFSTEP_DATA", "../shared/datasets"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the texts, from the checkout's root")
    parser.add_argument("--out", type=Path, default=ROOT / "models/bundles", help="folder of bundles")
    parser.add_argument("--reports", type=Path, default=quality.REPORTS, help="folder of reports")
    parser.add_argument("--halfstep", type=Path, default=halfstep.find(), help="the binary, which has the last word on bundles")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache/training", help="folder of steps already done")
    options = parser.parse_args()
    folder, cache = (ROOT / options.data).resolve(), Cache(options.cache.resolve())
    try:
        binary = Halfstep(options.halfstep.resolve())
        options.reports.mkdir(parents=True, exist_ok=True)
        for name in TASKS if options.task == "all" else [options.task]:
            if name == "trend":
                print(trend.report(folder, binary, cache, options.reports))
                continue
            reports = train(name, folder, cache)
            shipped = reports[0]
            target = options.out.resolve() / shipped.task.name / str(shipped.task.version)
            print(bundle.place(contents.contents(shipped), target, cache.folder, binary.verify))
            (options.reports / f"{name}.md").write_text("\n".join(written(report) for report in reports))
            record(reports, ships=options.out.resolve() == SHIPPED).write(options.reports)
        if options.reports.resolve() == quality.REPORTS:
            quality.write()
    except TrainingError as err:
        print(f"training: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("training: interrupted; what was done before is kept, no bundle was changed by half", file=sys.stderr)
        return 130
    return 0


def train(name: str, folder: Path, cache: Cache) -> list[Report]:
    """The report of what ships first, then of what it is compared with."""
    workshop = Workshop(folder, cache)
    if name == "sentiment":
        ships = workshop.train(sentiment.SHIPPED, *sentiment.shipped(folder, cache.folder))
        return [ships, workshop.train(sentiment.FULL, *sentiment.full(folder))]
    if name == "intent":
        return [workshop.train(dialogue.INTENT, *dialogue.intent(folder))]
    return [workshop.train(dialogue.SATISFIED, *dialogue.satisfaction(folder))]


def record(reports: list[Report], ships: bool) -> Record:
    """What README quotes: of the first, and of those it is compared with their figures."""
    task, figures = reports[0].task, tuple(figure for report in reports for figure in figures_of(report))
    return Record.of(reports[0].graph, reports[0].microseconds, name=task.name, version=task.version, ships=ships, figures=figures)


def written(report: Report) -> str:
    cost = f"One message of 40 characters, of 2,000 that differ, takes {report.microseconds:.0f} us (median) on one core, in Python.\n"
    return f"{card(report)}\n{cost}"


if __name__ == "__main__":
    sys.exit(main())
