"""Lengths that layers leave, and whether they fit, without building them."""

from collections.abc import Mapping

from attprior.errors import InputError


def body_length(settings: Mapping) -> int:
    """Positions (bp) that no padding reaches after the dilated convolutions."""
    pairs = zip(settings["widths"], settings["dilations"], strict=False)
    return settings["input_length"] - sum((width - 1) * dilation for width, dilation in pairs)


def output_length(settings: Mapping) -> int:
    """Positions (bp) of the predicted profile."""
    return body_length(settings) - (settings["profile_width"] - 1)


def layer_filters(settings: Mapping) -> list[int]:
    """Filters of each convolution; one number stands for all."""
    filters = settings["filters"]
    return [filters] * len(settings["widths"]) if isinstance(filters, int) else list(filters)


def pooled_lengths(settings: Mapping) -> list[int]:
    """Positions left by each valid convolution and the pool after it."""
    lengths = [settings["input_length"]]
    for width, pool in zip(settings["widths"], settings["pools"], strict=False):
        lengths.append(max(lengths[-1] - width + 1, 0) // pool)
    return lengths[1:]


def check_profile(settings: Mapping) -> None:
    """Check the profile model.

    Raises
    ------
    InputError
        For lists that do not agree, or a profile length that the layers do not give.
    """
    _one_each(settings, "dilations")
    if not isinstance(settings["filters"], int):
        raise InputError(
            f"filters is {settings['filters']}; each layer reads the sum of the earlier ones, so give "
            "one number for all"
        )
    given, want = output_length(settings), settings["profile_length"]
    if given != want:
        length = settings["input_length"]
        fits = f"profile_length: {given} or " if given > 0 else ""
        raise InputError(
            f"profile_length is {want}, but the layers leave {given} of input_length {length}; set "
            f"{fits}input_length: {length + want - given}"
        )


def check_pooled(settings: Mapping) -> None:
    """Check valid convolutions, each followed by a max pool.

    Raises
    ------
    InputError
        For lists that do not agree, or layers that leave nothing.
    """
    _one_each(settings, "pools")
    filters = layer_filters(settings)
    if len(filters) != len(settings["widths"]):
        raise InputError(
            f"{len(settings['widths'])} widths and {len(filters)} filters; give one of each per "
            "convolution, or one number of filters for all"
        )
    for layer, length in enumerate(pooled_lengths(settings)):
        if length < 1:
            raise InputError(
                f"input_length is {settings['input_length']}, of which convolution {layer + 1} "
                f"(width {settings['widths'][layer]}, pool {settings['pools'][layer]}) leaves "
                "nothing; lengthen it, or make widths or pools smaller"
            )


def _one_each(settings: Mapping, key: str) -> None:
    widths, others = len(settings["widths"]), len(settings[key])
    if widths != others:
        raise InputError(f"{widths} widths and {others} {key}; give one of each per layer")


# what is checked before any job; an architecture that is not here is checked when it is built
CHECKS = {"profile": check_profile, "binary": check_pooled, "basset": check_pooled}


def check_fit(settings: Mapping, examples: str, bin_width: int) -> None:
    """Check a model's lengths against each other and the bins.

    Parameters
    ----------
    examples
        What its architecture is trained on, "profiles" or "bins".
    bin_width
        Width of the labelled bins, bp.

    Raises
    ------
    InputError
        If they do not fit.
    """
    if settings["architecture"] in CHECKS:
        CHECKS[settings["architecture"]](settings)
    length = settings["input_length"]
    # inputs are centred on bins, so any length serves that holds one
    if examples == "bins" and length < bin_width:
        raise InputError(
            f"input_length is {length}, but the bins that are labelled have {bin_width} bp; set "
            "input_length to at least that, or change bins/width"
        )
