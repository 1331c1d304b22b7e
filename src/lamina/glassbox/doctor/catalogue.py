"""The known mistakes as the table of docs/doctor.md: ``python -m lamina.glassbox.doctor.catalogue`` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.glassbox.doctor import (
    activation_mistakes,
    cost_mistakes,
    layer_mistakes,
    linear_mistakes,
    mini_batch_mistakes,
    model_mistakes,
    start_mistakes,
    three_layer_mistakes,
    training_mistakes,
    update_mistakes,
)
from lamina.glassbox.doctor.steps import Mistake


def lines() -> Iterator[str]:
    """Yield the table, part by part; what stands in one part is not repeated in the next."""
    seen: set[tuple[str, str]] = set()
    for title, mistakes in PARTS:
        new = [one for one in mistakes if "(" not in one.name and (one.name, one.sentence) not in seen]
        new = [
            one for k, one in enumerate(new) if (one.name, one.sentence) not in {(o.name, o.sentence) for o in new[:k]}
        ]
        seen |= {(one.name, one.sentence) for one in new}
        yield from ("", f"### {title}", "", "| name | what is wrong | how it shows |", "|---|---|---|")
        yield from (f"| `{one.name}` | {_cell(one.sentence)} | {_cell(one.sign)} |" for one in new)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


PARTS: tuple[tuple[str, Sequence[Mistake]], ...] = (
    ("sigmoid", activation_mistakes.SIGMOID_MISTAKES),
    ("relu", activation_mistakes.RELU_MISTAKES),
    ("softmax", activation_mistakes.SOFTMAX_MISTAKES),
    ("Initializations", start_mistakes.SMALL_MISTAKES),
    ("linear_forward", linear_mistakes.LINEAR_FORWARD_MISTAKES),
    ("linear_activation_forward", layer_mistakes.FORWARD_MISTAKES),
    ("L_model_forward", model_mistakes.L_MODEL_FORWARD_MISTAKES),
    ("compute_cost", cost_mistakes.COMPUTE_COST_MISTAKES),
    ("predict", model_mistakes.PREDICT_MISTAKES),
    ("sigmoid_backward", activation_mistakes.SIGMOID_BACKWARD_MISTAKES),
    ("relu_backward", activation_mistakes.RELU_BACKWARD_MISTAKES),
    ("linear_backward", linear_mistakes.LINEAR_BACKWARD_MISTAKES),
    ("linear_activation_backward", layer_mistakes.BACKWARD_MISTAKES),
    ("L_model_backward", model_mistakes.L_MODEL_BACKWARD_MISTAKES),
    ("update_parameters", update_mistakes.UPDATE_MISTAKES),
    ("two_layer_model, L_layer_model", training_mistakes.TRAINING_MISTAKES),
    ("compute_cost_with_regularization", cost_mistakes.REGULARIZED_COST_MISTAKES),
    ("backward_propagation_with_regularization", three_layer_mistakes.REGULARIZED_BACKWARD_MISTAKES),
    ("forward_propagation_with_dropout", three_layer_mistakes.DROPOUT_FORWARD_MISTAKES),
    ("backward_propagation_with_dropout", three_layer_mistakes.DROPOUT_BACKWARD_MISTAKES),
    ("random_mini_batches", mini_batch_mistakes.MINI_BATCH_MISTAKES),
    ("initialize_velocity, initialize_adam", update_mistakes.ADAM_MEMORY_MISTAKES),
    ("update_parameters_with_momentum", update_mistakes.MOMENTUM_MISTAKES),
    ("update_parameters_with_adam", update_mistakes.ADAM_MISTAKES),
)

if __name__ == "__main__":
    print("\n".join(lines()).strip())
