"""Write build/sbom.json: what a plain installation brings along, as CycloneDX. `make sbom` runs it.

That is what requirements/run.lock pins, the libraries of the lab's page, which are copies in the wheel, and nanobind,
which is compiled into the kernels. It is checked against CycloneDX' own schema, and is the same for the same lock.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import vendor
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "build" / "sbom.json"
LOCK = ROOT / "requirements" / "run.lock"


def of_the_lock() -> dict[str, Any]:
    """Return what CycloneDX' own program makes of the lock file, with lamina as what it is about."""
    program = Path(sys.executable).parent / "cyclonedx-py"
    options = ["--mc-type", "library", "--spec-version", "1.6", "--output-reproducible", "--validate"]
    command = [program, "requirements", LOCK, "--pyproject", ROOT / "pyproject.toml", *options]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"cyclonedx-py: {done.stderr.strip()}")
    return json.loads(done.stdout)


def in_the_wheel() -> list[dict[str, Any]]:
    """Return what is part of the wheel, and so of no lock file."""
    found = [
        {
            "type": "library",
            "bom-ref": f"in-the-wheel-{package.name}",
            "name": package.name,
            "version": package.version,
            "purl": f"pkg:npm/{package.name}@{package.version}",
            "hashes": [{"alg": "SHA-256", "content": package.sha256}],
            "licenses": [{"license": {"id": "MIT"}}],
            "description": "a copy in lamina/laboratory/vendor",
        }
        for package in vendor.PACKAGES
    ]
    version = re.search(r"^nanobind==(\S+)", (ROOT / "requirements" / "dev.lock").read_text(), re.M).group(1)
    nanobind = {
        "type": "library",
        "bom-ref": "in-the-wheel-nanobind",
        "name": "nanobind",
        "version": version,
        "purl": f"pkg:pypi/nanobind@{version}",
        "licenses": [{"license": {"id": "BSD-3-Clause"}}],
        "description": "compiled into lamina/_kernels",
    }
    return [*found, nanobind]


def main() -> None:
    """Write it, if it is valid and has every line of the lock."""
    bill = of_the_lock()
    locked = set(re.findall(r"^([a-z0-9_.-]+)==", LOCK.read_text(), re.M))
    missing = locked - {one["name"] for one in bill["components"]}
    if missing:
        raise SystemExit(f"{', '.join(sorted(missing))}: in {LOCK.name}, and not in the list")
    for one in bill["components"]:
        del one["description"]  # the line of the lock with all hashes, which stand beside it already
    bill["components"] += in_the_wheel()
    about = bill["metadata"]["component"]["bom-ref"]
    refs = [one["bom-ref"] for one in bill["components"]]
    bill["dependencies"] = [{"ref": about, "dependsOn": refs}, *({"ref": ref} for ref in refs)]
    text = json.dumps(bill, indent=2)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        raise SystemExit(f"no valid CycloneDX 1.6: {problem}")
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text(text + "\n")
    print(f"{len(bill['components'])} components in {PLACE.relative_to(ROOT)}, valid CycloneDX 1.6")


if __name__ == "__main__":
    main()
