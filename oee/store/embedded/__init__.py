"""A PostgreSQL server of one's own, with TimescaleDB where it can be had: no installation, no configuration."""

from oee.store.embedded.errors import EmbeddedDatabaseError
from oee.store.embedded.server import EmbeddedStatus, embedded_server, status, stop

__all__ = ["EmbeddedDatabaseError", "EmbeddedStatus", "embedded_server", "status", "stop"]
