"""A model made ready to predict one row after another, as a service does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.one_row import RowEncoder
from lamina.data.tables.alignment import check_present
from lamina.engine import EngineName, prepared
from lamina.equations.network import Network
from lamina.errors import DataError

if TYPE_CHECKING:
    from lamina.model import Model

Row = Mapping[str, Any]


class RowPass:
    """Encoder and network made ready for single rows: a row to A[L].

    Parameters
    ----------
    encoder : Encoder
    network : Network
    params : array, shape (network.size,)
        Copied: a later change of it is not seen.
    engine, device
        As in `lamina.engine.choose`.
    """

    def __init__(
        self, encoder: Encoder, network: Network, params: NDArray[Any], engine: EngineName, device: str
    ) -> None:
        self.params = params.copy()
        self._encoder = RowEncoder(encoder, params.dtype)
        self._ready = prepared(network, self.params, engine, device)

    def output(self, row: Row) -> NDArray[np.float64] | None:
        """Return A[L] of a row, shape (1, n_outputs); None where the table's way has to read it.

        Parameters
        ----------
        row : mapping of str to value
            With every column of training; others are left alone.
        """
        X = self._encoder.encode(row)
        return None if X is None else self._ready(X).astype(np.float64)

    def output_of_array(self, row: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return A[L] of a row that is an array, shape (1, n_columns); None for the other ways."""
        X = self._encoder.encode_array(row)
        return None if X is None else self._ready(X).astype(np.float64)


class RowPredictor:
    """A model made ready for single rows: the answers of `predict`, to the bit, in a tenth of the time.

    Parameters
    ----------
    model : Model, DeepClassifier or DeepRegressor
        A fitted one. What is done to it later is not seen.

    Examples
    --------
    >>> predictor = lamina.RowPredictor(lamina.load("adult.lamina"))    # doctest: +SKIP
    >>> predictor.predict({"age": 39, "education": "Bachelors", ...})   # doctest: +SKIP
    '<=50K'
    """

    def __init__(self, model: Any) -> None:
        self.model: Model = getattr(model, "model_", model)
        model = self.model
        self._pass = RowPass(model.encoder, model.network, model.params, model.engine, model.device)

    def predict(self, row: Row) -> Any:
        """Return the label or number of a row; an array where there are several targets or quantiles.

        Parameters
        ----------
        row : mapping of str to value
            A value for each column of training, None where it is missing; other columns are left alone.

        Raises
        ------
        ColumnError
            A column is missing, or holds another kind than in training; DataError for a value out of range.
        """
        return self.model.decoded(self.output(row))[0]

    def predict_proba(self, row: Row) -> NDArray[np.float64]:
        """Return the probability of each class, shape (n_classes,).

        Raises
        ------
        DataError
            The model predicts numbers; or see `predict`.
        """
        probabilities: NDArray[np.float64] = self.model.probabilities(self.output(row))[0]
        return probabilities

    def output(self, row: Row) -> NDArray[np.float64]:
        """Return A[L] of a row, shape (1, n_outputs); see `predict`."""
        if not isinstance(row, Mapping):
            raise DataError(f"a row as a mapping of column names to values expected, found {type(row).__name__}")
        names = self.model.encoder.names_in
        if any(name not in row for name in names):
            check_present([str(name) for name in row], names)
        A = self._pass.output(row)
        return self.model.output({name: [row[name]] for name in names}) if A is None else A
