"""The contract as one document, made afresh from its sources."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.releases.changes import redocly
from scripts.releases.records import ReleaseError


@contextmanager
def bundled(openapi: Path, kind: str = "json") -> Generator[Path]:
    """Lend the contract as a file, in JSON or YAML. Raises ReleaseError when its parts do not fit together."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"openapi.{kind}"
        done = redocly("bundle", str(openapi / "openapi.yaml"), f"--ext={kind}", f"--output={file}")
        if done.returncode:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            reason = lines[-1] if lines else "no reason was given"
            raise ReleaseError(f"openapi/openapi.yaml: it cannot be bundled, `make lint` says why: {reason}")
        yield file
