"""Names for addresses, made from what people call a thing."""

import re
import unicodedata

MAX_LENGTH = 80


def slug_of(text: str, otherwise: str) -> str:
    """Return a slug of ASCII letters, digits and `-`; a text without any of these gives what else it is to be."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:MAX_LENGTH].strip("-") or otherwise
