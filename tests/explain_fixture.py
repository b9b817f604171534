"""Evidence of the results in memory: each with the one configuration that there is."""

from __future__ import annotations

from oee.errors import NotFoundError
from oee.evidence import Configuration, Evidence
from oee.source import ResultSource


class MemoryEvidence:
    """An `EvidenceSource` over a `ResultSource`; it knows a result by the id of its shift only."""

    def __init__(self, source: ResultSource) -> None:
        self._source = source

    def of_shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> Evidence:
        result = self._source.shift(line, production_date, shift, machine, revision)
        return Evidence(result, (Configuration(1, None, self._source.plant(), proven=True),))

    def of_kpi(self, kpi_id: str) -> Evidence:
        line, machine, day, shift, *_ = [*kpi_id.split("."), "", "", ""]
        if len(kpi_id.split(".")) != 5:
            raise NotFoundError(f"there are no figures with the id {kpi_id!r}")
        return self.of_shift(line, day, shift, None if machine == "line" else machine)
