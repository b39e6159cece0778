"""Data sets whose truth is known: simulated whole, or real ones with other sequence at peaks.

`genome`, `experiment` and `portal` make the demo's: a genome of a given GC content, or a
first-order Markov chain with the dinucleotides of the human genome. Into it go loci, each bound by
one transcription factor: most carry one to three sites drawn from the factor's JASPAR matrix, some
a site that mutations have weakened, and some no site at all though bound (as when a partner
tethers the factor). Reads pile up on both sides of a site as in ChIP-exo, over a background whose
bias the control shares. `plant` rewrites the peaks of a real genome.

Sequences are arrays of codes, 0 to 3 for A C G T and 4 for N; intervals are 0-based half-open.
Every random draw comes from a generator keyed by the seed and by what is drawn, so that nothing
of one factor's libraries depends on how many other factors there are or on the order of the jobs.
"""
