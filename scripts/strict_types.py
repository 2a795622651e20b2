"""Where the generator's own translation of the contract takes too much or too little, types of ours stand in for it."""

from typing import Any

# By format; app/fields.py says how each is stricter.
FORMATS = {"uuid": "Id", "date-time": "Timestamp", "date": "Date"}
NAMES = ("Password",)


def overrides(contract: dict[str, Any]) -> dict[str, str]:
    """Return the type of ours that stands in for a schema, by the schema's name."""
    schemas: dict[str, Any] = contract["components"]["schemas"]
    ours = {name: name if name in NAMES else FORMATS.get(schemas[name].get("format")) for name in schemas}
    return {name: f"app.fields.{ours[name]}" for name in sorted(schemas) if ours[name]}


def with_integers(models: str) -> str:
    """Return the generated models with integers as JSON Schema has them: 20.0 is one, "20" and true are none."""
    before = "    StrictInt,\n"
    if models.count(before) == 0 or "from pydantic import (\n" not in models:
        return models
    head, _, rest = models.partition("from pydantic import (\n")
    return f"{head}from app.fields import StrictInt\nfrom pydantic import (\n{rest.replace(before, '', 1)}"
