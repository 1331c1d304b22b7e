"""A request that is not answered: the status, and a sentence that says what to change."""


class Refused(Exception):
    """A request that is not answered."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
