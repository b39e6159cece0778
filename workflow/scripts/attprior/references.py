"""References of what the workflow uses, and their numbers in a text."""

import re

from attprior.errors import InputError

REFERENCES = {
    "tseng": (
        "Tseng AM, Shrikumar A, Kundaje A. Fourier-transform-based attribution priors improve the "
        "interpretability and stability of deep learning models for genomics. Advances in Neural "
        "Information Processing Systems 33 (2020). "
        "https://proceedings.neurips.cc/paper/2020/hash/"
        "1487987e862c44b91a0296cf3866387e-Abstract.html"
    ),
    "bpnet": (
        "Avsec Ž et al. Base-resolution models of transcription-factor binding reveal soft motif "
        "syntax. Nature Genetics 53, 354-366 (2021). https://doi.org/10.1038/s41588-021-00782-6"
    ),
    "basset": (
        "Kelley DR, Snoek J, Rinn JL. Basset: learning the regulatory code of the accessible genome "
        "with deep convolutional neural networks. Genome Research 26, 990-999 (2016). "
        "https://doi.org/10.1101/gr.200535.115"
    ),
    "encode": (
        "The ENCODE Project Consortium. Expanded encyclopaedias of DNA elements in the human and "
        "mouse genomes. Nature 583, 699-710 (2020). https://doi.org/10.1038/s41586-020-2493-4"
    ),
    "portal": (
        "Luo Y et al. New developments on the Encyclopedia of DNA Elements (ENCODE) data portal. "
        "Nucleic Acids Research 48, D882-D889 (2020). https://doi.org/10.1093/nar/gkz1062"
    ),
    "idr": (
        "Li Q, Brown JB, Huang H, Bickel PJ. Measuring reproducibility of high-throughput "
        "experiments. Annals of Applied Statistics 5, 1752-1779 (2011). "
        "https://doi.org/10.1214/11-AOAS466"
    ),
    "macs3": (
        "MACS3: a peak-calling platform for bulk and single-cell regulatory genomics. Genomics, "
        "Proteomics & Bioinformatics (2026). https://doi.org/10.1093/gpbjnl/qzag097"
    ),
    "samtools": (
        "Danecek P et al. Twelve years of SAMtools and BCFtools. GigaScience 10, giab008 (2021). "
        "https://doi.org/10.1093/gigascience/giab008"
    ),
    "deeptools": (
        "Ramírez F et al. deepTools2: a next generation web server for deep-sequencing data "
        "analysis. Nucleic Acids Research 44, W160-W165 (2016). https://doi.org/10.1093/nar/gkw257"
    ),
    "adam": (
        "Kingma DP, Ba J. Adam: a method for stochastic optimization. International Conference on "
        "Learning Representations (2015). https://doi.org/10.48550/arXiv.1412.6980"
    ),
    "corrected_gradient": (
        "Majdandzic A, Rajesh C, Koo PK. Correcting gradient-based interpretations of deep neural "
        "networks for genomics. Genome Biology 24, 109 (2023). "
        "https://doi.org/10.1186/s13059-023-02956-3"
    ),
    "expected_gradient": (
        "Erion G, Janizek JD, Sturmfels P, Lundberg SM, Lee SI. Improving performance of deep "
        "learning models with axiomatic attribution priors and expected gradients. Nature Machine "
        "Intelligence 3, 620-631 (2021). https://doi.org/10.1038/s42256-021-00343-w"
    ),
    "deeplift": (
        "Shrikumar A, Greenside P, Kundaje A. Learning important features through propagating "
        "activation differences. Proceedings of Machine Learning Research 70, 3145-3153 (2017). "
        "https://proceedings.mlr.press/v70/shrikumar17a.html"
    ),
    "deepshap": (
        "Lundberg SM, Lee SI. A unified approach to interpreting model predictions. Advances in "
        "Neural Information Processing Systems 30 (2017)."
    ),
    "tangermeme": (
        "Schreiber J. Tangermeme: a toolkit for understanding cis-regulatory logic using deep "
        "learning models. Nature Methods (2026). https://doi.org/10.1038/s41592-026-03254-z"
    ),
    "modisco": (
        "Shrikumar A et al. Technical note on transcription factor motif discovery from importance "
        "scores (TF-MoDISco) version 0.5.6.5. arXiv (2020). "
        "https://doi.org/10.48550/arXiv.1811.00416"
    ),
    "homer": (
        "Heinz S et al. Simple combinations of lineage-determining transcription factors prime "
        "cis-regulatory elements required for macrophage and B cell identities. Molecular Cell 38, "
        "576-589 (2010). https://doi.org/10.1016/j.molcel.2010.05.004"
    ),
    "tomtom": (
        "Gupta S, Stamatoyannopoulos JA, Bailey TL, Noble WS. Quantifying similarity between "
        "motifs. Genome Biology 8, R24 (2007). https://doi.org/10.1186/gb-2007-8-2-r24"
    ),
    "knijnenburg": (
        "Knijnenburg TA, Wessels LFA, Reinders MJT, Shmulevich I. Fewer permutations, more accurate "
        "P-values. Bioinformatics 25, i161-i168 (2009). "
        "https://doi.org/10.1093/bioinformatics/btp211"
    ),
    "memelite": (
        "Schreiber J. tomtom-lite. bioRxiv (2025). https://doi.org/10.1101/2025.05.27.656386"
    ),
    "fimo": (
        "Grant CE, Bailey TL, Noble WS. FIMO: scanning for occurrences of a given motif. "
        "Bioinformatics 27, 1017-1018 (2011). https://doi.org/10.1093/bioinformatics/btr064"
    ),
    "finemo": "Fi-NeMo. https://github.com/kundajelab/Fi-NeMo",
    "jaspar": (
        "Ovek Baydar D et al. JASPAR 2026: expansion of transcription factor binding profiles and "
        "integration of deep learning models. Nucleic Acids Research 54, D184-D193 (2026). "
        "https://doi.org/10.1093/nar/gkaf1209"
    ),
    "benjamini": (
        "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful "
        "approach to multiple testing. Journal of the Royal Statistical Society B 57, 289-300 "
        "(1995). https://doi.org/10.1111/j.2517-6161.1995.tb02031.x"
    ),
    "hillis": (
        "Hillis SL. A marginal-mean ANOVA approach for analyzing multireader multicase radiological "
        "imaging data. Statistics in Medicine 33, 330-360 (2014). https://doi.org/10.1002/sim.5926"
    ),
    "scipy": (
        "Virtanen P et al. SciPy 1.0: fundamental algorithms for scientific computing in Python. "
        "Nature Methods 17, 261-272 (2020). https://doi.org/10.1038/s41592-019-0686-2"
    ),
    "torch": (
        "Paszke A et al. PyTorch: an imperative style, high-performance deep learning library. "
        "Advances in Neural Information Processing Systems 32 (2019)."
    ),
    "snakemake": (
        "Mölder F et al. Sustainable data analysis with Snakemake. F1000Research 10, 33 (2021). "
        "https://doi.org/10.12688/f1000research.29032.2"
    ),
}
CITED = re.compile(r"\[@([^]]*)\]")


def numbered(text: str) -> tuple[str, list[str]]:
    """Number the references of a text by their first mention.

    Parameters
    ----------
    text
        With keys of `REFERENCES` in brackets: ``[@tseng]``, ``[@encode, @portal]``.

    Returns
    -------
    tuple
        The text with numbers in the place of keys, and the references in order.

    Raises
    ------
    InputError
        If a key is not known.
    """
    order: dict[str, int] = {}

    def number(found: re.Match) -> str:
        keys = re.findall(r"\w+", found[1])
        return f"[{', '.join(str(order.setdefault(key, len(order) + 1)) for key in keys)}]"

    text = CITED.sub(number, text)
    if unknown := [f"[@{key}]" for key in order if key not in REFERENCES]:
        raise InputError(f"{', '.join(unknown)}: cited, but not in {__file__}")
    return text, [REFERENCES[key] for key in order]
