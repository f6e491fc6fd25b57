"""The tasks whose bundles ship."""

from training.task import Task
from training.tasks import cart_abandonment, churn, emotion_trend

TASKS: dict[str, Task] = {task.name: task for task in (churn.TASK, cart_abandonment.TASK, emotion_trend.TASK)}
