"""lamina's definition in NumPy, which the kernels are compared with."""

from functools import partial

from peers import lamina

about = partial(lamina.about, engine="equations")
training = partial(lamina.training, engine="equations")
predicting = partial(lamina.predicting, engine="equations")
