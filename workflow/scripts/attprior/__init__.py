"""Attribution priors for models of regulatory DNA, and the analyses around them."""

import os

__version__ = "0.1.0"

# before HDF5 is loaded; see attprior.hdf5
os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
