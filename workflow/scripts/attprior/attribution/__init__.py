"""Which bases a model uses, by DeepSHAP, input gradients and in-silico mutagenesis."""
