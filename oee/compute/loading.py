"""Samples of one machine out of the database, as its interpretation needs them from a checkpoint on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oee.compute.rules import COUNTERS
from oee.interpret import FOREVER_US, UNITS_PER_COUNT, Checkpoint, MachineRules, MachineSamples
from oee.kernels.intervals import Int64s
from oee.kernels.orders import InForce, in_force_at
from oee.kernels.orders import in_force as orders_in_force
from oee.kernels.products import KEYS, NO_ORDER, ProductKey
from oee.kernels.states import Series
from oee.store.database import Session
from oee.store.master import Ids
from oee.store.orders import line_events
from oee.store.samples import GOOD_LIMIT, IMPORT_SOURCE
from oee.store.series import alive_stretches, in_force, is_good_at, read_series, symbol_texts

TEXTS = ("state", "mode", "fault")


def load(
    conn: Session,
    ids: Ids,
    name: tuple[str, str],
    rules: MachineRules,
    start_us: int,
    checkpoint: Checkpoint | None,
    end_us: int,
) -> MachineSamples:
    """All that the interpretation of a machine needs over ``[start, end)``.

    It ends a microsecond after the last word, so that a state said at the very end is part of what is told.
    """
    tags = {signal: tag for (*of, signal), tag in ids.tags.items() if tuple(of) == name}
    texts = {s: tags[s] for s in (*TEXTS, *rules.follows) if s in tags}
    held = in_force(conn, list(texts.values()), start_us)
    if "state" in texts and not is_good_at(conn, texts["state"], start_us):
        held.pop(texts["state"], None)  # a handover amid Bad values: the Good one before them is past
    series = read_series(conn, list(texts.values()), start_us + 1, end_us)
    counters = _counters(conn, tags, start_us, checkpoint, end_us)
    sources = alive_stretches(conn, ids.machines[name], _since(start_us, checkpoint))
    counters = {n: _closed(*counters[n], n, rules, sources, checkpoint) for n in counters}
    words = symbol_texts(conn, _symbols_in(held, series))
    index = {number: i for i, number in enumerate(words)}
    symbols = list(words.values())
    state, mode, fault = (_series(texts.get(s), held, series, index, start_us) for s in TEXTS)
    products = {s: _series(texts.get(s), held, series, index, start_us) for s in rules.follows}
    ends = [int(ts[-1]) for ts, _ in counters.values() if len(ts)]
    ends += [int(s.ts_us[-1]) for s in (state, mode, fault, *products.values()) if len(s.ts_us)]
    ends += [min(b, end_us) for stretches in sources.values() for _, b in stretches]
    if "order" in products:
        products["order"] = _told_from(products["order"], symbols, start_us)
    else:
        entered = orders_in_force(line_events(conn, ids.lines[name[0]], start_us), name[1])
        products |= _entered(entered, [k for k in KEYS if k not in products], symbols, start_us)
    others = {n: c.source for n, c in rules.counters.items() if c.source not in (None, rules.state_source)}
    return MachineSamples(
        tuple(symbols),
        state,
        mode,
        fault,
        counters,
        _alive(sources, rules.state_source, start_us, end_us),
        min(max(ends, default=start_us - 1) + 1, end_us),
        {n: _alive(sources, source, start_us, end_us) for n, source in others.items()},
        products,
    )


def _told_from(order: Series, symbols: list[str], start_us: int) -> Series:
    """A signal that has said no order yet says that there is none."""
    if len(order.ts_us) and order.ts_us[0] <= start_us:
        return order
    return Series(
        np.concatenate((np.array([start_us], np.int64), order.ts_us)),
        np.concatenate((_numbered([NO_ORDER], symbols), order.symbol)),
        np.concatenate((np.ones(1, np.bool_), order.good)),
    )


def _entered(
    entered: Sequence[InForce], keys: Sequence[ProductKey], symbols: list[str], start_us: int
) -> dict[ProductKey, Series]:
    """Products and orders by the events that people and order systems entered, as if signals had told them."""
    held = in_force_at(entered, start_us)
    told = [(start_us, held)] if held else []
    told += [(e.at_us, e) for e in entered if e.at_us > start_us]
    if not told:
        return {}
    ts = np.array([at_us for at_us, _ in told], np.int64)
    good = np.ones(len(ts), np.bool_)
    return {key: Series(ts, _numbered([getattr(e, key) for _, e in told], symbols), good) for key in keys}


def _numbered(texts: Sequence[str], symbols: list[str]) -> Int64s:
    """Indices of texts in the list of symbols, which grows by those that are new."""
    symbols += [t for t in dict.fromkeys(texts) if t not in symbols]
    return np.array([symbols.index(t) for t in texts], np.int64)


def _symbols_in(
    held: dict[int, tuple[int, float]], series: dict[int, tuple[Int64s, np.ndarray, np.ndarray]]
) -> set[int]:
    numbers = {int(v) for _, v in held.values()}
    for _, values, _ in series.values():
        numbers |= {int(v) for v in np.unique(values[np.isfinite(values)]).tolist()}
    return numbers


def _alive(
    sources: dict[str, list[tuple[int, int]]], source: str | None, start_us: int, end_us: int
) -> tuple[Int64s, Int64s]:
    """Life of one source and of imports, clipped; without a source, of all."""
    wanted = sources if source is None else {s: sources[s] for s in (source, IMPORT_SOURCE) if s in sources}
    return _clip([stretch for stretches in wanted.values() for stretch in stretches], start_us, end_us)


def _since(start_us: int, checkpoint: Checkpoint | None) -> int:
    """From where on life matters: the counters' last breakpoints may lie before the start."""
    return min([start_us, *(c.carry.ts_us for c in checkpoint.counters.values())] if checkpoint else [start_us])


def _closed(
    ts: Int64s,
    values: np.ndarray,
    name: str,
    rules: MachineRules,
    sources: dict[str, list[tuple[int, int]]],
    checkpoint: Checkpoint | None,
) -> tuple[Int64s, np.ndarray]:
    """Close a counter's value where its source's life breaks off: seen alive up to there, it had not changed (S-7).

    A collector that restarts can't know how long the last value stood, so no sample says it.
    """
    rule = rules.counters.get(name)
    if rule is None or rule.source is None or rule.delta:
        return ts, values
    known, shown = ts, values
    carry = checkpoint.counters.get(name) if checkpoint else None
    if carry is not None:
        known = np.concatenate((np.array([carry.carry.ts_us], np.int64), ts))
        shown = np.concatenate((np.array([carry.carry.value / UNITS_PER_COUNT]), values))
    ends = np.array([b for _, b in sources.get(rule.source, [])], np.int64)
    at = np.searchsorted(known, ends, side="right")
    inside = (at > 0) & (at < len(known))
    ends, at = ends[inside], at[inside]
    fresh = known[at - 1] < ends
    ends, held = ends[fresh], shown[at[fresh] - 1]
    order = np.argsort(np.concatenate((ts, ends)), kind="stable")
    return np.concatenate((ts, ends))[order], np.concatenate((values, held))[order]


def _counters(
    conn: Session, tags: dict[str, int], start_us: int, checkpoint: Checkpoint | None, end_us: int
) -> dict[str, tuple[Int64s, np.ndarray]]:
    """Good counter samples after each counter's carry."""
    numbers = {tags[s]: s for s in COUNTERS if s in tags}
    carried = {s: c.carry.ts_us for s, c in checkpoint.counters.items()} if checkpoint else {}
    since = min([*carried.values(), start_us])
    found = {}
    for tag, (ts, values, quality) in read_series(conn, list(numbers), since, end_us).items():
        found[numbers[tag]] = usable_values(ts, values, quality, carried.get(numbers[tag], -FOREVER_US))
    return found


def _series(
    tag: int | None,
    held: dict[int, tuple[int, float]],
    series: dict[int, tuple[Int64s, np.ndarray, np.ndarray]],
    index: dict[int, int],
    start_us: int,
) -> Series:
    """A text signal from the start on, the value in force there as its first sample."""
    empty = np.empty(0, np.int64)
    ts, values, quality = series.get(tag or 0, (empty, np.empty(0), np.empty(0, np.int32)))
    good = (quality >= 0) & (quality < GOOD_LIMIT) & np.isfinite(values)
    symbols = np.array([index[int(v)] if g else -1 for v, g in zip(values, good, strict=True)], np.int64)
    if tag in held:
        ts = np.concatenate((np.array([start_us], np.int64), ts))
        symbols = np.concatenate((np.array([index[int(held[tag][1])]], np.int64), symbols))
        good = np.concatenate((np.ones(1, np.bool_), good))
    return Series(ts, symbols, good)


def _clip(stretches: Sequence[tuple[int, int]], start_us: int, end_us: int) -> tuple[Int64s, Int64s]:
    inside = [(max(a, start_us), min(b, end_us)) for a, b in stretches if a < end_us and b >= start_us]
    starts, ends = np.array(inside, np.int64).reshape(-1, 2).T
    return starts, ends


def usable_values(
    ts: Int64s, values: np.ndarray, quality: np.ndarray, after_us: int = -FOREVER_US
) -> tuple[Int64s, np.ndarray]:
    """Samples that may be used (S-28)."""
    keep = (quality >= 0) & (quality < GOOD_LIMIT) & np.isfinite(values) & (ts > after_us)
    return ts[keep], values[keep]
