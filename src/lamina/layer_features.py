"""Layers as features: what `transform` of the estimators gives, and a transformer for a layer of choice.

make_pipeline(LayerFeatures(DeepClassifier(), layer=1), LogisticRegression())
"""

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils._set_output import _wrap_data_with_container
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from lamina.errors import SettingError
from lamina.layer_diagram import Block

if TYPE_CHECKING:
    from lamina.model import Model


class LayerOutputs:
    """`transform` and `get_feature_names_out` of an estimator that has a model.

    It stands outside of scikit-learn's classes, whose `set_output` would give every layer the names of the last hidden
    one.
    """

    if TYPE_CHECKING:

        def _fitted(self) -> Model: ...
        def _checked_rows(self, X: Any) -> Any: ...

    def transform(self, X: Any, layer: int = -1) -> Any:
        """Return the activations A[layer] of each row, shape (m, units); a data frame after `set_output`.

        Parameters
        ----------
        X : rows
        layer : int
            The lecture's number: 0 for the encoded columns, 1 for the first hidden layer; -1 for the last hidden one.
            Of the output layer it is Z[L].
        """
        model = self._fitted()
        A = model.activations(self._checked_rows(X), model.end_of_layer(layer))
        named = SimpleNamespace(
            get_feature_names_out=partial(self.get_feature_names_out, layer=layer),
            _sklearn_output_config=getattr(self, "_sklearn_output_config", {}),
            _sklearn_auto_wrap_output_keys={"transform"},
        )
        return _wrap_data_with_container("transform", A, X, named)

    def get_feature_names_out(self, input_features: Any = None, layer: int = -1) -> NDArray[Any]:
        """Return a name for each number that `transform` gives of a layer, shape (units,).

        Parameters
        ----------
        input_features : ignored
        layer : int
            As in `transform`. The last hidden layer's are ``deepclassifier0``, ``deepclassifier1``, ...; those of
            another have its number: ``deepclassifier_layer1_0``; encoded columns are named for their columns.
        """
        model = self._fitted()
        at, network = model.end_of_layer(layer), model.network
        if at < 0:
            return np.array(model.encoder.feature_names, object)
        own = type(self).__name__.lower()
        prefix = own if at == model.end_of_layer(-1) else f"{own}_layer{network.numbers[at,]}_"
        return np.array([f"{prefix}{i}" for i in range(network.widths[at])], object)

    @property
    def _n_features_out(self) -> int:
        return len(self.get_feature_names_out())


class LayerFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A layer of a network as features for the next step of a pipeline.

    Parameters
    ----------
    estimator : DeepClassifier or DeepRegressor
        It is cloned and fitted; wrapped in scikit-learn's `FrozenEstimator` it is used as it was fitted before.
    layer : int, default=-1
        The lecture's number: 0 for the encoded columns, 1 for the first hidden layer; -1 for the last hidden one.

    Attributes
    ----------
    estimator_ : DeepClassifier or DeepRegressor
        Fitted.
    n_features_in_ : int
    feature_names_in_ : array of str
        Names of the columns, if the training rows had any.
    """

    def __init__(self, estimator: Any, layer: int = -1) -> None:
        self.estimator = estimator
        self.layer = layer

    def fit(self, X: Any, y: Any = None, **params: Any) -> "LayerFeatures":
        """Fit the network.

        Parameters
        ----------
        X, y
            As the estimator's `fit` takes them.
        **params
            For the estimator's `fit`: all of them, or with metadata routing those that it asks for.

        Raises
        ------
        lamina.errors.SettingError
            The estimator is none of lamina's, or has no such layer.
        """
        inner = self.estimator.estimator if isinstance(self.estimator, FrozenEstimator) else self.estimator
        if not isinstance(inner, LayerOutputs):
            raise SettingError(
                f"estimator={type(inner).__name__}: expected a DeepClassifier or DeepRegressor, or a FrozenEstimator "
                "of one. Other steps go before LayerFeatures, in a pipeline; a model file gives an estimator by "
                "DeepClassifier.from_model(lamina.load(path))."
            )
        given = process_routing(self, "fit", **params).estimator.fit if _routing_is_on() else params
        fitted = clone(self.estimator).fit(X, y, **given)
        fitted._fitted().end_of_layer(self.layer)  # raises where there is none
        self.estimator_ = fitted
        return self

    def transform(self, X: Any) -> Any:
        """Return the activations of the layer, shape (m, units)."""
        check_is_fitted(self)
        return self.estimator_.transform(X, layer=self.layer)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names that the estimator gives to the units of the layer."""
        check_is_fitted(self)
        return np.asarray(self.estimator_.get_feature_names_out(layer=self.layer))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what is handed on to the estimator."""
        to_fit = MethodMapping().add(caller="fit", callee="fit").add(caller="fit_transform", callee="fit")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=to_fit)

    @property
    def n_features_in_(self) -> int:
        """The number of columns."""
        return int(_of_fitted(self, "n_features_in_"))

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """The names of the columns."""
        return np.asarray(_of_fitted(self, "feature_names_in_"))

    def _sk_visual_block_(self) -> Block:
        """Return what scikit-learn's diagram shows: the estimator, fitted where it is."""
        shown = getattr(self, "estimator_", self.estimator)
        title = f"layer {self.layer} of {type(shown).__name__}"
        return Block("serial", [shown], [title], [str(shown)])

    def __sklearn_tags__(self) -> Any:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags, tags.target_tags.required = inner.input_tags, inner.target_tags.required
        tags.transformer_tags.preserves_dtype = []
        return tags


def _of_fitted(features: LayerFeatures, name: str) -> Any:
    if not hasattr(features, "estimator_"):
        raise AttributeError(f"LayerFeatures has no {name} before it is fitted")
    return getattr(features.estimator_, name)


def _routing_is_on() -> bool:
    import sklearn

    return bool(sklearn.get_config()["enable_metadata_routing"])
