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


def free_frequencies(length: int) -> int:
    """Frequencies (cycles over the input) of a length that a prior leaves free by default: 15 %."""
    return max(1, round(0.15 * length))


def check_limit(settings: Mapping) -> None:
    """Check that some frequency of the input is above `prior/freq_limit`, where there is one.

    Raises
    ------
    InputError
        If none is, so that no frequency would be penalised or count as high.
    """
    limit, length = settings["prior"].get("freq_limit"), settings["input_length"]
    if limit is not None and limit >= length // 2:
        raise InputError(
            f"prior/freq_limit is {limit}, but {length} bp have {length // 2} frequencies, so that none "
            f"is above it; 15 % is {free_frequencies(length)}: set it to that, or leave it out"
        )


def check_strands(input_length: int, profile_length: int) -> None:
    """Check that a profile has as many bases of the input (bp) before it as after it.

    Raises
    ------
    InputError
        If it has not, so that the profiles of the two strands would lie 1 bp apart.
    """
    beside = input_length - profile_length
    if beside % 2:
        raise InputError(
            f"a profile of {profile_length} bp has {beside} fewer than input_length {input_length}, an "
            "odd number, so that the profiles of the two strands would lie 1 bp apart; make it even: "
            "(width - 1) x dilation of all convolutions, the profile head's too, must add up to an "
            "even number"
        )


def check_profile(settings: Mapping) -> None:
    """Check the profile model.

    Raises
    ------
    InputError
        For lists that do not agree, a profile length that the layers do not give, or layers whose
        outputs lie half a base beside what they are added to, or those of the other strand.
    """
    _one_each(settings, "dilations")
    if not isinstance(settings["filters"], int):
        raise InputError(
            f"filters is {settings['filters']}; each layer reads the sum of the earlier ones, so give "
            "one number for all"
        )
    pairs = list(zip(settings["widths"], settings["dilations"], strict=True))
    # the first layer reads no sum, and the last one's output is part of none
    for layer, (width, dilation) in enumerate(pairs[1:-1], start=2):
        if (width - 1) * dilation % 2:
            raise InputError(
                f"widths has {width} for layer {layer}, whose dilation is {dilation}: its output would "
                "lie half a base beside the sum that it is added to; make the width odd "
                f"({width - 1} or {width + 1}), or the dilation even"
            )
    given, want = output_length(settings), settings["profile_length"]
    check_strands(settings["input_length"], given)
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
    """Check a model's lengths against each other, its prior and the bins.

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
    check_limit(settings)
    length = settings["input_length"]
    # inputs are centred on bins, so any length serves that holds one
    if examples == "bins" and length < bin_width:
        raise InputError(
            f"input_length is {length}, but the bins that are labelled have {bin_width} bp; set "
            "input_length to at least that, or change bins/width"
        )
    if examples == "profiles":
        if settings["profile_length"] > length:
            raise InputError(
                f"profile_length is {settings['profile_length']}, longer than input_length {length}"
            )
        check_strands(length, settings["profile_length"])
