"""How large a network the lab takes on: it keeps many copies of the parameters, and every array of a step."""

from lamina.equations.network import Network
from lamina.errors import DataError, SettingError
from lamina.learning.run import Run

MOST_PARAMETERS = 4_000_000
MOST_UNITS = 2**16  # of all layers and members together: pictures keep what each gives for 2,000 rows
MOST_INPUTS = 2**27  # numbers of the encoded rows: 1 GiB
MOST_IN_A_STEP = 2**25  # numbers of the arrays of a step: 256 MiB
ARRAYS = 2  # of a layer's part, for each example and unit: what it gives, and its derivative


def check_size(network: Network, rows: int) -> None:
    """Find out whether a network and its rows are of a size that the lab can work with.

    Raises
    ------
    SettingError
        The network is too large.
    DataError
        The rows are, once they are encoded.
    """
    units = network.members * sum(network.widths)
    if network.size > MOST_PARAMETERS or units > MOST_UNITS:
        raise SettingError(
            f"this network would have {network.size:,} parameters, and layers of {units:,} units in all. The lab takes "
            f"on {MOST_PARAMETERS:,} and {MOST_UNITS:,}: choose fewer or smaller layers, or train it with lamina train."
        )
    if rows * network.n_inputs > MOST_INPUTS:
        raise DataError(
            f"{rows:,} rows become {network.n_inputs:,} inputs each, more than the lab takes on. Leave out columns of "
            "many different values, or set embed_above or max_categories lower."
        )


def check_step(run: Run) -> None:
    """Find out whether every array of one step fits into memory, and on a page.

    Raises
    ------
    SettingError
        It does not.
    """
    m = min(run.recipe.batch_size, run.examples.n)
    of_an_example = ARRAYS * run.network.members * (run.network.n_inputs + sum(run.network.widths))
    if m * of_an_example > MOST_IN_A_STEP:
        raise SettingError(
            f"a step of {m:,} examples has more numbers than the lab can keep: set batch_size to "
            f"{max(MOST_IN_A_STEP // of_an_example, 1):,} or less to look into one."
        )
