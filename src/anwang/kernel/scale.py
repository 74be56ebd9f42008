"""Four levels with their colours, and scales that turn a score into one.

The scales themselves (LEC, LS matrices, schemes of a province) are data with their sources; this is only how they are
read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

Number = int | float | Decimal


class Level(IntEnum):
    """The worst is 1, as in law and in speech: a first-level response, a red risk."""

    RED = 1
    ORANGE = 2
    YELLOW = 3
    BLUE = 4

    @property
    def key(self) -> str:
        """The stable key: "red", "orange", "yellow", "blue"."""
        return self.name.lower()

    @classmethod
    def of(cls, key: str) -> "Level":
        """The level with this key. Raises ValueError for any other text."""
        for level in cls:
            if level.key == key:
                return level
        raise ValueError(f"no level is called {key!r}")


def worst(levels: Iterable[Level]) -> Level | None:
    """The worst of these levels; None of none, which is not the same as blue."""
    return min(levels, default=None)


@dataclass(frozen=True, slots=True)
class Bound:
    """From this score on, itself included, the level is this one, until the next bound."""

    at_least: Decimal
    level: Level


@dataclass(frozen=True, slots=True)
class Scale:
    """Bounds from the worst down. Between them there is no gap: a score has exactly one level.

    The last bound is the lowest score there can be, `top` the highest (none where it is open). Raises ValueError,
    naming the scale and the bound, where the bounds do not fall, the levels do not get milder, or a number is not
    finite.
    """

    name: str
    bounds: tuple[Bound, ...]
    top: Decimal | None = None

    @classmethod
    def of(cls, name: str, *bounds: tuple[Number, Level], top: Number | None = None) -> "Scale":
        """A scale from pairs, as in `Scale.of("LEC", (320, RED), (160, ORANGE), (70, YELLOW), (0, BLUE))`."""
        rows = tuple(Bound(_exact(at_least), level) for at_least, level in bounds)
        return cls(name, rows, None if top is None else _exact(top))

    def __post_init__(self) -> None:
        if not self.bounds:
            raise ValueError(f"{self.name}: a scale needs a bound")
        numbers = [bound.at_least for bound in self.bounds]
        if not all(number.is_finite() for number in [*numbers, self.top or Decimal()]):
            raise ValueError(f"{self.name}: a bound is a finite number")
        for worse, milder in zip(self.bounds, self.bounds[1:], strict=False):
            where = f"{self.name}: {milder.level.key} from {milder.at_least}"
            if milder.at_least >= worse.at_least:
                raise ValueError(f"{where} does not lie below {worse.level.key} from {worse.at_least}")
            if milder.level <= worse.level:
                raise ValueError(f"{where} is not milder than {worse.level.key}")
        if self.top is not None and self.top < numbers[0]:
            raise ValueError(f"{self.name}: the top {self.top} lies below {self.bounds[0].level.key}")

    def level(self, score: Number) -> Level:
        """The level of a score. Floats are taken as they are written (0.1 is a tenth).

        Raises ValueError for a score off the scale or not finite.
        """
        exact = _exact(score)
        if exact.is_finite() and (self.top is None or exact <= self.top):
            for bound in self.bounds:
                if exact >= bound.at_least:
                    return bound.level
        raise ValueError(f"{self.name}: {score} is off the scale")


def _exact(number: Number) -> Decimal:
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
