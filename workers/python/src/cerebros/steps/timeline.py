"""Steps in their order, written with `>>`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cerebros.steps.step import Step


class Node(ABC):
    """What can stand on a timeline: a step, or steps in order. A list of these runs in parallel."""

    @abstractmethod
    def timeline(self) -> Timeline:
        """What it is by itself."""

    def __rshift__(self, after: Stretch) -> Timeline:
        """`a >> b`: b needs a. `a >> [b, c]`: both need a."""
        return _join(self.timeline(), timeline_of(after))

    def __rrshift__(self, before: Stretch) -> Timeline:
        """`[b, c] >> d`: d needs both."""
        return _join(timeline_of(before), self.timeline())


Stretch = Node | Sequence["Stretch"]
"""A step, steps in order, or a list of these, which run in parallel."""


@dataclass(frozen=True)
class Timeline(Node):
    """Steps, in the order they were named in, and which of them needs which."""

    steps: tuple[Step[..., Any], ...]
    needs: tuple[tuple[Step[..., Any], Step[..., Any]], ...]
    """Pairs of a step and one that it needs."""
    first: tuple[Step[..., Any], ...]
    last: tuple[Step[..., Any], ...]

    def timeline(self) -> Timeline:
        """Itself."""
        return self


def timeline_of(stretch: Stretch) -> Timeline:
    """The timeline that a stretch makes. Raises `TypeError` for what is no step."""
    if isinstance(stretch, Node):
        return stretch.timeline()
    if not isinstance(stretch, (list, tuple)):
        cure = " (write @step above it)" if callable(stretch) else ""
        raise TypeError(f"timeline: expected steps, as a >> [b, c] >> d, got {stretch!r:.80}{cure}")
    if len(stretch) == 0:
        raise TypeError("timeline: expected steps in the list, got none; take the list out")
    return merged(timeline_of(one) for one in stretch)


def merged(timelines: Iterable[Timeline]) -> Timeline:
    """All of them beside each other; a step that stands on several is one step."""
    every = tuple(timelines)
    return Timeline(
        _once(one for timeline in every for one in timeline.steps),
        _once(pair for timeline in every for pair in timeline.needs),
        _once(one for timeline in every for one in timeline.first),
        _once(one for timeline in every for one in timeline.last),
    )


def _join(before: Timeline, after: Timeline) -> Timeline:
    between = ((later, earlier) for later in after.first for earlier in before.last)
    both = merged((before, after))
    return Timeline(both.steps, _once((*both.needs, *between)), before.first, after.last)


def _once(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))
