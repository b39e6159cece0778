"""Where models run."""

import logging

import torch

from attprior.errors import InputError

log = logging.getLogger(__name__)


def choose_device(name: str) -> torch.device:
    """Device by its config name: `auto` takes a GPU where there is one.

    Raises
    ------
    InputError
        For `cuda` where there is none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError(
            "config key 'training/device' is cuda, but torch sees no GPU here "
            f"(torch {torch.__version__}, CUDA build {torch.version.cuda}); ask the scheduler for "
            "one, install the CUDA build of torch, or set device: auto"
        )
    device = torch.device("cuda" if available and name != "cpu" else "cpu")
    log.info("device: %s", torch.cuda.get_device_name() if device.type == "cuda" else "CPU")
    return device
