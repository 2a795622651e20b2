"""The names that files had where they came from: kept for people, and made harmless where a browser takes one."""

import re
import unicodedata
from urllib.parse import quote

from app.media.sniffing import EXTENSIONS
from generated.models import MediaType

MAX_LENGTH = 255
NAMELESS = "file"
# RFC 8187, section 3.2.1: what needs no percent-encoding.
_PLAIN = "!#$&+.^_`|~"


def kept(given: str) -> str:
    """Return the last part of a path, in whatever system's writing, without what is no character of a text."""
    last = re.split(r"[/\\]", given)[-1]
    text = "".join(character for character in last if unicodedata.category(character) not in ("Cc", "Cs"))
    return text.strip()[:MAX_LENGTH].strip() or NAMELESS


def _safe(name: str, media_type: MediaType) -> str:
    """Return a name that no system takes for a path, a device or a hidden file, with an extension of the type.

    What a file is called decides what opens it on its reader's machine: text that is called a page would run there.
    Characters without a shape, which turn the reading direction, go too.
    """
    text = "".join(character for character in name if not unicodedata.category(character).startswith("C"))
    text = re.sub(r'[<>:"/\\|?*%]', "_", text).strip(" .") or NAMELESS
    extensions = EXTENSIONS[media_type]
    if text.lower().endswith(extensions) and len(text) > len(extensions[0]):
        stem, dot, extension = text.rpartition(".")
    else:
        stem, dot, extension = text, "", extensions[0]
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", stem):
        stem = f"_{stem}"
    return f"{stem[: 120 - len(extension)].rstrip(' .') or NAMELESS}{dot}{extension}"


def disposition(name: str, media_type: MediaType, *, shown: bool) -> str:
    """Return a Content-Disposition (RFC 6266): plain for everybody, and in full where the name has other letters."""
    safe = _safe(name, media_type)
    plain = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^ !#-\[\]-~]", "_", plain).strip(" .")
    if not plain.lower().endswith(EXTENSIONS[media_type]) or plain.startswith("."):
        plain = f"{NAMELESS}{EXTENSIONS[media_type][0]}"
    kind = "inline" if shown else "attachment"
    full = "" if plain == safe else f"; filename*=UTF-8''{quote(safe, safe=_PLAIN)}"
    return f'{kind}; filename="{plain}"{full}'
