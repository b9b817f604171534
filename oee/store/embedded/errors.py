"""What can go wrong with the embedded database, in words for the person who started it."""

from __future__ import annotations

from oee.errors import DatabaseUnavailable


class EmbeddedDatabaseError(DatabaseUnavailable):
    """The embedded database can't be installed, started or stopped here; the text says why and what to do."""
