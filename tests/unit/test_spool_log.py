"""The spool: what is committed comes back, exactly and in order, whatever happens to process, disk and bytes."""

from __future__ import annotations

import errno
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oee.spool import Position, Spool, SpoolAlive, SpoolError, SpoolGap, SpoolLoss, SpoolSample, SpoolSkew
from oee.spool.disk import Disk
from oee.spool.frame import frame, frames
from oee.spool.records import Decoder, Encoder


def _sample(n, key="l/m/good"):
    return SpoolSample(key, 1_760_000_000_000_000 + n, n, 0)


def _drain(spool, size=1000):
    out = []
    while True:
        records, position = spool.read(size)
        if not records:
            return out
        out += [record for record in records if not isinstance(record, SpoolLoss)]
        spool.delivered(position)


def _files(folder):
    return sorted(folder.glob("*.seg"))


_NAMES = st.text(min_size=1, max_size=20)
_TIMES = st.integers(-(2**63), 2**63 - 1)
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text(max_size=50)
)
_RECORDS = st.lists(
    st.one_of(
        st.builds(SpoolSample, _NAMES, _TIMES, _VALUES, st.integers(0, 2**32 - 1)),
        st.builds(SpoolAlive, _NAMES, _TIMES, _TIMES, st.lists(_NAMES, max_size=4).map(tuple), _TIMES),
        st.builds(SpoolSkew, _NAMES, _TIMES, _TIMES, st.lists(_NAMES, max_size=4).map(tuple)),
        st.builds(SpoolGap, _NAMES, _TIMES, st.lists(_NAMES, max_size=4).map(tuple), st.text(max_size=500), _TIMES),
    ),
    max_size=30,
)


@given(_RECORDS)
def test_every_record_comes_back_as_it_was(records):
    data, decoder, got, at = Encoder(1).encode(records), Decoder(), [], 0
    while at < len(data):
        length = int.from_bytes(data[at + 2 : at + 6], "little")
        record = decoder.decode(data[at + 10 : at + 10 + length])
        got += [record] if record is not None else []
        at += 10 + length
    assert got == records
    assert [type(r.value) for r in got if isinstance(r, SpoolSample)] == [
        type(r.value) for r in records if isinstance(r, SpoolSample)
    ]


def test_proof_of_life_as_version_0_1_wrote_it_is_read():
    decoder, sequence = Decoder(), 5
    for number, name in enumerate(("plc", "l/m", "l/n")):
        assert decoder.decode(struct.pack("<QBI", sequence, 1, number) + name.encode()) is None
    body = struct.pack("<QBIqqI", sequence, 2, 0, 1_000, 2_000, 2) + struct.pack("<2I", 1, 2)
    assert decoder.decode(body) == SpoolAlive("plc", 1_000, 2_000, ("l/m", "l/n"))


def test_a_reason_of_any_length_and_letters_fits():
    data, decoder = Encoder(1).encode([SpoolGap("c", 1, (), "\ud800" + "x" * 10_000)]), Decoder()
    bodies = [f.body for f in frames(data, 0, is_end=True)]
    assert decoder.decode(bodies[0]) is None
    assert decoder.decode(bodies[-1]) == SpoolGap("c", 1, (), "?" + "x" * 499)


def test_what_is_not_committed_is_not_read(tmp_path):
    with Spool.open(tmp_path) as spool:
        spool.append_batch([_sample(1)])
        assert spool.read(10)[0] == []
        spool.commit()
        spool.append_batch([_sample(2)])
        assert spool.read(10)[0] == [_sample(1)]
        assert spool.read(10)[0] == []
        spool.commit()
        assert spool.read(10)[0] == [_sample(2)]


def test_what_was_delivered_is_not_read_again_and_its_disk_space_comes_back(tmp_path):
    samples = [_sample(n) for n in range(1000)]
    with Spool.open(tmp_path, segment_bytes=4_000) as spool:
        for at in range(0, 1000, 50):
            spool.append_batch(samples[at : at + 50])
            spool.commit()
        assert len(_files(tmp_path)) > 5
        first, position = spool.read(333)
        spool.delivered(position)
        second, _ = spool.read(333)  # read, and not delivered
    with Spool.open(tmp_path) as spool:
        third = _drain(spool, 100)
        assert len(_files(tmp_path)) <= 1
    assert first + third == samples
    assert second == third[:333]


def test_a_spool_that_was_emptied_goes_on_after_a_restart(tmp_path):
    want, got = [], []
    for n in range(4):
        with Spool.open(tmp_path) as spool:
            spool.append_batch([_sample(n)])
            spool.commit()
            got += _drain(spool)
            want.append(_sample(n))
    assert got == want


def test_one_process_at_a_time(tmp_path):
    with Spool.open(tmp_path), pytest.raises(SpoolError, match="another collector uses it"):
        Spool.open(tmp_path)
    Spool.open(tmp_path).close()


def _written(folder, samples):
    with Spool.open(folder) as spool:
        spool.append_batch(samples)
        spool.commit()


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_tail_is_cut_and_costs_only_itself(tmp_path, cut):
    samples = [_sample(n) for n in range(20)]
    _written(tmp_path, samples)
    [path] = _files(tmp_path)
    whole = path.stat().st_size
    os.truncate(path, whole - cut)
    with Spool.open(tmp_path) as spool:
        got = _drain(spool)
        assert got == samples[: len(got)]
        assert len(got) == 20 - -(-cut // 43)  # a record of an integer is 43 bytes
        assert spool.torn_bytes == -cut % 43
        assert spool.damaged_count == 0


def test_r7_any_flipped_bit_costs_one_record_at_most_and_is_counted(tmp_path):
    samples = [_sample(n, key=f"l/m/s{n % 2}") for n in range(6)]
    _written(tmp_path / "sound", samples)
    [sound] = _files(tmp_path / "sound")
    data = sound.read_bytes()
    folder = tmp_path / "flipped"
    for place in range(len(data)):
        folder.mkdir()
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        (folder / sound.name).write_bytes(flipped)
        with Spool.open(folder) as spool:
            got = _drain(spool)
            lost = [s for s in samples if s not in got]
            assert got == [s for s in samples if s in got], f"byte {place}: order"
            assert len(lost) <= 1, f"byte {place}"
            assert (spool.damaged_count == 1) != (spool.torn_bytes > 0), f"byte {place}"
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_r7_a_wiped_sector_costs_its_records_only(tmp_path):
    samples = [_sample(n) for n in range(1000)]
    _written(tmp_path, samples)
    [path] = _files(tmp_path)
    data = bytearray(path.read_bytes())
    data[20_000:20_512] = bytes(512)
    path.write_bytes(data)
    with Spool.open(tmp_path) as spool:
        got = _drain(spool)
        assert 1000 - len(got) == spool.damaged_count <= 512 // 43 + 2
        assert got == [s for s in samples if s in set(got)]


def test_r7_a_lost_cursor_means_delivering_again(tmp_path):
    samples = [_sample(n) for n in range(10)]
    with Spool.open(tmp_path) as spool:
        spool.append_batch(samples)
        spool.commit()
        spool.delivered(spool.read(5)[1])
    for content in (b"", b"garbage" * 2000):
        (tmp_path / "cursor").write_bytes(content)
        with Spool.open(tmp_path) as spool:
            assert spool.read(100)[0] == samples


def test_a_torn_cursor_falls_back_to_the_one_before(tmp_path):
    samples = [_sample(n) for n in range(10)]
    with Spool.open(tmp_path) as spool:
        spool.append_batch(samples)
        spool.commit()
        for _ in range(2):
            spool.delivered(spool.read(3)[1])
    data = bytearray((tmp_path / "cursor").read_bytes())
    data[4] ^= 1  # the second save went to the first slot
    (tmp_path / "cursor").write_bytes(data)
    with Spool.open(tmp_path) as spool:
        assert spool.read(100)[0] == samples[3:]


class _FailingDisk(Disk):
    """A disk whose next sync, write or read fails on demand."""

    def __init__(self):
        self.failing: set[str] = set()

    def _maybe(self, what):
        if what in self.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def sync(self, fd):
        self._maybe("sync")
        super().sync(fd)

    def append(self, fd, data):
        if "append" in self.failing:
            super().append(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().append(fd, data)

    def truncate(self, fd, size):
        self._maybe("truncate")
        super().truncate(fd, size)


@pytest.mark.parametrize("fault", [{"sync"}, {"append"}, {"sync", "truncate"}, {"append", "truncate"}])
def test_r8_a_failed_sync_or_write_is_no_acknowledgement_and_ends_the_segment(tmp_path, fault):
    disk = _FailingDisk()
    with Spool.open(tmp_path, disk=disk) as spool:
        spool.append_batch([_sample(1)])
        spool.commit()
        disk.failing = fault
        with pytest.raises(SpoolError):  # noqa: PT012 - either may notice
            spool.append_batch([_sample(2), _sample(3)])
            spool.commit()
        disk.failing = set()
        spool.commit()  # nothing is pending: it must not bless what failed
        spool.append_batch([_sample(2), _sample(3)])
        spool.commit()
        got = _drain(spool)
        assert len(_files(tmp_path)) <= 2
    # at least once, and in order once what came twice is put aside
    assert list(dict.fromkeys(got)) == [_sample(1), _sample(2), _sample(3)]
    if "truncate" not in fault:
        assert len(got) == 3


class _PowerCutDisk(Disk):
    """Knows how much of each file was synced, and forgets the rest when the power goes."""

    def __init__(self):
        self.paths: dict[int, Path] = {}
        self.synced: dict[Path, int] = {}
        self.steps_left = -1

    def _step(self):
        self.steps_left -= 1
        if self.steps_left == 0:
            raise _PowerCut

    def create(self, path):
        self._step()
        fd = super().create(path)
        self.paths[fd], self.synced[path] = path, 0
        return fd

    def append(self, fd, data):
        self._step()
        super().append(fd, data)

    def sync(self, fd):
        self._step()
        super().sync(fd)
        if fd in self.paths:
            self.synced[self.paths[fd]] = self.size(fd)

    def unlink(self, path):
        self._step()
        super().unlink(path)
        self.synced.pop(path, None)

    def cut(self):
        for path, size in self.synced.items():
            if path.exists():
                os.truncate(path, size)


class _PowerCut(BaseException):
    pass


@pytest.mark.parametrize("step", range(1, 60))
def test_r1_a_power_cut_at_any_step_loses_nothing_acknowledged(tmp_path, step):
    disk = _PowerCutDisk()
    acknowledged, delivered = [], []
    try:
        spool = Spool.open(tmp_path, disk=disk, segment_bytes=300)
        disk.steps_left = step
        for n in range(40):
            spool.append_batch([_sample(n)])
            spool.commit()
            acknowledged.append(_sample(n))
            if n % 3 == 2:
                records, position = spool.read(2)
                delivered += records
                spool.delivered(position)
        pytest.fail("the power was not cut")
    except _PowerCut:
        spool.close()
        disk.cut()
    with Spool.open(tmp_path) as spool:
        delivered += _drain(spool)
        assert spool.damaged_count == 0
    seen = list(dict.fromkeys(delivered))
    assert seen[: len(acknowledged)] == acknowledged


_APPENDER = """
import sys
from pathlib import Path
from oee.spool import Spool, SpoolSample
n = int(sys.argv[2])
with Spool.open(Path(sys.argv[1]), segment_bytes=20_000) as spool:
    while True:
        batch = [SpoolSample(f"l/m/s{k % 7}", k, k, 0) for k in range(n, n + 20)]
        spool.append_batch(batch)
        spool.commit()
        n += 20
        print(n, flush=True)
"""


def test_r1_kill_9_loses_nothing_acknowledged(tmp_path):
    """The truth is what the appender printed after each commit, through a pipe that outlives it."""
    rng, acknowledged, got = random.Random(7), 0, []
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", _APPENDER, str(tmp_path), str(acknowledged)], stdout=subprocess.PIPE, text=True
        )
        first = process.stdout.readline()
        time.sleep(rng.uniform(0.005, 0.06))
        process.kill()
        acknowledged = int((first + process.stdout.read()).split()[-1])
        process.stdout.close()
        process.wait()
        with Spool.open(tmp_path) as spool:
            got += _drain(spool, 10_000)
            assert spool.damaged_count == 0
    numbers = list(dict.fromkeys(s.ts_us for s in got))
    assert set(range(acknowledged)) <= set(numbers)
    assert all(s.value == s.ts_us and s.key == f"l/m/s{s.ts_us % 7}" for s in got)


def test_positions_order_as_the_log_does():
    assert Position(1, 500) < Position(2, 0) < Position(2, 1)


def test_a_record_beyond_the_limit_is_refused():
    with pytest.raises(ValueError, match="1048576 bytes at most"):
        frame(bytes(2**20 + 1))
