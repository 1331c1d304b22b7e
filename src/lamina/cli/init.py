"""lamina init: a TOML file with every setting."""

import shlex
from pathlib import Path

from lamina.cli.files import check_place
from lamina.cli.run_file import as_toml
from lamina.cli.terminal import Terminal
from lamina.errors import SettingError
from lamina.sealed_file import replacing


def init(*, out: Path = Path("lamina.toml"), force: bool = False) -> int:
    """Write a TOML file with every setting at its default, explained.

    Parameters
    ----------
    out
        Where to write it; by default lamina.toml.
    force
        Replace an existing file.
    """
    check_place("--out", out)
    if out.exists() and not force:
        raise SettingError(f"{str(out)!r} already exists: choose another name with --out, or replace it with --force")
    with replacing(out) as file:
        file.write(as_toml().encode())
    Terminal().say(f"{out} written. Edit it, then: lamina train --config {shlex.quote(str(out))}")
    return 0
