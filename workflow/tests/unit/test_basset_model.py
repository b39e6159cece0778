"""The Basset-style model: Basset's layers and lengths."""

import torch
from attprior.models.basset import DEFAULTS, BassetModel
from attprior.models.saved import build
from attprior.models.shapes import pooled_lengths
from torch import nn

SETTINGS = {**DEFAULTS, "architecture": "basset"}
SMALL = {**SETTINGS, "filters": [6, 5, 4], "dense": [8, 8]}


def test_lengths_are_those_of_basset():
    assert pooled_lengths(DEFAULTS) == [194, 46, 10]
    model = BassetModel(SETTINGS, 164, 1, "none")
    dense = [layer for layer in model.dense if isinstance(layer, nn.Linear)]
    assert [(d.in_features, d.out_features) for d in dense] == [
        (2000, 1000),
        (1000, 1000),
        (1000, 164),
    ]
    convolutions = [layer for layer in model.convolutions if isinstance(layer, nn.Conv1d)]
    assert [(c.out_channels, c.kernel_size[0]) for c in convolutions] == [
        (300, 19),
        (200, 11),
        (200, 7),
    ]


def test_batch_norm_stands_before_each_relu_and_dropout_after():
    model = BassetModel({**SMALL, "dropout": 0.3}, 1, 1, "none")
    convolution = [nn.Conv1d, nn.BatchNorm1d, nn.ReLU, nn.Dropout, nn.MaxPool1d]
    assert [type(layer) for layer in model.convolutions] == 3 * convolution
    dense = [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Dropout]
    assert [type(layer) for layer in model.dense] == 2 * dense + [nn.Linear]


def test_logits_are_given_for_each_task():
    description = {"settings": SMALL, "tasks": ["a", "b", "c"], "strands": 1, "controls": "none"}
    model = build(description).eval()
    assert isinstance(model, BassetModel)
    assert model(torch.zeros(2, 4, 600))[0].shape == (2, 3)
