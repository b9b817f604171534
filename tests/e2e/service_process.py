"""``oee serve`` as a process that dies and starts again on the same port."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from main_job import ROOT, environment


class ServiceProcess:
    """The served pages and API; further commands run beside it."""

    def __init__(self, folder: Path, database: str) -> None:
        self._log, self._environment = folder / "serve.log", environment(database, folder)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, on the port of the time before; return once it answers."""
        self._log.write_text("", encoding="utf-8")
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "oee", "serve", "--port", str(self.port)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )
        end = time.monotonic() + 30
        while not (told := re.search(r"serving on http://127\.0\.0\.1:(\d+)", self._log.read_text())):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, "does not start"
            time.sleep(0.05)
        self.port = int(told[1])
        assert httpx.get(self.url("/livez"), timeout=20).status_code == 200

    def stop(self) -> None:
        """Ask it to end, as Ctrl-C or a service manager does, however many streams are open."""
        assert self._process is not None
        began = time.monotonic()
        self._process.terminate()
        assert self._process.wait(20) == 0, self._log.read_text()
        assert time.monotonic() - began < 5, "open streams delay the end"

    def kill(self) -> None:
        """``kill -9``."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def url(self, path: str) -> str:
        """Address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **params: str) -> Any:
        """Ask the API for JSON."""
        answer = httpx.get(self.url(path), params=params, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def computing(folder: Path, database: str) -> Iterator[None]:
    """``oee compute`` beside the service."""
    command = [sys.executable, "-m", "oee", "compute"]
    with (
        (folder / "compute.log").open("a") as log,
        subprocess.Popen(command, env=environment(database, folder), stdout=log, stderr=log, cwd=ROOT) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(20) == 0, (folder / "compute.log").read_text()
