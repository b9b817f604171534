"""One error tree: library errors are wrapped at the edge, a person sees one sentence naming place and mend."""

from __future__ import annotations


class OeeError(Exception):
    """Base of every error that the service raises on purpose; its text is written for the person who reads it."""


class ConfigError(OeeError):
    """The plant file, an option or the environment says something that can't be."""


class InputError(OeeError):
    """What was asked for, or handed over, can't be taken: an unknown line, a date that is none, a malformed row."""


class NotFoundError(InputError):
    """The line, shift or result named does not exist."""


class ConflictError(InputError):
    """What was asked for does not fit the state that things are in: an order that is finished can't start."""


class DatabaseUnavailable(OeeError):
    """The database can't be reached now; what was to be written is kept and tried again."""


class DatabaseConflict(OeeError):
    """Another transaction stood in the way (deadlock, serialization); nothing was written, try again."""


class MigrationError(OeeError):
    """The schema in the database and the files in ``sql/`` do not fit together."""
