"""A place is looked at by its target alone, and what can't be looked at is said before long jobs."""

import pytest
from workflows import TINY

LOOKS = {"find_locus": 2, "attribute_locus": 4, "locus_features": 2, "plot_locus": 2}
FOLDS = {"fold_2": {"validation": ["chr3"], "test": ["chr1"]}}


@pytest.fixture
def looking(project):
    project.sheet("SPI1 TSTSR000001 tf-chip auto")
    project.configs.append("config/demo.yaml")
    project.configure("tiny.yaml", TINY, {"training": {"folds": FOLDS}})
    return project


def test_each_arm_looks_at_each_locus_by_the_models_that_held_it_out(looking):
    plan = looking.plan("locus", config={"locus": "chr1:1,001-2,000,chr3:5-100"})
    assert {rule: plan.counts[rule] for rule in LOOKS} == LOOKS
    models = {
        job.split("wildcards: ")[1].split(",")[0].split("=")[1]: job.split("input: ")[1].split(",")[
            0
        ]
        for job in plan.text.split("rule attribute_locus:\n")[1:]
    }
    assert "/fold_2/" in models["chr1_1001-2000"]
    assert "/fold_1/" in models["chr3_5-100"]
    # nothing of comparisons
    assert not any(rule.startswith("analyse") for rule in plan.counts)


def test_other_targets_look_nowhere(looking):
    plan = looking.plan(config={"locus": "chr1:1001-2000"})
    assert not set(LOOKS) & set(plan.counts)
    assert {"analyse_seeds", "plot_seeds"} <= set(plan.counts)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "locus where? Give the config key, such as --config locus=chr1:1001-2000"),
        ({"locus": "chr1"}, "config key 'locus': 'chr1' is no locus; write it as chr1:1001-2000"),
        ({"locus": "chr1:1-30000"}, "has 30000 bp; give one of 10 to 20000 bp"),
        ({"locus": 7}, "config key 'locus' is 7"),
    ],
)
def test_bad_locus_is_said_before_any_job(looking, config, message):
    run = looking.snakemake("--dry-run", "locus", config=config)
    assert run.status != 0
    assert message in run.text
    assert "Traceback (most recent call last)" not in run.text


@pytest.mark.parametrize(
    ("locus", "message"),
    [
        ("chr9:1-100", "the genome has no chromosome 'chr9', named in 'chr9:1-100'"),
        ("chr2:29991-30001", "'chr2:29991-30001' is not within chr2, which has 30000 bp"),
    ],
)
def test_locus_that_the_genome_lacks_ends_the_run_in_its_first_job(looking, locus, message):
    sizes = "".join(f"{name}\t{size}\n" for name, size in TINY["simulate"]["chromosomes"].items())
    looking.write("resources/genome/simulated.chrom.sizes", sizes)
    folder = f"results/loci/{locus.replace(':', '_')}/locus.bed"
    config = {"locus": locus}
    run = looking.snakemake("--no-hooks", "--allowed-rules=find_locus", folder, config=config)
    assert run.status != 0
    assert message in run.text
