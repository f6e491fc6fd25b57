"""Who does not order again within 90 days? Learned from the cuts whose labels were known when the test's cut was made."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from training.set import TrainingSet
from training.task import Candidate, Plain, Rule, Split, Task, Trees

LONDON = ZoneInfo("Europe/London")


def midnight(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=LONDON).timestamp() * 1000)


# The labels of a cut are known 90 days after it; so trial fits, judged at the last cut to fit on, learn from the cuts 90 days before that.
FIT_UNTIL, TEST_AT = midnight("2011-06-10"), midnight("2011-09-09")
TRIAL_UNTIL = midnight("2011-03-12")

FEW = ("order_day_momentum", "days_since_first_order", "pieces_total")
SPEND = (*FEW, "spend_total")
REFUNDS = (*SPEND, "refunds_90d")
ALL = (*REFUNDS, "days_since_last_order", "orders_total", "order_days", "orders_90d", "spend_90d")


def split(rows: TrainingSet) -> Split:
    at = rows.at
    return Split(train=at <= FIT_UNTIL, test=at == TEST_AT, judged=at == FIT_UNTIL, trial=at <= TRIAL_UNTIL, until=TEST_AT)


def orders(rows: TrainingSet) -> np.ndarray:
    return rows.column("orders_total")


TASK = Task(
    name="churn",
    version=1,
    meaning="The customer completes no order in the next 90 days.",
    mapping="online_retail",
    files=("online_retail_events.csv.zst",),
    licence="Apache-2.0",
    terms=(
        "Trained on Online Retail (Daqing Chen, UCI Machine Learning Repository, 2015, https://doi.org/10.24432/C5BW33), CC BY 4.0; "
        "name the source when you pass the model on. Retrain on your own customers before you rely on it."
    ),
    data=(
        "Online Retail: every invoice of a British gift wholesaler from December 2010 to December 2011. An invoice is an order, one that "
        "begins with C a refund. Lines without a customer are left out."
    ),
    protocol=(
        "Out of time. A row is a customer with an order, read at midnight of a cut. Learned from the cuts from 2011-02-01 to 2011-06-10, "
        "whose labels were all known by 2011-09-09; tested on every customer at 2011-09-09. The cuts between are not used. Candidates are "
        "compared likewise, out of time: learned from the cuts whose labels were known by 2011-06-10, on other customers at that cut. "
        "The features were searched for on these customers too, so the figures under Choice flatter. The test part had been scored "
        "before, for two earlier choices from other features: 11 features, AUC 0.739, and 5, 0.736. After this choice was scored, its "
        "calibration was mended for a fault that the training part shows (Brier score 0.211 until then); no rank changed. "
        "A log-RFM regression is said to reach 0.744 here; ours, in the table, does not, in none of five readings of the three letters."
    ),
    limits=(
        "One wholesaler and one year: no season is seen twice. The share of churners falls from 0.52 in June to 0.43 in September, ahead "
        "of Christmas, and probabilities learned before are too high: 0.47 on average.",
        "Many of its customers are shops. Those of yours may come back at another pace.",
        "It knows orders alone, so it says the same of a customer who visits daily and of one who is gone.",
    ),
    split=split,
    candidates=(
        Candidate("logistic regression on 3 features", FEW, penalty=10),
        Candidate("logistic regression on 4 features", SPEND, penalty=10),
        Candidate("logistic regression on 5 features", REFUNDS, penalty=10),
        Candidate("logistic regression on 10 features", ALL, penalty=10),
        Candidate("60 small trees on 4 features", SPEND, trees=Trees(60, 4)),
        Candidate("60 small trees on 10 features", ALL, trees=Trees(60, 4)),
        Candidate("logistic regression and 60 small trees on 5 features", REFUNDS, penalty=10, trees=Trees(60, 4)),
    ),
    rule=Rule("days_since_last_order", rising=True),
    plain=Plain(
        "log-RFM regression, learned at 2011-06-10",
        ("days_since_last_order", "orders_total", "spend_total"),
        taught=lambda rows: rows.at == FIT_UNTIL,
    ),
    bands=(("low", 0.0), ("medium", 0.35), ("high", 0.65)),
    slices={
        "one order so far": lambda rows: orders(rows) <= 1,
        "2 to 4 orders": lambda rows: (orders(rows) > 1) & (orders(rows) < 5),
        "5 orders or more": lambda rows: orders(rows) >= 5,
        "United Kingdom": lambda rows: rows.text("country") == "United Kingdom",
        "other countries": lambda rows: rows.text("country") != "United Kingdom",
    },
)
