"""What other libraries call the settings: for a message that names the one that was meant."""

from collections.abc import Iterable

from lamina.errors import nearest

FOREIGN: dict[str, tuple[str, ...]] = {
    "max_iter": (
        *("epoch", "epochs", "n_epochs", "num_epochs", "nb_epoch", "max_epochs", "num_train_epochs"),
        *("iterations", "n_iter", "num_iterations", "n_estimators", "steps", "max_steps", "max_fun"),
    ),
    "learning_rate_init": ("lr", "learning_rate", "base_lr", "max_lr", "lr_init", "eta", "eta0", "step_size"),
    "hidden_layer_sizes": (
        *("units", "n_units", "layers", "hidden", "n_hidden", "hidden_units", "hidden_layers", "hidden_sizes"),
        *("hidden_size", "hidden_dims", "layer_sizes", "layer_dims", "layers_dims", "architecture", "width"),
    ),
    "batch_size": ("batch", "bs", "mini_batch_size", "minibatch_size", "batchsize", "train_batch_size"),
    "activation": ("act", "act_fn", "activation_function", "hidden_activation", "nonlinearity", "transfer_function"),
    "optimizer": ("solver", "optim", "optimiser", "algorithm"),
    "optimizer='adamw(weight_decay=0.01)'": ("weight_decay", "wd", "decay"),
    "optimizer='momentum(beta1=0.9)'": ("momentum", "nesterovs_momentum"),
    "optimizer='adam(beta1=0.9)'": ("beta1", "beta_1", "beta2", "beta_2", "betas", "epsilon", "eps"),
    "optimizer='adam(clip_norm=1.0)'": ("clip_norm", "clipnorm", "grad_clip", "gradient_clip", "max_grad_norm"),
    "alpha": (
        *("l2", "lambda", "lambda_", "lambd", "reg_lambda", "reg", "l2_regularization", "regularization"),
        *("kernel_regularizer", "lambda_l2", "l2_leaf_reg"),
    ),
    "l1": ("l1_reg", "reg_alpha", "l1_regularization", "lambda_l1"),
    "class_weight": ("class_weights", "is_unbalance", "scale_pos_weight", "pos_weight"),
    "dropout": ("dropout_rate", "drop_rate", "dropout_prob", "p_drop", "drop", "keep_prob"),
    "normalization": ("batch_norm", "batchnorm", "use_bn", "layer_norm", "bn", "norm"),
    "initializer": ("init", "kernel_initializer", "weight_init", "init_method", "initialization"),
    "loss": ("objective", "criterion", "loss_fn", "loss_function", "cost_function"),
    "schedule": ("scheduler", "lr_scheduler", "lr_schedule", "learning_rate_schedule", "lr_policy", "power_t"),
    "early_stopping": ("es", "early_stop", "use_best_model"),
    "n_iter_no_change": ("patience", "early_stopping_rounds", "early_stopping_patience", "stopping_rounds"),
    "tol": ("tolerance", "min_delta", "threshold"),
    "validation_fraction": ("validation_split", "val_split", "val_size", "valid_size", "test_size", "val_fraction"),
    "max_time": ("time_limit", "timeout", "time_budget", "max_seconds", "budget"),
    "scoring": ("metric", "metrics", "eval_metric", "scorer", "monitor"),
    "n_members": ("ensemble", "n_ens", "n_models", "ensemble_size", "num_members", "k"),
    "averaging": ("ema", "ema_decay", "swa", "average", "polyak"),
    "categorical": ("cat_features", "categorical_features", "categorical_feature", "cat_cols", "cat_names"),
    "embedding_size": ("embedding_dim", "embed_dim", "emb_size", "emb_dim"),
    "numeric_embedding": ("num_emb_type", "plr", "num_embeddings", "periodic"),
    "scaling": ("scaler", "normalize", "standardize", "preprocessing", "scale"),
    "random_state": ("seed", "random_seed", "rng", "rng_seed"),
    "verbose": ("verbosity", "silent", "progress", "show_progress", "quiet"),
    "dtype": ("precision", "float_precision"),
    "warm_start": ("init_model", "continue_training"),
}
SETTING_OF = {other.replace("_", ""): name for name, others in FOREIGN.items() for other in others}


def meant(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'max_iter'?`` for "epochs" or "max_itr", or an empty string."""
    known = list(known)
    setting = SETTING_OF.get(name.lower().replace("_", "").replace("-", ""))
    if setting is None or setting.partition("=")[0] not in known:
        return nearest(name, known)
    return f" Did you mean {setting if '=' in setting else repr(setting)}?"
