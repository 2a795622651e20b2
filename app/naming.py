"""What names in a contract mean elsewhere: operations and tags in Python, media types in HTTP.

It knows no contract, so that what derives `generated/` can ask it before there is any.
"""

import re


def snake(name: str) -> str:
    """Return a name as Python writes it: `createPost` is `create_post`, `API Keys` and `ApiKeys` are `api_keys`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+|__+", "_", words).lower()


def is_json(media_type: str) -> bool:
    """Whether what is of this media type is one JSON document (RFC 6839, section 3.1); lines of them are none."""
    return media_type == "application/json" or media_type.endswith("+json")
