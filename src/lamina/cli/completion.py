"""lamina --install-completion: commands and flags completed by the shell."""

from typing import Literal

from cyclopts.completion.detect import ShellDetectionError

from lamina.cli.terminal import Terminal
from lamina.errors import SettingError

Shell = Literal["zsh", "bash", "fish", "powershell"]


def install_completion(*, shell: Shell | None = None) -> int:
    """Let the shell complete commands and flags.

    Parameters
    ----------
    shell
        By default the one that this command is called from.
    """
    from lamina.cli.main import application

    try:
        path = application(()).install_completion(shell=shell)
    except ShellDetectionError:
        raise SettingError("which shell? Say --shell zsh, bash, fish or powershell") from None
    except UnicodeEncodeError:
        raise SettingError("the script holds characters that this locale lacks: run it with PYTHONUTF8=1") from None
    Terminal().say(f"{path} written: completion works in the next shell that is started")
    return 0
