"""The server's part of what is generated: the Protocols that handlers fit, and nothing that runs.

The generator writes a server for FastAPI around them. Ours is compiled from the contract when the service starts
(app/runtime), so of all that it writes the Protocols alone are kept.
"""

import re
from pathlib import Path

from app.naming import snake

# What the Protocols take from the generator's own server, and what stands in for it.
RESULT_OF_GENERATOR = "from ._runtime.server.responses import HTTPResult\n"
RESULT = "from app.runtime.results import HTTPResult\n"
# Where no operation of a tag asks for credentials, its Protocol knows no principal.
_SERVICE = re.compile(r"^class ((\w+)Service)\(Protocol(\[PrincipalT_contra\])?\):$", re.MULTILINE)
_HEAD = '''"""What handlers have to fit: a Protocol per tag, and all of them together."""

from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from app.runtime.results import HTTPResult

from .services import (
{imports}
)

PrincipalT = TypeVar("PrincipalT")


@dataclass(frozen=True, kw_only=True)
class Services(Generic[PrincipalT]):
    """What serves each tag; a module of functions does, where they fit its Protocol."""

{members}


__all__ = ["HTTPResult", "Services"]
'''


def package(services: str) -> str:
    """Return the module that puts the Protocols of a module together. Raises ValueError where it has none."""
    found = _SERVICE.findall(services)
    if not found:
        raise ValueError("the generator wrote no Protocol")
    return _HEAD.format(
        imports="\n".join(f"    {name}," for name in sorted(name for name, _, _ in found)),
        members="\n".join(
            f"    {snake(tag)}: {name}{'[PrincipalT]' if secured else ''}" for name, tag, secured in found
        ),
    )


def write(services: str, folder: Path) -> None:
    """Write the package. Raises ValueError where the generator does not write what it used to."""
    if services.count(RESULT_OF_GENERATOR) != 1:
        raise ValueError("the generator takes HTTPResult from another place than before")
    folder.mkdir()
    (folder / "services.py").write_text(services.replace(RESULT_OF_GENERATOR, RESULT))
    (folder / "__init__.py").write_text(package(services))
    (folder / "py.typed").touch()
