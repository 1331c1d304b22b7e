"""How to read the cells of a CSV file, as flags: what `lamina train` is told, and the model keeps."""

from dataclasses import dataclass, fields
from typing import Annotated, Any

from cyclopts import Parameter

from lamina.data.tables.reading import Reading, reading_of


@dataclass
class ReadingFlags:
    """The flags; None where one was not given."""

    text: Annotated[
        list[str] | None, Parameter(help="A column to read as text whatever it looks like; may be given several times.")
    ] = None
    encoding: Annotated[
        str | None, Parameter(help="Of a CSV file, such as latin-1; UTF-8 and UTF-16 are found without it.")
    ] = None
    decimal: Annotated[str | None, Parameter(help="The decimal sign of numbers: . or ,")] = None
    thousands: Annotated[str | None, Parameter(help="The sign between thousands: , or . or ' or a blank.")] = None
    missing_words: Annotated[
        str | None,
        Parameter(help="Cells that mean a missing value unless quoted, with commas between; '' for empty cells only."),
    ] = None
    drop_missing_target: Annotated[bool, Parameter(help="Leave rows out whose target is missing.")] = False

    @classmethod
    def of(cls, options: dict[str, Any]) -> "ReadingFlags":
        """Return the flags among the options of a command, and take them out."""
        found = {one.name: options.pop(one.name) for one in fields(cls)}
        return cls(**{**found, "drop_missing_target": bool(found["drop_missing_target"])})

    def reading(self) -> Reading:
        """Return what the flags ask for."""
        words = None if self.missing_words is None else [word for word in self.missing_words.split(",") if word]
        return reading_of(self.text or (), self.encoding, self.decimal, self.thousands, words)

    def options(self) -> dict[str, Any]:
        """Return the flags that were given, for a command line."""
        return {name: value for name, value in vars(self).items() if value} | (
            {} if self.missing_words is None else {"missing_words": self.missing_words}
        )
