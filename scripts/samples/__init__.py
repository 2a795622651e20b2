"""Code samples: for every operation, how it is called with curl and with each client.

They are made from the contract and shown by the documentation (`generated/samples.json`). Each is a whole program that
finds the API in GALLEY_URL and the access token in GALLEY_TOKEN; `make clients` compiles all of them.
"""

import json
from pathlib import Path
from typing import Any

from scripts.samples import curl, python, typescript
from scripts.samples.calls import calls
from scripts.samples.recorded import OPENAPI

# In the order in which a reader finds them. A language has a function `render` that writes the program of a call.
LANGUAGES = (curl, python, typescript)


def samples(contract: dict[str, Any], openapi: Path = OPENAPI) -> dict[str, list[dict[str, str]]]:
    """Return the samples of every operation, by operationId: `lang` for highlighting, `label` for people, `source`.

    What was recorded below `openapi` is shown before what the examples of the contract alone would give.
    """
    return {
        call.operation_id: [
            {"lang": language.LANG, "label": language.LABEL, "source": language.render(call)} for language in LANGUAGES
        ]
        for call in calls(contract, openapi)
    }


def write(contract: dict[str, Any], path: Path) -> None:
    """Write the samples of a contract as JSON."""
    path.write_text(json.dumps(samples(contract), indent=2, ensure_ascii=False) + "\n")
