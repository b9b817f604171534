"""Moved."""

from oee.source import LineState, MachineState, ResultSource, RevisionInfo

__all__ = ["LineState", "MachineState", "ResultSource", "RevisionInfo"]
