"""What the clients made by openapi-generator share: the bundle as it reads it, its options, and its warnings."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from sysconfig import get_path
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from scripts.clients.language import ClientError, run

JAR = Path(get_path("purelib")) / "openapi_generator_cli/openapi-generator.jar"
# ZIP knows no time before 1980; an archive of the same contract is the same file, whenever it is built.
_EPOCH = datetime(1980, 1, 1, tzinfo=UTC).timetuple()[:6]
# Said for every document of OpenAPI 3.1, whatever is in it; and of every list of files, which have no enumeration.
_EXPECTED = (
    "OpenAPI 3.1 support is still in beta",
    "Could not compute datatypeWithEnum from *os.File, null",
    "Could not compute datatypeWithEnum from File, null",
)
# What both generators are told: an answer with members or values that a later version of the contract added is read,
# and the same contract makes the same files.
OPTIONS: Mapping[str, object] = {
    "disallowAdditionalPropertiesIfNotPresent": False,
    "enumUnknownDefaultCase": True,
    "hideGenerationTimestamp": True,
}


@dataclass(frozen=True)
class Correction:
    """A passage of a generator's template that makes wrong code, how often it stands there, and what replaces it."""

    template: str
    wrong: str
    right: str
    times: int = 1


def _walk(node: object) -> None:
    if isinstance(node, dict):
        members = cast("dict[str, Any]", node)
        if members.get("type") == "number":
            # As wide as JSON's numbers are in practice; the generator would take half of it.
            members.setdefault("format", "double")
        if "schema" in members:
            # Examples of bodies and parameters make no code, and the generator warns of those that it leaves out.
            members.pop("examples", None)
        if "x-enum-varnames" in members:
            # They are the names of Python's enumerations; in these languages constants are in capitals.
            members["x-enum-varnames"] = [name.upper() for name in members["x-enum-varnames"]]
        for value in members.values():
            _walk(value)
    elif isinstance(node, list):
        for value in cast("list[Any]", node):
            _walk(value)


def prepared(bundle: Path) -> dict[str, Any]:
    """Return the contract in the words that openapi-generator understands; it says the same.

    A client that holds a token sends it as RFC 6750 says, however it came by it: with the scheme `oauth2` the generated
    code wants a library that fetches tokens, while logIn and refreshTokens are operations like any other.
    """
    contract: dict[str, Any] = json.loads(bundle.read_bytes())
    _walk(contract)
    schemes: dict[str, dict[str, Any]] = contract.get("components", {}).get("securitySchemes", {})
    for name, scheme in schemes.items():
        if scheme["type"] == "oauth2":
            said = {key: scheme[key] for key in ("description",) if key in scheme}
            schemes[name] = {"type": "http", "scheme": "bearer", **said}
    return contract


def _complaints(said: str) -> list[str]:
    lines = [line for line in said.splitlines() if " WARN " in line or " ERROR " in line]
    return [line for line in lines if not any(expected in line for expected in _EXPECTED)]


def corrected(corrections: Sequence[Correction], folder: Path) -> None:
    """Write corrected templates of the pinned generator into a folder, where the generator looks before its own.

    Raises ClientError when a passage is not there as often: another version of the generator has mended or moved it.
    """
    with ZipFile(JAR) as jar:
        for correction in corrections:
            target = folder / correction.template
            text = target.read_text() if target.exists() else jar.read(correction.template).decode()
            found = text.count(correction.wrong)
            if found != correction.times:
                raise ClientError(
                    f"the generator's {correction.template} holds `{correction.wrong.strip()}` {found} times instead "
                    f"of {correction.times}: see whether the correction in scripts/clients is still needed, and where"
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace(correction.wrong, correction.right))


def generate(bundle: Path, folder: Path, config: Mapping[str, object], *, leave_out: Sequence[str]) -> Path:
    """Generate a client into a folder, which it returns; files that match `leave_out` are not written.

    Raises ClientError when the generator fails, and when it warns: what it warns about compiles and does not work.
    """
    target = folder / "generated"
    target.mkdir()
    (target / ".openapi-generator-ignore").write_text("".join(f"{pattern}\n" for pattern in leave_out))
    derived, settings = folder / "openapi.json", folder / "generator.json"
    derived.write_text(json.dumps(prepared(bundle), indent=1))
    settings.write_text(json.dumps({"inputSpec": str(derived), "outputDir": str(target), **config}, indent=1))
    generator = Path(sys.executable).parent / "openapi-generator-cli"
    complaints = _complaints(run(generator, "generate", "--config", settings, cwd=folder))
    if complaints:
        raise ClientError("\n".join([f"openapi-generator warns about {bundle.name}; mend the contract:", *complaints]))
    return target


def archive(target: Path, source: Path, files: Sequence[Path], prefix: str = "") -> Path:
    """Pack files below a folder into a ZIP that depends on nothing but their names and contents."""
    with ZipFile(target, "w", ZIP_DEFLATED) as packed:
        for path in sorted(files):
            entry = ZipInfo(prefix + path.relative_to(source).as_posix(), _EPOCH)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes(), ZIP_DEFLATED)
    return target
