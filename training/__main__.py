"""`python -m training TASK|all`: replay events, fit, judge, and write the bundle."""

import argparse
import os
import sys
from pathlib import Path

from training import halfstep, own, quality
from training import set as sets
from training.cache import Cache
from training.errors import TrainingError
from training.halfstep import ROOT, Halfstep
from training.pipeline import SHIPPED, Workshop
from training.tables.pages import TABLES
from training.tasks import TASKS
from training.text import pages as texts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__.splitlines()[0])
    parser.add_argument("task", nargs="?", choices=[*TASKS, *texts.TEXTS, *TABLES, "all"])
    parser.add_argument("--task", type=Path, dest="own", help="a task file of your own, with --set (training/your-own-data.md)")
    data = Path(os.environ.get("HALFSTEP_DATA", "../shared/datasets"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the event files, from the checkout's root")
    parser.add_argument("--set", type=Path, help="a Parquet file that halfstep replay made, instead of replaying")
    parser.add_argument("--out", type=Path, help="folder of bundles (models/bundles; beside a task file of your own)")
    parser.add_argument("--reports", type=Path, help="folder of reports (training/reports; beside a task file of your own)")
    parser.add_argument("--halfstep", type=Path, default=halfstep.find(), help="the binary")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache/training", help="folder of steps already done")
    options = parser.parse_args()
    if (options.task is None) == (options.own is None):
        parser.error("name one task, or a task file of your own with --task")
    if options.own and not options.set:
        parser.error("--task needs --set, the Parquet file that halfstep replay made with the task's label file")
    if options.set and options.own is None and options.task not in TASKS:
        parser.error("--set belongs to one task that is replayed")
    beside = options.own.parent if options.own else None
    try:
        workshop = Workshop(
            data=(ROOT / options.data).resolve(),
            halfstep=Halfstep(options.halfstep.resolve()),
            cache=Cache(options.cache.resolve()),
            out=(options.out or (beside / "bundles" if beside else SHIPPED)).resolve(),
            reports=(options.reports or (beside / "reports" if beside else quality.REPORTS)).resolve(),
        )
        if options.own:
            print(workshop.train(own.load(options.own, sets.read(options.set)), options.set))
            return 0
        for name in [*TASKS, *texts.TEXTS, *TABLES] if options.task == "all" else [options.task]:
            if name in TABLES:
                print(TABLES[name](workshop.data, workshop.cache, workshop.reports, workshop.say))
            elif name in texts.TEXTS:
                print(texts.train(name, workshop))
            else:
                print(workshop.train(TASKS[name], options.set))
        if workshop.reports == quality.REPORTS and options.task not in TABLES:
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
