"""How trials are chosen and judged: Optuna's tree-structured Parzen estimator and its median rule."""

from hashlib import blake2b
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, MedianPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

TRIALS_AT_RANDOM = 10  # before the estimator decides
TRIALS_TO_COMPARE = 5  # before the median rule does
EPOCHS_TO_SEE = 3


def pruner() -> BasePruner:
    """Return the rule by which trials end early: worse than the median of the trials before, at the same epoch."""
    return MedianPruner(n_startup_trials=TRIALS_TO_COMPARE, n_warmup_steps=EPOCHS_TO_SEE)


class Sampler(BaseSampler):
    """A sampler that draws anew for every trial, from a seed and the number of trials before it.

    So a search that was interrupted tries what it would have tried, and processes that share one do not draw the same.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawing: BaseSampler = TPESampler(seed=0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        others = study.get_trials(deepcopy=False)
        before = sum(one.number < trial.number and one.state != TrialState.FAIL for one in others)
        word = int.from_bytes(blake2b(f"{self._seed} {before}".encode(), digest_size=4).digest())
        self._drawing = TPESampler(seed=word, n_startup_trials=TRIALS_AT_RANDOM)
        self._drawing.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._drawing.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._drawing.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._drawing.sample_independent(study, trial, param_name, param_distribution)


def importances(study: Study, names: list[str], seed: int) -> dict[str, float]:
    """Return which share of the differences between finished trials each setting explains, the largest first (fANOVA).

    Empty where too few trials finished to say.
    """
    done = [
        one for one in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if set(names) <= {*one.params}
    ]
    if len(done) < TRIALS_TO_COMPARE or len({one.value for one in done}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed % 2**32)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator, params=names)
    return {name: float(share) for name, share in found.items()}
