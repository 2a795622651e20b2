"""Write what goes out to those who use the API: everything in `dist/`, the same bytes whenever it is run."""

import json
import re
import sys
from hashlib import sha256
from pathlib import Path
from shutil import copy2, rmtree
from tempfile import TemporaryDirectory

from scripts.releases import changelog, gate, records
from scripts.releases.bundle import bundled
from scripts.releases.changes import redocly
from scripts.releases.dereferenced import dereferenced
from scripts.releases.records import OPENAPI, ROOT, ReleaseError
from scripts.site import folder as site
from scripts.site.document import SiteError

DIST = ROOT / "dist"
# Where the build of each client leaves its archive.
CLIENTS = ROOT / "build/clients/dist"
SUMS = "SHA256SUMS"
# The page loads a picture for its own menu from a foreign host, and has no option against it. An empty one takes its
# place, and the policy keeps whatever a later version may want to load from being asked for.
FOREIGN_LOGO = re.compile(r"https://cdn\.redoc\.ly/[\w./-]+")
EMPTY_IMAGE = "data:,"
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "worker-src blob:; connect-src blob:; base-uri 'none'; form-action 'none'"
)


def publish(target: Path, *, openapi: Path = OPENAPI, clients: Path = CLIENTS) -> str:
    """Write all of it into the folder `target`, which is replaced as a whole or not at all."""
    if not clients.is_dir() or not any(clients.iterdir()):
        place = clients.relative_to(ROOT) if clients.is_relative_to(ROOT) else clients
        raise ReleaseError(f"{place}: no client is built: run `make clients`")
    with TemporaryDirectory(dir=target.parent) as name:
        made = Path(name) / "dist"
        made.mkdir()
        with bundled(openapi, "json") as contract:
            copy2(contract, made / "openapi.json")
            now = gate.standing(openapi, contract)
        with bundled(openapi, "yaml") as contract:
            copy2(contract, made / "openapi.yaml")
        plain = dereferenced(now.contract)
        (made / "openapi.dereferenced.json").write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
        (made / "CHANGELOG.md").write_text(changelog.changelog(now))
        (made / "CHANGES.md").write_text(changelog.newest(now))
        _reference(made / "openapi.json", made / "reference.html", now.contract["info"]["title"])
        _site(made)
        (made / "clients").mkdir()
        for archive in sorted(clients.iterdir()):
            copy2(archive, made / "clients" / archive.name)
        files = sorted(path for path in made.rglob("*") if path.is_file())
        lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(made).as_posix()}\n" for path in files]
        (made / SUMS).write_text("".join(lines))
        rmtree(target, ignore_errors=True)
        made.rename(target)
    version = records.version_of(now.contract)
    recorded = now.last is not None and not now.differs
    note = "" if recorded else "; it is not recorded as published, which `make release` does"
    return f"{target.name}/: contract {version}, {len(lines)} files{note}"


def _reference(contract: Path, target: Path, title: str) -> None:
    """Write the reference for reading as one page that asks no other host for anything."""
    done = redocly("build-docs", str(contract), f"--output={target}", "--inlineBundle", f"--title={title}")
    if done.returncode or not target.exists():
        raise ReleaseError(f"{contract.name}: `redocly build-docs` fails: {' '.join(done.stderr.split())[-300:]}")
    policy = f'<head>\n  <meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    page = FOREIGN_LOGO.sub(EMPTY_IMAGE, target.read_text())
    target.write_text(page.replace("<head>", policy, 1))


def _site(made: Path) -> None:
    """Write the pages that the service shows, guides and problems included, so that they can be read without it."""
    try:
        site.publish(made, made / "site", site.samples_of(ROOT / "generated"))
    except SiteError as failure:
        raise ReleaseError(str(failure)) from failure


def main() -> None:
    """Publish, or exit with 1 and the reason."""
    try:
        print(publish(DIST))
    except ReleaseError as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
