"""How figures are written (pure): one place for rounding, signs, dashes, clocks and dates, the same on every page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from oee.model import US_PER_S

MINUS, DASH, NBSP = "\u2212", "\u2013", "\u00a0"
US_PER_MIN = 60 * US_PER_S
US_PER_H = 60 * US_PER_MIN
TENTH_MIN_US = US_PER_MIN // 10
"""The unit in which minutes are shown [µs]."""
_TENTH_PERCENT = Fraction(1, 1000)


def rounded(value: Fraction | int, unit: Fraction | int = 1) -> int:
    """Round to whole units, halves away from zero, so that a loss and a gain of one size look alike."""
    whole, part = value.numerator * unit.denominator, value.denominator * unit.numerator
    size = (2 * abs(whole) + part) // (2 * part)  # in plain integers: a page rounds a thousand figures
    return size if whole >= 0 else -size


def apportion(parts: Sequence[Fraction | int], unit: Fraction | int = 1) -> list[int]:
    """Round parts to whole units by largest remainder: shown parts add to the shown whole, each within one unit.

    Parameters
    ----------
    parts : exact parts, of any sign.
    unit : size of one shown unit.
    """
    shown = [part // unit for part in parts]
    missing = rounded(sum(parts), unit) - sum(shown)
    by_remainder = sorted(range(len(parts)), key=lambda i: (shown[i] * unit - parts[i], i))
    for i in by_remainder[:missing]:
        shown[i] += 1
    return shown


def shares(parts: Sequence[int]) -> list[int]:
    """Tenths of a percent of each part in their sum; they add to 1000, or are all 0 where nothing is there."""
    whole = sum(parts)
    return apportion([Fraction(1000 * part, whole) for part in parts]) if whole else [0] * len(parts)


def pieces(count: int | None) -> str:
    """Whole pieces with grouping; a missing value is an en dash."""
    return DASH if count is None else f"{count:,}".replace("-", MINUS)


def tenths(value: int | None) -> str:
    """A figure with one decimal, given in tenths: 402 is 40.2. Missing is an en dash."""
    if value is None:
        return DASH
    return f"{value / 10:,.1f}".replace("-", MINUS)


def minutes(value: int | None) -> str:
    """Minutes with one decimal, given in tenths; none at all is ``0``."""
    return "0" if value == 0 else tenths(value)


def signed(text: str) -> str:
    """Put a plus before a written figure that is neither negative, zero nor missing."""
    plain = text.startswith((MINUS, DASH)) or text in ("0", "0.0")
    return text if plain else f"+{text}"


def ratio_tenths(ratio: Fraction | None) -> int | None:
    """Turn a ratio into tenths of a percent."""
    return None if ratio is None else rounded(ratio, _TENTH_PERCENT)


def running_clock(us: int) -> str:
    """How long something lasts so far, ``m:ss``, from an hour on ``h:mm:ss``."""
    whole_s = max(us, 0) // US_PER_S
    hours, rest = divmod(whole_s, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def age_words(age_s: int) -> str:
    """Say an age in its greatest unit."""
    for unit_s, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if age_s >= unit_s:
            return f"{age_s // unit_s}{NBSP}{word}"
    return f"{max(age_s, 0)}{NBSP}s"


def length(us: int) -> str:
    """Length of a shift: ``8 h 00 min``."""
    whole_min = rounded(us, US_PER_MIN)
    return f"{whole_min // 60}{NBSP}h{NBSP}{whole_min % 60:02}{NBSP}min"


def local(us: int, zone: ZoneInfo) -> datetime:
    """Return an instant [µs UTC] in plant time, cut to the second."""
    return datetime.fromtimestamp(us // US_PER_S, tz=zone)


def hhmm(us: int, zone: ZoneInfo) -> str:
    """Write the time of day in plant time; one that the clock shows twice that night names its zone, ``02:10 CEST``."""
    at = local(us, zone)
    return f"{at:%H:%M}{_which(at, us, zone)}"


def hhmmss(us: int, zone: ZoneInfo) -> str:
    """Write the time of day in plant time, to the second, as `hhmm` does."""
    at = local(us, zone)
    return f"{at:%H:%M:%S}{_which(at, us, zone)}"


def _which(at: datetime, us: int, zone: ZoneInfo) -> str:
    """Say which of two: a time of day is told twice where it stands for another instant when read the other way."""
    twice = at.utcoffset() != at.replace(fold=1 - at.fold).utcoffset()
    return f"{NBSP}{zone_label(us, zone)}" if twice else ""


def since(us: int, now_us: int, zone: ZoneInfo) -> str:
    """Write a time of day that is past, with its date where that is not today's: ``11:08``, ``Thu 19 Nov, 11:08``."""
    then = local(us, zone).date()
    return hhmm(us, zone) if then == local(now_us, zone).date() else f"{day(then, year=False)}, {hhmm(us, zone)}"


def span(start_us: int, end_us: int, zone: ZoneInfo) -> str:
    """Write a stretch of the day, ``06:00–14:00``."""
    return f"{hhmm(start_us, zone)}{DASH}{hhmm(end_us, zone)}"


def day(of: date, *, year: bool = True) -> str:
    """``Thu 19 Nov 2026``."""
    return f"{of:%a} {of.day} {of:%b}" + (f" {of.year}" if year else "")


def production_day(text: str, *, year: bool = True) -> str:
    """Write a production date of a result, ``2026-11-19``, for people."""
    return day(date.fromisoformat(text), year=year)


def zone_label(us: int, zone: ZoneInfo) -> str:
    """Abbreviation of the plant's zone at an instant; zones that have none are named by their offset."""
    label = local(us, zone).tzname() or ""
    return label if label.isalpha() else utc_offset(us, zone)


def utc_offset(us: int, zone: ZoneInfo) -> str:
    """``UTC+01:00``."""
    text = f"{local(us, zone):%z}"
    return f"UTC{text[:3]}:{text[3:5]}".replace("-", MINUS)
