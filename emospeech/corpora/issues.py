"""Counts of the problems that a reader finds in a corpus."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class IssueCounts:
    """Problems in the files of a corpus, counted by a descriptive name."""

    left_out: Counter[str] = field(default_factory=Counter)  # items left out of the tables
    irregular: Counter[str] = field(default_factory=Counter)  # unusual items kept in the tables

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Return both counters as sorted dicts without zeros."""
        return {
            "left_out": {name: n for name, n in sorted(self.left_out.items()) if n},
            "irregular": {name: n for name, n in sorted(self.irregular.items()) if n},
        }
