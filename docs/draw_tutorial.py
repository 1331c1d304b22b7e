"""Draw the pictures of docs/tutorial.md into docs/pictures, from the numbers of its own blocks.

python docs/draw_tutorial.py
"""

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.patches import Rectangle

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures"
CELL = 0.36
BLUE, RED, GREY = "#3b6ea8", "#c0504d", "0.35"


def page_names():
    """Run the page and return what its blocks leave behind."""
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / "tutorial.md").read_text(), re.MULTILINE | re.DOTALL)
    names = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        was = Path.cwd()
        os.chdir(folder)
        exec("\n\n".join(blocks), names)
        os.chdir(was)
    return names


def draw_array(ax, array, x, middle, name, colour):
    """Draw an array as a grid of cells, the darker the further from 0; return where it ends."""
    rows, columns = array.shape
    top, largest = middle + rows * CELL / 2, np.abs(array).max()
    for (i, j), value in np.ndenumerate(array):
        strength = abs(value) / largest if largest else 0
        place = (x + j * CELL, top - (i + 1) * CELL)
        ax.add_patch(
            Rectangle(place, CELL, CELL, fc=colour, alpha=round(0.08 + 0.8 * strength, 2), lw=0, clip_on=False)
        )
    ax.add_patch(Rectangle((x, top - rows * CELL), columns * CELL, rows * CELL, fc="none", ec=colour, lw=1))
    ax.text(x + columns * CELL / 2, top + 0.12, name, ha="center", va="bottom", fontsize=11, color=colour)
    ax.text(x + columns * CELL / 2, top - rows * CELL - 0.12, f"{array.shape}", ha="center", va="top", fontsize=8)
    return x + columns * CELL


def draw_arrow(ax, begin, end, y, label):
    ax.annotate("", (end, y), (begin, y), arrowprops={"arrowstyle": "->", "color": GREY})
    ax.text((begin + end) / 2, y + 0.1, label, ha="center", va="bottom", fontsize=8, color=GREY)


def draw_shapes(names):
    """The way there above, the way back below: every array in its shape."""
    there = [("X", "X"), ("Z1", "Z1"), ("A1", "A1"), ("Z2", "Z2"), ("A2", "A2"), ("Z3", "Z3"), ("A3", "A3")]
    steps = ["W1, b1", "relu", "W2, b2", "relu", "W3, b3", "sigmoid"]
    back = ["W1ᵀ", "* g'(Z1)", "W2ᵀ", "* g'(Z2)", "W3ᵀ", "* g'(Z3)"]
    _, ax = pyplot.subplots(figsize=(13.5, 6.6))
    gap, x, up, down, low = 1.35, 0.0, 5.6, 1.9, -1.2
    places = []
    for k, (name, label) in enumerate(there):
        end = draw_array(ax, names[name], x, up, label, BLUE)
        draw_array(ax, names[f"d{name}"], x, down, f"d{label}", RED)
        if k:
            draw_arrow(ax, places[-1][1] + 0.1, x - 0.1, up, steps[k - 1])
            draw_arrow(ax, x - 0.1, places[-1][1] + 0.1, down, back[k - 1])
        places.append((x, end))
        x = end + gap
    draw_arrow(ax, places[-1][1] + 0.1, x - 0.1, up, "and Y")
    ax.text(x, up, "J", fontsize=14, va="center", color=BLUE)
    ax.annotate("", (places[-1][1] + 0.1, down), (x + 0.1, up - 0.3), arrowprops={"arrowstyle": "->", "color": GREY})
    for layer, at in ((1, 1), (2, 3), (3, 5)):
        x = places[at][0] + 0.2
        end = draw_array(ax, names[f"dW{layer}"], x, low, f"dW{layer}", RED)
        draw_array(ax, names[f"db{layer}"], end + 0.45, low, f"db{layer}", RED)
        ax.annotate("", (x + 0.9, low + 1.25), (x + 0.9, down - 1.15), arrowprops={"arrowstyle": "->", "color": GREY})
    ax.text(-0.1, up + 1.6, "forward", fontsize=12, weight="bold", color=BLUE)
    ax.text(-0.1, down + 1.6, "backward", fontsize=12, weight="bold", color=RED)
    ax.set(xlim=(-0.3, places[-1][1] + gap + 0.6), ylim=(-2.6, 7.6), aspect="equal")
    ax.axis("off")
    save("tutorial-shapes")


def draw_rates(names):
    _, ax = pyplot.subplots(figsize=(7, 3.6))
    for rate in (0.01, 0.1, 3):
        ax.plot(names["train"](names["start"], rate, 1000)[1], label=f"learning rate {rate}", lw=1.3)
    ax.set(xlabel="iteration", ylabel="cost J", ylim=(0, 1.2))
    ax.grid(alpha=0.3)
    ax.legend()
    save("tutorial-rates")


def draw_history(names):
    names["model"].plot_history()
    save("tutorial-history")


def save(name):
    path = PICTURES / f"{name}.svg"
    pyplot.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close()
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def main():
    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "lamina", "path.simplify_threshold": 0.5}
    matplotlib.rcParams |= {"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Arial"]}
    PICTURES.mkdir(exist_ok=True)
    names = page_names()
    for draw in (draw_shapes, draw_rates, draw_history):
        draw(names)


if __name__ == "__main__":
    main()
