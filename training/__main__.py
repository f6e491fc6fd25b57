"""`python -m training TASK|all`: replay events, fit, judge, and write the bundle."""

import argparse
import os
import sys
from pathlib import Path

from training import halfstep, quality
from training.cache import Cache
from training.errors import TrainingError
from training.halfstep import ROOT, Halfstep
from training.pipeline import Workshop
from training.tables.pages import TABLES
from training.tasks import TASKS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=[*TASKS, *TABLES, "all"])
    data = Path(os.environ.get("HALFSTEP_DATA", "../shared/datasets"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the event files, from the checkout's root")
    parser.add_argument("--set", type=Path, help="a Parquet file that halfstep replay made, instead of replaying")
    parser.add_argument("--out", type=Path, default=ROOT / "models/bundles", help="folder of bundles")
    parser.add_argument("--reports", type=Path, default=quality.REPORTS, help="folder of reports")
    parser.add_argument("--halfstep", type=Path, default=halfstep.find(), help="the binary")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache/training", help="folder of steps already done")
    options = parser.parse_args()
    if options.set and options.task not in TASKS:
        parser.error("--set belongs to one task that is replayed")
    try:
        workshop = Workshop(
            data=(ROOT / options.data).resolve(),
            halfstep=Halfstep(options.halfstep.resolve()),
            cache=Cache(options.cache.resolve()),
            out=options.out.resolve(),
            reports=options.reports.resolve(),
        )
        for name in [*TASKS, *TABLES] if options.task == "all" else [options.task]:
            if name in TABLES:
                print(TABLES[name](workshop.data, workshop.cache, workshop.reports, workshop.say))
            else:
                print(workshop.train(TASKS[name], options.set))
        if workshop.reports == quality.REPORTS:
            quality.write()
    except TrainingError as err:
        print(f"training: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("training: interrupted; what was done before is kept, no bundle was changed by half", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
