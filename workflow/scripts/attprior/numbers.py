"""Numbers as people read them."""

import math


def short(value: float, sign: str = "") -> str:
    """A number in two digits, or more where it has them before the point; `sign` is that of formats."""
    return f"{value:{sign}.0f}" if abs(value) >= 99.5 else f"{value:{sign}.2g}"


def interval_text(low: float, high: float, between: str = ", ") -> str:
    """Bounds of an interval, in short; without any, so in words."""
    return f"[{short(low)}{between}{short(high)}]" if math.isfinite(low) else "no interval"
