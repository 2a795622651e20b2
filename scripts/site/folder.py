"""The site as files: for the service under `generated/site/`, and to be opened or hosted anywhere."""

import json
import re
import shutil
from pathlib import Path
from posixpath import relpath

from scripts.site.document import Node
from scripts.site.pages import Samples, render

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "app/static"
ASSETS = ("galley.css", "site.js", "icon.svg")


def samples_of(folder: Path) -> Samples:
    """Read the calls by the real clients, if they have been made."""
    file = folder / "samples.json"
    return json.loads(file.read_text()) if file.exists() else {}


def file_of(path: str) -> str:
    """Return the file of a page: `/` is `index.html`, `/redoc/posts` is `redoc/posts.html`."""
    return f"{path.strip('/') or 'index'}.html"


def write_served(contract: Node, samples: Samples, folder: Path) -> None:
    """Write what the service sends; it puts in the addresses of the assets itself."""
    for path, html in render(contract, samples).items():
        file = folder / file_of(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(html)


def publish(contracts: Path, folder: Path, samples: Samples) -> None:
    """Write a site that needs no server: links are relative, assets and the contract lie beside the pages.

    `contracts` holds `openapi.json` and `openapi.yaml`. Raises SiteError as `render` does.
    """
    contract: Node = json.loads((contracts / "openapi.json").read_text())
    for path, html in render(contract, samples, served=False).items():
        file = file_of(path)
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(_relative(html, file))
    (folder / "static").mkdir(exist_ok=True)
    for name in ASSETS:
        shutil.copy(STATIC / name, folder / "static" / name)
    for name in ("openapi.json", "openapi.yaml"):
        shutil.copy(contracts / name, folder / name)


def _relative(html: str, file: str) -> str:
    """Turn addresses into relative ones as seen from `file`."""
    start = file.rpartition("/")[0] or "."

    def link(found: re.Match[str]) -> str:
        path, _, anchor = found[2].partition("#")
        target = path.strip("/") if "." in path else file_of(path)
        return f'{found[1]}="{relpath(target, start)}{"#" if anchor else ""}{anchor}"'

    html = re.sub(r'(href|src)="asset:([^"]+)"', rf'\1="{relpath("static", start)}/\2"', html)
    return re.sub(r'(href|src)="(/[^"]*)"', link, html)
