"""Where models run."""

import logging
from pathlib import Path

import torch

from attprior.errors import InputError

log = logging.getLogger(__name__)

DRIVER = Path("/proc/driver/nvidia/version")


def choose_device(name: str) -> torch.device:
    """Device by its config name: `auto` takes a GPU where there is one.

    Raises
    ------
    InputError
        For `cuda` where there is none, and for `auto` where there is a driver but torch is built
        without CUDA, so that a GPU would be left unused.
    """
    available = torch.cuda.is_available()
    if name == "auto" and torch.version.cuda is None and DRIVER.exists():
        raise InputError(
            f"an NVIDIA driver is here ({DRIVER}), but torch {torch.__version__} is built without "
            "CUDA; install the CUDA build (see envs/README.md), or set config key "
            "'training/device' to cpu"
        )
    if name == "cuda" and not available:
        raise InputError(
            "config key 'training/device' is cuda, but torch sees no GPU here "
            f"(torch {torch.__version__}, CUDA build {torch.version.cuda}); ask the scheduler for "
            "one, install the CUDA build of torch, or set device: auto"
        )
    device = torch.device("cuda" if available and name != "cpu" else "cpu")
    log.info("device: %s", torch.cuda.get_device_name() if device.type == "cuda" else "CPU")
    return device
