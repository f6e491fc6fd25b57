"""What is told to people in one line."""


class TrainingError(Exception):
    """Something is wrong with what was given; the message says what, and what to do about it."""
