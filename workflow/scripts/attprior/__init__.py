"""Attribution priors for models of regulatory DNA, and the analyses around them."""
