# What the benchmark uses of Connexion, which is installed in an environment of its own.

from collections.abc import Awaitable, Callable
from typing import Any

class AsyncApp:
    def __init__(self, import_name: str) -> None: ...
    def add_api(
        self,
        specification: dict[str, Any],
        *,
        resolver: Callable[[str], Callable[..., object]],
        strict_validation: bool,
    ) -> object: ...
    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None: ...
