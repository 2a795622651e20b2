"""Where requests come from: addresses in one spelling, and what of them counts as one place."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

# One line of a provider has a network of this length, and its customer as many addresses in it as they like.
NETWORK_BITS = 64
REMEMBERED = 4_096
# The longest form of an IPv6 address has 45 characters; a zone may follow.
_MAX_LENGTH = 64


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    if len(text) > _MAX_LENGTH:
        return None
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@lru_cache(REMEMBERED)
def canonical(text: str) -> str:
    """Return the address in its one spelling (RFC 5952), IPv4 in IPv6 as IPv4; nothing for what is no address."""
    return str(_parse(text) or "")


@lru_cache(REMEMBERED)
def network_of(text: str) -> str:
    """Return what counts as one place: an IPv4 address, or the 64 bits of an IPv6 network; nothing for what is neither.

    All that is no address is one place, so that inventing some is of no use.
    """
    found = _parse(text)
    return f"{int(found) >> NETWORK_BITS:016x}" if isinstance(found, IPv6Address) else str(found or "")
