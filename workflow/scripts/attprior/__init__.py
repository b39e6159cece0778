"""Attribution priors for models of regulatory DNA, and the analyses around them."""

__version__ = "0.1.0"
