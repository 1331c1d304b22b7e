"""The cases, in the order of the table."""

from tasks import Case

TINY = (20, 64, 32, 1)
LABELS, NUMBERS = "categorical_log_loss", "squared_error"

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        # Those with a target.
        Case("tiny-32", TINY, 32, steps=256, passes=8),
        Case("tiny-256", TINY, 256, steps=64, passes=8),
        Case("medium-128", (784, 512, 256, 10), 128, steps=50, passes=2, loss=LABELS),
        Case("large-1024", (1024, 2048, 2048, 2048, 10), 1024, steps=4, loss=LABELS, rate=1e-4),
        Case("predict-1", TINY, 1, steps=200, passes=20, work="predict"),
        Case("verb-1", TINY, 1, steps=200, passes=20, work="verb"),
        Case("estimator-1", TINY, 1, steps=200, passes=5, work="estimator"),
        Case("predict-1M", TINY, 1_000_000, steps=1, work="predict"),
        # Others: one row at a time, the defaults on census data, other activations and losses, depth, width, products
        # of bfloat16.
        Case("online-1", TINY, 1, steps=1024, passes=2),
        Case("census-256", (105, 128, 64, 1), 256, steps=64, passes=4),
        Case("tanh-32", TINY, 32, steps=256, passes=4, activation="tanh"),
        Case("gelu-128", (64, 256, 256, 1), 128, steps=64, passes=2, activation="gelu"),
        Case("numbers-64", (8, 64, 32, 1), 64, steps=256, passes=4, loss=NUMBERS),
        Case("digits-32", (784, 100, 10), 32, steps=128, passes=2, loss=LABELS),
        Case("deep-64", (32, *[64] * 10, 10), 64, steps=64, passes=2, loss=LABELS),
        Case("wide-128", (4096, 64, 10), 128, steps=32, passes=2, loss=LABELS),
        Case("medium-bf16", (784, 512, 256, 10), 128, steps=50, passes=2, loss=LABELS, operands="bfloat16"),
        Case("large-bf16", (1024, 2048, 2048, 2048, 10), 1024, steps=4, loss=LABELS, rate=1e-4, operands="bfloat16"),
        Case("estimator-100k", TINY, 100_000, steps=1, passes=2, work="estimator"),
    )
}

# What a process that has just started is asked for (cold_start.py).
COLD = Case("cold-1000", TINY, 50, steps=20, passes=20)

QUICK = ("tiny-32", "tiny-256", "medium-128", "predict-1", "verb-1", "estimator-1", "predict-1M")
LEFT_OUT = ("equations", "torch.compile")  # of a quick look: they are slow, or compile for long
