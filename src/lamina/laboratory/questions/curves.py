"""The course of a run: cost, scores and learning rate of its epochs, in bounded length."""

from typing import Any

from lamina.laboratory.bench import Bench

MOST_EPOCHS = 600
NAMES = ("epoch", "cost", "validation_cost", "score", "validation_score", "learning_rate")


def curves(bench: Bench) -> Any:
    """Return a list for each number of the epochs' records; of very many epochs, evenly spread ones and the last."""
    with bench.lock:
        history = bench.recording.history
        stride = max(1, -(-len(history) // MOST_EPOCHS))
        chosen = [history[k] for k in range(0, len(history), stride)]
        if history and chosen[-1] is not history[-1]:
            chosen.append(history[-1])
        run = bench.run
    found = {name: [record[name] for record in chosen] for name in NAMES}
    steps = -(-run.examples.n // run.recipe.batch_size)
    return {**found, "score_name": run.score_name, "steps_per_epoch": steps, "epochs": len(history)}
