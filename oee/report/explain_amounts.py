"""How exact amounts are written in explanations: never rounded without saying so (pure)."""

from __future__ import annotations

from fractions import Fraction

from oee.model import US_PER_S
from oee.report.figures import DASH, MINUS

EXACT_DIGITS = 6


def number_text(value: Fraction | int | None) -> str:
    """A number with grouping; decimals up to six, marked ``≈`` where more would follow; missing is an en dash."""
    if value is None:
        return DASH
    exact = Fraction(value)
    scaled = exact * 10**EXACT_DIGITS
    text = f"{float(exact):,.{EXACT_DIGITS}f}" if abs(exact) < 10**9 else f"{int(exact):,}.0"
    text = text.rstrip("0").rstrip(".") or "0"
    about = "" if scaled.denominator == 1 else "≈ "
    return about + text.replace("-", MINUS)


def seconds_text(us: Fraction | int | None) -> str:
    """A time [µs] in seconds, ``22,680 s``."""
    return DASH if us is None else f"{number_text(Fraction(us) / US_PER_S)} s"


def amount_text(value: Fraction | int | None, unit: str) -> str:
    """A quantity in its unit: µs as seconds, parts and stops with their word, ratios bare."""
    if value is None:
        return DASH
    if unit == "us":
        return seconds_text(value)
    return number_text(value) if unit == "ratio" else f"{number_text(value)} {unit if value != 1 else unit[:-1]}"


def percent_text(value: Fraction | None) -> str:
    """A ratio in percent with two decimals, for reading; the exact one stands beside it."""
    return DASH if value is None else f"{float(value) * 100:.2f} %".replace("-", MINUS)
