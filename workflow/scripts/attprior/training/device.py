"""Where models run."""

import logging
import os

import torch

from attprior.errors import InputError
from attprior.training import DRIVER

log = logging.getLogger(__name__)


def choose_device(name: str) -> torch.device:
    """Device by its config name: `auto` takes a GPU where there is one.

    Raises
    ------
    InputError
        For `cuda` where torch sees no GPU; and for `auto` where there is a driver but torch sees no
        GPU, by its build or for any other reason, so that one may be left unused.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError(
            f"config key 'training/device' is cuda, but torch sees no GPU here ({_reason()}); ask the "
            "scheduler for one, install the CUDA build of torch, or set device: auto"
        )
    if name == "auto" and not available and DRIVER.exists():
        raise InputError(
            f"an NVIDIA driver is here ({DRIVER}), but torch sees no GPU ({_reason()}); mend that (see "
            "GPU in envs/README.md), ask the scheduler for a GPU, or set config key 'training/device' "
            "to cpu"
        )
    device = torch.device("cuda" if available and name != "cpu" else "cpu")
    log.info("device: %s", torch.cuda.get_device_name() if device.type == "cuda" else "CPU")
    return device


def _reason() -> str:
    """Why torch sees no GPU, in its own words."""
    build = f"torch {torch.__version__}"
    if torch.version.cuda is None:
        return f"{build} is built without CUDA"
    try:
        torch.cuda.init()
        said = "it gives no reason"
    except Exception as error:  # whatever the driver's library comes to
        said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = "" if visible is None else f"; CUDA_VISIBLE_DEVICES is '{visible}'"
    return f"{build} for CUDA {torch.version.cuda}: {said}{hidden}"
