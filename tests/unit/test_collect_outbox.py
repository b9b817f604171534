"""Between supervisors and spool: nothing is lost or put out of order while the disk fails."""

from __future__ import annotations

import asyncio
import errno

from oee.collect.endpoint import CollectorHealth
from oee.collect.outbox import Outbox
from oee.spool import Spool, SpoolSample
from oee.spool.disk import Disk


class _FailingDisk(Disk):
    is_failing = False

    def sync(self, fd):
        if self.is_failing:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(fd)


def _samples(*numbers):
    return [SpoolSample("l/m/good", n, n, 0) for n in numbers]


async def test_r8_readings_wait_in_memory_while_the_disk_fails_and_land_in_order(tmp_path):
    disk, health, commits = _FailingDisk(), CollectorHealth(), []
    with Spool.open(tmp_path, disk=disk) as spool:
        outbox = Outbox(spool, health, lambda: commits.append(spool.read(100)[0]))
        outbox.put(_samples(1, 2))
        assert await outbox.flush()
        disk.is_failing = True
        outbox.put(_samples(3))
        assert not await outbox.flush()
        assert "Input/output error" in health.spool_fault
        outbox.put(_samples(4))
        assert not await outbox.flush()
        disk.is_failing = False
        outbox.put(_samples(5))
        assert await outbox.flush()
        assert health.spool_fault == ""
        assert health.spooled_count == 5
    assert commits == [_samples(1, 2), _samples(3, 4, 5)]


async def test_cancelling_the_writer_in_mid_commit_neither_loses_nor_doubles(tmp_path):
    with Spool.open(tmp_path) as spool:
        outbox = Outbox(spool, CollectorHealth(), lambda: None)
        want = []
        for n in range(0, 200, 2):
            outbox.put(_samples(n))
            job = asyncio.create_task(outbox.run())
            for _ in range(n % 3):
                await asyncio.sleep(0)
            outbox.put(_samples(n + 1))
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)
            want += _samples(n, n + 1)
        await outbox.flush()
        assert spool.read(1000)[0] == want
