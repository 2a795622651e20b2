"""Make the pages again from the bundle that is there, for who works on their layout or text: no Node is needed."""

import json
import shutil
import sys

from scripts.site.document import SiteError
from scripts.site.folder import ROOT, samples_of, write_served


def main() -> int:
    """Write `generated/site/`."""
    generated = ROOT / "generated"
    contract = json.loads((generated / "openapi.json").read_text())
    made = ROOT / "build/site"
    shutil.rmtree(made, ignore_errors=True)
    try:
        write_served(contract, samples_of(generated), made)
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    shutil.rmtree(generated / "site", ignore_errors=True)
    shutil.copytree(made, generated / "site")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
