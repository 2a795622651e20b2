"""`make publish`: every artefact can be read, says the same as the contract, and is the same twice."""

import json
import re
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from app.meta.pages import SITE
from scripts import publish
from scripts.releases.changes import redocly
from scripts.releases.records import OPENAPI, ReleaseError
from tests.contract.document import BUNDLE

# One worker publishes, and all look at that.
pytestmark = pytest.mark.xdist_group("publish")
EXPECTED = {
    "CHANGELOG.md",
    "CHANGES.md",
    "clients/galley-client.tgz",
    "openapi.dereferenced.json",
    "openapi.json",
    "openapi.yaml",
    "reference.html",
}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the builds of the clients leave, as far as publishing cares."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "galley-client.tgz").write_bytes(b"\x1f\x8b an archive")
    return folder


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory, clients: Path) -> Path:
    """What goes out."""
    folder = tmp_path_factory.mktemp("published") / "dist"
    said = publish.publish(folder, clients=clients)
    assert said.startswith("dist/: contract "), said
    return folder


def sums(folder: Path) -> dict[str, str]:
    """Return the checksums that were published, by file."""
    lines = (folder / publish.SUMS).read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


class TestSums:
    def test_are_of_every_file(self, dist: Path) -> None:
        files = {path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file()}
        assert {file for file in files if not file.startswith("site/")} == EXPECTED | {publish.SUMS}
        assert set(sums(dist)) == files - {publish.SUMS}
        for name, digest in sums(dist).items():
            assert sha256((dist / name).read_bytes()).hexdigest() == digest, name

    def test_are_checked_by_the_usual_tool(self, dist: Path) -> None:
        done = subprocess.run(
            ["sha256sum", "--check", "--strict", publish.SUMS], cwd=dist, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout

    def test_are_the_same_again(self, dist: Path, clients: Path, tmp_path: Path) -> None:
        (tmp_path / "dist").mkdir()
        (tmp_path / "dist/left-over").write_text("of another time")
        publish.publish(tmp_path / "dist", clients=clients)
        assert sums(tmp_path / "dist") == sums(dist)
        assert not (tmp_path / "dist/left-over").exists()


class TestContract:
    def test_is_what_is_served(self, dist: Path) -> None:
        assert (dist / "openapi.json").read_bytes() == BUNDLE.read_bytes()

    def test_says_the_same_in_yaml(self, dist: Path) -> None:
        read: Any = yaml.load((dist / "openapi.yaml").read_text(), yaml.CSafeLoader)
        assert read == json.loads((dist / "openapi.json").read_bytes())


class TestDereferenced:
    def test_refers_to_nothing_but_what_contains_itself(self, dist: Path) -> None:
        text = (dist / "openapi.dereferenced.json").read_text()
        kept = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', text))
        assert text.count('"$ref"') == len(re.findall(r'"\$ref": "#/components/schemas/', text))
        document = json.loads(text)
        assert set(document["components"].get("schemas", {})) == kept
        for name in kept:
            own = json.dumps(document["components"]["schemas"][name])
            assert f'"$ref": "#/components/schemas/{name}"' in own, f"{name} does not contain itself"

    def test_says_what_redocly_says(self, dist: Path, tmp_path: Path) -> None:
        """Redocly writes a schema that contains itself with YAML's anchors, which JSON has not."""
        made = tmp_path / "theirs.yaml"
        done = redocly("bundle", str(dist / "openapi.json"), "--dereferenced", "--ext=yaml", f"--output={made}")
        assert done.returncode == 0, done.stderr
        theirs: Any = yaml.load(made.read_text(), yaml.CSafeLoader)
        ours = json.loads((dist / "openapi.dereferenced.json").read_bytes())
        compared = sum(same(ours[name], theirs[name], name) for name in ours if name != "components")
        assert compared > 10_000


def same(ours: Any, theirs: Any, place: str) -> int:
    """Compare two nodes as deep as ours goes; return how many were compared."""
    if isinstance(ours, dict):
        own = cast("dict[str, Any]", ours)
        if "$ref" in own:
            return 1
        assert own.keys() == theirs.keys(), place
        return 1 + sum(same(own[name], theirs[name], f"{place}/{name}") for name in own)
    if isinstance(ours, list):
        pairs = zip(cast("list[Any]", ours), theirs, strict=True)
        return 1 + sum(same(*pair, f"{place}/{number}") for number, pair in enumerate(pairs))
    assert ours == theirs, place
    return 1


class TestReference:
    def test_asks_no_other_host(self, dist: Path) -> None:
        page = (dist / "reference.html").read_text()
        assert page.index(publish.POLICY) < page.index("<script")
        assert "default-src 'none'" in publish.POLICY
        assert "http" not in publish.POLICY
        assert "cdn.redoc.ly" not in page
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//", page)

    def test_shows_the_contract(self, dist: Path) -> None:
        page = (dist / "reference.html").read_text()
        assert "<title>Galley</title>" in page
        for name in ("createPost", "ValidationFailed", "getPostBySlug"):
            assert name in page


class TestSite:
    def test_has_the_pages_that_the_service_shows(self, dist: Path) -> None:
        # These need a service behind them.
        own = {Path("docs.html"), Path("verify-email.html"), Path("reset-password.html")}
        shown = {file.relative_to(SITE) for file in SITE.rglob("*.html")} - own
        assert {file.relative_to(dist / "site") for file in (dist / "site").rglob("*.html")} == shown

    def test_has_the_contract_beside_it(self, dist: Path) -> None:
        assert (dist / "site/openapi.json").read_bytes() == (dist / "openapi.json").read_bytes()


class TestChanges:
    def test_are_those_of_this_version(self, dist: Path) -> None:
        version = json.loads((dist / "openapi.json").read_bytes())["info"]["version"]
        lines = (dist / "CHANGES.md").read_text().splitlines()
        headings = [line for line in lines if line.startswith("## ")]
        assert len(headings) == 1
        assert headings[0].startswith(f"## {version}, ")
        assert (dist / "CHANGELOG.md").read_bytes() == (OPENAPI / "CHANGELOG.md").read_bytes()


class TestFailure:
    def test_leaves_what_was_published(self, tmp_path: Path) -> None:
        (tmp_path / "dist").mkdir()
        (tmp_path / "dist/openapi.json").write_text("{}")
        with pytest.raises(ReleaseError, match=r"/nothing: no client is built: run `make clients`$"):
            publish.publish(tmp_path / "dist", clients=tmp_path / "nothing")
        broken = tmp_path / "openapi"
        broken.mkdir()
        (broken / "openapi.yaml").write_text("openapi: 3.1.0\npaths:\n  /posts:\n    $ref: nowhere.yaml\n")
        (tmp_path / "clients").mkdir()
        (tmp_path / "clients/one").write_text("one")
        with pytest.raises(ReleaseError, match=r"^openapi/openapi.yaml: it cannot be bundled, `make lint` says why"):
            publish.publish(tmp_path / "dist", openapi=broken, clients=tmp_path / "clients")
        assert [path.name for path in (tmp_path / "dist").iterdir()] == ["openapi.json"]
        assert {path.name for path in tmp_path.iterdir()} == {"dist", "openapi", "clients"}
