"""How often one may ask: the policies are the contract's, the quotas the settings'. Every answer tells what is left.

A request counts for the member whose credentials it brings, if they are ours and current, and else for the address it
comes from. What is forged, expired or unknown never gives anybody a quota of their own.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from limits import RateLimitItem, parse

from app.addresses import network_of
from app.contract import rate_limit_policies
from app.current import Current, current
from app.problems import Problem
from app.settings import Settings
from app.windows import Count, Memory
from generated.models import ProblemCode

if TYPE_CHECKING:
    from app.shared_windows import Redis

DEFAULT = "default"

Identify = Callable[[Mapping[bytes, bytes]], str | None]


class TooManyRequests(Problem):
    status, code, title = 429, ProblemCode.rate_limited, "There were too many requests."

    def __init__(self, seconds: float) -> None:
        """`seconds` says how long to wait."""
        super().__init__(headers={"Retry-After": str(max(ceil(seconds), 1))})


@dataclass(frozen=True, slots=True)
class _Policy:
    """A policy of the contract with its quota, and what counts under it."""

    name: str
    rate: RateLimitItem
    per_user: bool
    memory: Memory
    announced: tuple[bytes, bytes]
    # What an answer says of it: how many requests are left, and the seconds until that is one more.
    told: bytes

    def remaining(self, count: Count) -> tuple[bytes, bytes]:
        return (b"ratelimit", self.told % (max(count.left, 0), max(ceil(count.seconds), 0)))


def _policies(settings: Settings) -> dict[str, _Policy]:
    """Return the policies by name. Raises RuntimeError when the contract names one that has no setting."""
    found: dict[str, _Policy] = {}
    for name, described in rate_limit_policies().items():
        setting = "rate_limit" if name == DEFAULT else f"rate_limit_{name}"
        if setting not in Settings.model_fields:
            raise RuntimeError(f"the contract names the rate limit {name}; it needs a setting {setting.upper()}")
        rate = parse(getattr(settings, setting))
        announced = b'"%s";q=%d;w=%d' % (name.encode(), rate.amount, rate.get_expiry())
        per_user = described["per"] == "user"
        told = b'"%s";r=%%d;t=%%d' % name.encode()
        found[name] = _Policy(name, rate, per_user, Memory(rate), (b"ratelimit-policy", announced), told)
    return found


class Limits:
    """What counts requests; one for the whole service."""

    def __init__(self, settings: Settings, identify: Identify = lambda _: None) -> None:
        """`identify` returns who presents these headers' credentials, if they are valid as far as can be told at once.

        Raises RuntimeError when the contract names a policy that has no setting.
        """
        self._policies = _policies(settings)
        self._identify = identify
        self._url = settings.redis_url
        self.redis: Redis | None = None

    @asynccontextmanager
    async def shared(self) -> AsyncGenerator[None]:
        """Count in Redis, if there is one, for the length of the block."""
        if self._url is None:
            yield
            return
        from app.shared_windows import Redis  # noqa: PLC0415 - Who has no Redis need not keep its client in memory.

        self.redis = Redis(self._url)
        await self.redis.open()
        try:
            yield
        finally:
            redis, self.redis = self.redis, None
            await redis.close()

    async def admit(self, name: str, headers: Mapping[bytes, bytes]) -> None:
        """Count this request under the policy of this name. Raises TooManyRequests."""
        policy, request = self._policies[name], current()
        user = self._identify(headers) if policy.per_user else None
        count = await self._count(policy, user or network_of(request.address))
        request.quota = (policy.announced, policy.remaining(count))
        if not count.admitted:
            raise TooManyRequests(count.seconds)

    async def note(self, request: Current) -> None:
        """Count a request that was refused before anybody knew what it was for."""
        policy = self._policies[DEFAULT]
        count = await self._count(policy, network_of(request.address))
        request.quota = (policy.announced, policy.remaining(count))

    async def _count(self, policy: _Policy, subject: str) -> Count:
        # Counted here as well: when Redis goes, nobody begins anew.
        count = policy.memory.count(subject)
        if self.redis is None:
            return count
        return await self.redis.count(policy.rate, f"{policy.name}/{subject}") or count

    def clear(self) -> None:
        """Forget what this process has counted."""
        for policy in self._policies.values():
            policy.memory.clear()


@dataclass(slots=True)
class _InForce:
    limits: Limits | None = None


_in_force = _InForce()


def use(limits: Limits) -> None:
    """Count with these limits from now on."""
    _in_force.limits = limits


def in_force() -> Limits:
    """Return the limits that requests are counted with. Raises RuntimeError before there are any."""
    if _in_force.limits is None:
        raise RuntimeError("there are no limits yet")
    return _in_force.limits


async def check_redis() -> None:
    """Ask Redis for a sign of life. Raises ConnectionError or TimeoutError."""
    redis = in_force().redis
    if redis is None:
        raise ConnectionError("Redis is not in use yet")
    await redis.check()
