"""The other spec-first way in Python: Connexion 3 on ASGI, which reads a contract when it starts.

It serves one operation of the service's own contract: the same parameters with their schemas, the same token and the
same scope, all of them checked by Connexion, parameters that are not in the contract refused, and the answer made of a
dict. The token is decoded for each request, as Connexion's own example does; that its session lives is not asked,
which the service does. Answers are not validated, as those of the service are not in production.

`make bench` runs it in an environment of its own, which has no library of the service's.
"""

import json
from pathlib import Path
from typing import Any

from connexion import AsyncApp  # pyright: ignore[reportMissingModuleSource] - See above.

from scripts.bench.connexion_cut import cut
from scripts.bench.empty import FIRST, PAGE

BUNDLE = Path(__file__).parents[2] / "generated/openapi.json"


async def answer(**_: object) -> dict[str, Any]:
    return PAGE


app = AsyncApp(__name__)
app.add_api(cut(json.loads(BUNDLE.read_bytes()), FIRST), resolver=lambda _: answer, strict_validation=True)
