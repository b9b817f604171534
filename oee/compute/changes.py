"""What changed lately, asked of the database in three small queries (see `oee.live_source.ChangeSource`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oee.live_source import MOST_PUBLISHED, LineMark, Published
from oee.store.database import Database, fetch
from oee.store.times import from_us, to_us


class Changes:
    """The marks of all lines, and what was published."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def marks(self) -> Mapping[str, LineMark]:
        """The mark of each line that was ever applied."""
        with self._database.snapshot() as conn:
            live, claims = fetch(conn, "changes/live"), fetch(conn, "changes/claims")
        by_line: dict[str, list[tuple[str, int, int, str | None, str | None]]] = {line: [] for line, _ in live}
        for line, machine, start, category, state, reason in claims:
            by_line.setdefault(line, []).append((machine, to_us(start), category, state, reason))
        return {
            line: LineMark(line, tuple(by_line[line]), 0 if computed is None else to_us(computed))
            for line, computed in live
        }

    def published(self, after_us: int) -> Sequence[Published]:
        """Revisions of lines published or settled after an instant, oldest first; the newest `MOST_PUBLISHED`."""
        rows = self._database.rows("changes/published", after=from_us(after_us), limit=MOST_PUBLISHED)
        return [Published(to_us(at), line, day.isoformat(), *rest) for at, line, day, *rest in reversed(rows)]
