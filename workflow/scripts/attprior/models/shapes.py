"""Lengths that layers leave, without building them."""

from collections.abc import Mapping


def body_length(settings: Mapping) -> int:
    """Positions (bp) that no padding reaches after the dilated convolutions."""
    pairs = zip(settings["widths"], settings["dilations"], strict=False)
    return settings["input_length"] - sum((width - 1) * dilation for width, dilation in pairs)


def output_length(settings: Mapping) -> int:
    """Positions (bp) of the predicted profile."""
    return body_length(settings) - (settings["profile_width"] - 1)
