"""The known mistakes as the table of docs/doctor.md: ``python -m lamina.glassbox.doctor.catalogue`` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.glassbox.doctor.exercises import BY_NAME
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


PARTS: tuple[tuple[str, Sequence[Mistake]], ...] = tuple(
    (title, BY_NAME[title.split(", ")[0]].mistakes)
    for title in (
        "sigmoid",
        "relu",
        "softmax",
        "initialize_parameters, initialize_parameters_deep, ...",
        "linear_forward",
        "linear_activation_forward",
        "L_model_forward",
        "compute_cost",
        "predict",
        "sigmoid_backward",
        "relu_backward",
        "linear_backward",
        "linear_activation_backward",
        "L_model_backward",
        "update_parameters, update_parameters_with_gd",
        "two_layer_model, L_layer_model",
        "compute_cost_with_regularization",
        "backward_propagation_with_regularization",
        "forward_propagation_with_dropout",
        "backward_propagation_with_dropout",
        "gradient_check_n",
        "random_mini_batches",
        "initialize_adam, initialize_velocity",
        "update_parameters_with_momentum",
        "update_parameters_with_adam",
    )
)

if __name__ == "__main__":
    print("\n".join(lines()).strip())
