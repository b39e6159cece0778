"""Binary model after Basset (Kelley, Snoek and Rinn, Genome Research 2016)."""

from attprior.models.binary import BinaryModel

EXAMPLES = "bins"
DEFAULTS = {
    "input_length": 600,
    "filters": [300, 200, 200],
    "widths": [19, 11, 7],
    "pools": [3, 4, 4],
    "dense": [1000, 1000],
    "dropout": 0,
    "batch_size": 128,
    "prior": {"weight": 1, "freq_limit": 90},
}


class BassetModel(BinaryModel):
    """Batch norm comes before the ReLU, and dropout after it.

    As in Basset's published weights, convolutions have no padding: 600 bp leave 582, 194 after the
    pool, then 184 and 46, 40 and 10 positions, so that 2,000 values enter the dense layers. Basset
    drops out .3 of its dense layers; here `dropout` is 0 unless set, and acts after each layer.
    """

    norm_first = True
