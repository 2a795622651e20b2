"""The sandbox: the service itself on a throw-away database, with a clock and ids that are the same every time.

`make sandbox` starts it for people, `serving` for scripts and tests; docs/decisions/0009-true-examples.md says how it
is made and what it promises.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.contract.service import running

# What the examples show, wherever the sandbox listens: the address of `make sandbox`.
PUBLIC_URL = "http://localhost:8001"


@contextmanager
def serving() -> Generator[str]:
    """Run a sandbox of one's own on a free port and give its address, such as `http://127.0.0.1:40123`.

    It and its database are gone when the block ends. Raises RuntimeError, with what it wrote, when it does not start.
    """
    with TemporaryDirectory(prefix="galley-sandbox-") as name:
        folder = Path(name)
        try:
            with running("scripts.sandbox", folder, {"PUBLIC_URL": PUBLIC_URL}) as address:
                yield address
        except RuntimeError as failure:
            # The log goes with the folder.
            written = (folder / "service.log").read_text().strip()
            raise RuntimeError(f"{failure}\n{written}") from failure
