"""Which scalars of a model are attributed."""

@cache
def heads(model):
    """Heads of a model that are attributed, summed over tasks; its main one first."""
    return settings.model_heads(config, SCHEMA, model)


def main_head(model):
    """The head of a model that comparisons analyse."""
    return heads(model)[0]


def all_heads(model, condition):
    """Heads of a model in a condition; those of each task alone too, where they are wanted."""
    names = list(heads(model))
    # a single task is the sum
    if config["attribution"]["tasks"] == "each" and len(tasks(condition)) > 1:
        names += [f"{head}.{task}" for head in names for task in tasks(condition)]
    return names


def attributed():
    """Contributions and motif instances of every condition, model and arm that is compared."""
    motifs = ("hits.bed", "sites.bed", "report/report.html")
    paths = ["attributions/{head}.bw", *(f"motifs/{{head}}/{name}" for name in motifs)]
    return [
        path
        for condition in CONDITIONS
        for model in MODELS
        for path in expand(
            [f"{ARM}/{path}" for path in paths],
            condition=condition,
            model=model,
            arm=dict.fromkeys(arm for pair in COMPARISONS.values() for arm in pair),
            head=all_heads(model, condition),
        )
    ]
