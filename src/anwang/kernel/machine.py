"""A thing's life as a table of moves.

A room writes its states, actions and moves down once, as data, and asks the table three questions: what may be done
now (`offers`), what does this action lead to (`step`), and does a history add up (`replay`). Whatever `offers` shows
without a refusal, `step` accepts: both ask the same guards in the same order.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

S = TypeVar("S", bound=str)  # the states, a str enum
A = TypeVar("A", bound=str)  # the actions, a str enum
F = TypeVar("F")  # the facts the guards read, a frozen dataclass of the room

Guard = Callable[[F], str | None]
"""Says why a move is refused, as a reason key, or None where nothing speaks against it. Pure; never looks at the clock."""


class MoveRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The table does not offer this action here, or a guard speaks against it; `key` says which."""

    def __init__(self, key: str, state: str, action: str) -> None:
        super().__init__(key, state, action)
        self.key = key
        self.state = state
        self.action = action

    def __str__(self) -> str:
        return f"{self.key}: {_id(self.action)} from {_id(self.state)}"


@dataclass(frozen=True, slots=True)
class Move(Generic[S, A, F]):
    """One row of the table: from any of these states, by this action, to that state, if every guard is silent."""

    source: tuple[S, ...]
    action: A
    target: S
    guards: tuple[Guard[F], ...] = ()


@dataclass(frozen=True, slots=True)
class Step(Generic[S, A]):
    """A move that was allowed, for one thing: what the room writes down."""

    source: S
    action: A
    target: S


@dataclass(frozen=True, slots=True)
class Offer(Generic[S, A]):
    """A move a screen may show. `refused` is the reason key of the first guard against it, None if it may be done."""

    action: A
    target: S
    refused: str | None


class Machine(Generic[S, A, F]):
    """A checked table of moves.

    `initial` is where everything starts; `final` are the states where a life ends; `reopen` are those final states
    that a move may leave all the same. Raises ValueError, naming the row or the state, for a table that is not sound:
    no source, the same action twice from one state, a move out of a final state, a state nothing leads to, a state
    that is neither final nor left by any move.
    """

    def __init__(
        self,
        name: str,
        *,
        initial: S,
        final: Iterable[S],
        moves: Sequence[Move[S, A, F]],
        reopen: Iterable[S] = (),
    ) -> None:
        self.name = name
        self.initial = initial
        self.final = frozenset(final)
        self.reopen = frozenset(reopen)
        self.moves = tuple(moves)
        self._from: dict[S, dict[A, Move[S, A, F]]] = {}
        if strays := self.reopen - self.final:
            raise ValueError(f"{name}: reopen lists {_ids(strays)}, which is not final")
        for number, move in enumerate(self.moves, start=1):
            self._add(number, move)
        self.states = self._states()
        self._check_reach()

    def _add(self, number: int, move: Move[S, A, F]) -> None:
        row = f"{self.name}: move {number} ({_ids(move.source)} --{_id(move.action)}--> {_id(move.target)})"
        if not move.source:
            raise ValueError(f"{row} starts nowhere")
        for source in move.source:
            if source in self.final and source not in self.reopen:
                raise ValueError(f"{row} leaves the final state {_id(source)}")
            row_of = self._from.setdefault(source, {})
            if move.action in row_of:
                raise ValueError(f"{row} repeats {_id(move.action)} from {_id(source)}")
            row_of[move.action] = move

    def _states(self) -> tuple[S, ...]:
        """Every state, in the order of the enum; in the order of the table where states are plain strings."""
        kind = type(self.initial)
        if issubclass(kind, Enum):
            return tuple(kind)
        named = [self.initial, *(state for move in self.moves for state in (*move.source, move.target)), *self.final]
        return tuple(dict.fromkeys(named))

    def _check_reach(self) -> None:
        reached, frontier = {self.initial}, [self.initial]
        while frontier:
            for move in self._from.get(frontier.pop(), {}).values():
                if move.target not in reached:
                    reached.add(move.target)
                    frontier.append(move.target)
        if lost := [state for state in self.states if state not in reached]:
            raise ValueError(f"{self.name}: nothing leads to {_ids(lost)}")
        if stuck := [state for state in self.states if state not in self.final and state not in self._from]:
            raise ValueError(f"{self.name}: {_ids(stuck)} is not final, but no move leaves it")

    def step(self, state: S, action: A, facts: F) -> Step[S, A]:
        """The step this action makes.

        Raises MoveRefused(f"{name}.move_not_offered") where the table has no such move from here, else with the key
        of the first guard that speaks against it.
        """
        move = self._move(state, action)
        if reason := _refusal(move, facts):
            raise MoveRefused(reason, state, action)
        # A state fresh from a column is a plain string: what goes out is the enum's own member.
        return Step(type(self.initial)(state), move.action, move.target)

    def offers(self, state: S, facts: F) -> list[Offer[S, A]]:
        """Every move from this state in the table's order, the refused ones with their reason."""
        return [Offer(move.action, move.target, _refusal(move, facts)) for move in self._from.get(state, {}).values()]

    def actions(self, state: S) -> tuple[A, ...]:
        """The actions the table knows from this state, whatever their guards would say, in the table's order."""
        return tuple(self._from.get(state, {}))

    def replay(self, actions: Iterable[A]) -> S:
        """The state that a history of actions leads to from the initial one. Guards are not asked: it is the past.

        Raises MoveRefused where the table has no such move.
        """
        path = self.path(self.initial, actions)
        return path[-1] if path else self.initial

    def path(self, state: S, actions: Iterable[A]) -> list[S]:
        """The states that a row of actions leads through, without `state` itself. Guards are not asked.

        For a road that is walked in one go (fixed on the spot): the caller answers for the guards.
        Raises MoveRefused where the table has no such move.
        """
        found = []
        for action in actions:
            state = self._move(state, action).target
            found.append(state)
        return found

    def mermaid(self, words: Mapping[Any, str] | None = None) -> str:
        """The table as a Mermaid `stateDiagram-v2`, for the docs page.

        `words` maps states and actions to what people call them; what is missing keeps its key. States and actions
        are str enums, so a state and an action with the same value share one word.
        """
        said = {} if words is None else words
        lines = ["stateDiagram-v2"]
        if words is not None:
            lines += [f'    state "{_plain(said[state])}" as {_node(state)}' for state in self.states if state in said]
        lines.append(f"    [*] --> {_node(self.initial)}")
        lines += [
            f"    {_node(source)} --> {_node(move.target)} : {_plain(said.get(move.action, _id(move.action)))}"
            for move in self.moves
            for source in move.source
        ]
        lines += [f"    {_node(state)} --> [*]" for state in self.states if state in self.final]
        return "\n".join(lines) + "\n"

    def _move(self, state: S, action: A) -> Move[S, A, F]:
        try:
            return self._from[state][action]
        except KeyError:
            raise MoveRefused(f"{self.name}.move_not_offered", state, action) from None


def _refusal(move: Move[Any, Any, F], facts: F) -> str | None:
    """The first reason against a move."""
    return next((reason for guard in move.guards if (reason := guard(facts)) is not None), None)


def _id(key: str) -> str:
    """The stored value of a state or action: `str()` of a `(str, Enum)` would say `State.OPEN`."""
    return str(key.value) if isinstance(key, Enum) else str(key)


def _ids(keys: Iterable[str]) -> str:
    return ", ".join(_id(key) for key in keys)


def _node(key: str) -> str:
    """A name Mermaid takes for a node: letters, digits, underscores."""
    return re.sub(r"\W", "_", _id(key))


def _plain(word: str) -> str:
    """A word without what Mermaid would read as syntax."""
    return re.sub(r'[":;\n]', " ", str(word)).strip()
