"""What `python -m training` makes of each task that reads messages: the bundle, the report, and the figures that README quotes."""

from pathlib import Path

from training import bundle, plots, record
from training.pipeline import SHIPPED, Workshop
from training.record import Record
from training.text import bundle as contents
from training.text import dialogue, picture, pipeline, sentiment, trend
from training.text.cost import microseconds
from training.text.report import Report, card, figures_of

TEXTS = ("sentiment", "intent", "satisfaction", trend.TASK.name)


def train(name: str, shop: Workshop) -> Path:
    """Train one of TEXTS, and return what was made: a bundle, or the report of what does not ship."""
    if name == trend.TASK.name:
        return trend.report(shop)
    trainer = pipeline.Workshop(shop.data, shop.cache, shop.say)
    if name == "sentiment":
        made = trainer.train(sentiment.SHIPPED, *sentiment.shipped(shop.data, shop.cache.folder))
        write(trainer.train(sentiment.FULL, *sentiment.full(shop.data)), shop.reports, ships=False)
    elif name == "intent":
        made = trainer.train(dialogue.INTENT, *dialogue.intent(shop.data))
    else:
        made = trainer.train(dialogue.SATISFIED, *dialogue.satisfaction(shop.data))
    target = bundle.place(contents.contents(made), shop.out / name / str(made.task.version), shop.cache.folder, shop.halfstep.verify)
    write(made, shop.reports, ships=shop.out == SHIPPED)
    return target


def write(report: Report, folder: Path, ships: bool) -> None:
    """The page, its picture and its record."""
    folder.mkdir(parents=True, exist_ok=True)
    name = report.task.name
    cost = record.cost(folder / f"{name}.json", report.graph, lambda: microseconds(report.graph, report.texts))
    (folder / f"{name}.png").write_bytes(plots.png(picture.draw(report.judged[0])))
    (folder / f"{name}.md").write_text(page(report, cost))
    figures = figures_of(report)
    Record.of(report.graph, cost, name=name, version=report.task.version, ships=ships, figures=figures).write(folder)


def page(report: Report, cost: float) -> str:
    return (
        f"{card(report)}\n![reliability, and accuracy among the surest answers]({report.task.name}.png)\n\n"
        f"One message of 40 characters, of 2,000 that differ, takes {cost:.0f} us (median) in ONNX Runtime on one core, called "
        "from Python.\n"
    )
