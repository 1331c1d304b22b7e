"""Measure what intervals.md says of coverage, and draw pictures/coverage.png: `python docs/draw_intervals.py`."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from lamina import DeepRegressor

COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SEEDS, ROWS, HELD_OUT, NEW = 60, 500, 100, 2000
WAYS = {"validation rows of the fit": "o-", "rows of their own": "s-", "rows that were learned from": "x:"}


def drawn(n, seed):
    """Noise that grows with |x|."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 4))
    return X, 10 * np.sin(2 * X[:, 0]) + (1 + 3 * np.abs(X[:, 1])) * rng.normal(size=n)


def measured(loss):
    """Return the coverage on new rows by way and coverage asked for, and the mean width, each over the seeds."""
    found = {way: [] for way in WAYS}
    widths = []
    for seed in range(SEEDS):
        X, y = drawn(ROWS + HELD_OUT, 2 * seed)
        X_new, y_new = drawn(NEW, 2 * seed + 1)
        how = {"loss": loss, "random_state": seed, "max_iter": 60}
        model = DeepRegressor(**how, validation_fraction=HELD_OUT / (ROWS + HELD_OUT)).fit(X, y)
        ways = {"validation rows of the fit": model.model_}
        model = DeepRegressor(**how).fit(X[HELD_OUT:], y[HELD_OUT:])
        ways["rows of their own"] = model.model_.calibrate_intervals(X[:HELD_OUT], y[:HELD_OUT])
        ways["rows that were learned from"] = model.model_.calibrate_intervals(X[HELD_OUT:], y[HELD_OUT:])
        for way, one in ways.items():
            ends = [one.predict_interval(X_new, coverage) for coverage in COVERAGES]
            found[way].append([np.mean((e[:, 0] <= y_new) & (y_new <= e[:, 1])) for e in ends])
        quiet = np.abs(X_new[:, 1]) < 0.5
        e = ways["rows of their own"].predict_interval(X_new, 0.9)
        inside = (e[:, 0] <= y_new) & (y_new <= e[:, 1])
        widths.append([np.diff(e).mean(), inside[quiet].mean(), inside[np.abs(X_new[:, 1]) > 1.5].mean()])
    return {way: np.array(rows) for way, rows in found.items()}, np.mean(widths, axis=0)


def main():
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
    losses = {"squared error": "auto", "quantiles 0.05 and 0.95": "quantile(quantiles=(0.05, 0.95))"}
    for ax, (title, loss) in zip(axes, losses.items(), strict=True):
        found, (width, quiet, noisy) = measured(loss)
        ax.plot([0.45, 1], [0.45, 1], color="0.7", linewidth=1, zorder=0)
        for way, style in WAYS.items():
            mean, error = found[way].mean(axis=0), found[way].std(axis=0) / np.sqrt(SEEDS)
            ax.errorbar(COVERAGES, mean, 2 * error, fmt=style, markersize=4, linewidth=1, label=way)
            print(f"{title:<24} {way:<28}", " ".join(f"{m:.3f}" for m in mean), f"+- {error.max():.3f}")
        print(f"{title:<24} at 0.9: width {width:.1f}; covered where quiet {quiet:.3f}, where noisy {noisy:.3f}")
        ax.set(title=title, xlabel="coverage asked for", ylabel="measured on new rows" if ax is axes[0] else None)
    axes[0].legend(frameon=False)
    figure.savefig(Path(__file__).parent / "pictures" / "coverage.png", dpi=110)


if __name__ == "__main__":
    main()
