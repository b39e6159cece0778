"""What the unit tests share."""

import pytest
import torch
from made_condition import write_condition


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def condition(tmp_path_factory):
    return write_condition(tmp_path_factory.mktemp("condition"))
