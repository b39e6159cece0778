"""Training, with and without an attribution prior."""

from pathlib import Path

# there where an NVIDIA driver is
DRIVER = Path("/proc/driver/nvidia/version")
