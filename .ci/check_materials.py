"""Whether a bill of materials names the package and everything that is installed with it, and no place on this machine.

python check_materials.py dist/tikhub_async-1.2.3.cdx.json     run by the Python whose packages are meant
"""

import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path


def main(path: Path) -> int:
    """Compare; the exit code."""
    text = path.read_text("utf-8")
    components = json.loads(text)["components"]
    listed = {(component["name"].lower(), component["version"]) for component in components}
    installed = {(found.name.lower(), found.version) for found in distributions()}
    assert listed == installed, f"listed and installed differ in {listed ^ installed}"
    nameless = [component["name"] for component in components if not component.get("purl")]
    assert not nameless, f"without a package URL: {nameless}"
    assert not re.search(r"file:|/tmp/|/home/", text), "a place on this machine is named"
    print(f"{path.name}: {len(components)} components")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
