"""The only place where the parts meet: modules of handlers become the services that the contract asks for."""

import gc
import inspect
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import IPv4Network, ip_network

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import contract, db, limits, meta, problems, slices, writes
from app.access import authorize, identify
from app.around import Around
from app.frame import Frame
from app.limits import Limits
from app.meta.health import Check
from app.naming import snake
from app.runtime.dispatch import Dispatch
from app.runtime.kept import Kept
from app.runtime.plans import Handler, Options, Plan, plan
from app.settings import Settings, settings
from app.streams import STREAMED

COMPRESS_FROM_BYTES = 1024
# What stands before the 32 bits of an IPv4 address in an IPv6 one (RFC 4291, section 2.5.5.2).
MAPPED_BITS = 96


def plans() -> list[Plan]:
    """Return the plan of every operation. Raises RuntimeError when one has no handler or a handler serves none."""
    current = settings()
    options = Options(current.max_body_bytes, current.max_streamed_bytes, current.checked_answers)
    services = slices.services()
    found: list[Plan] = []
    for operation in contract.operations().values():
        service, name = getattr(services, operation.service, None), snake(operation.name)
        handler = getattr(service, name, None)
        if handler is None:
            raise RuntimeError(f"no handler serves {operation.name}: there is no {name}")
        found.append(plan(operation, handler, authorize, options))
    _refuse_surplus([entry.handler for entry in found])
    return found


def _refuse_surplus(serving: list[Handler]) -> None:
    for module in slices.HANDLERS:
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and function not in serving:
                raise RuntimeError(f"{module.__name__}.{name} serves no operation of the contract")


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncGenerator[None]:
    current = settings()
    if current.database_url is None:
        raise RuntimeError("DATABASE_URL is not set; `python -m app` sets it for its workers")
    pool = await db.connect(current, current.database_url)
    # What is there now stays, so the collector need not walk it again and again: +28 % throughput, half the p99.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    signs = partial(db.open_connection, current, current.database_url, name="galley signs")
    async with limits.in_force().shared(), writes.shared(signs), slices.at_work():
        yield
    db.use(None)
    await pool.close()


def _proxies(current: Settings) -> list[str]:
    """Return whom to believe where a request comes from; one that listens on IPv6 sees IPv4 addresses mapped."""
    networks = [ip_network(text) for text in current.trusted_proxies]
    mapped = [
        f"::ffff:{network.network_address}/{network.prefixlen + MAPPED_BITS}"
        for network in networks
        if isinstance(network, IPv4Network)
    ]
    return [*map(str, networks), *mapped]


def middleware(current: Settings) -> list[Middleware]:
    """Return what stands around every request, outermost first."""
    proxies = _proxies(current)
    return [
        *([Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)] if proxies else []),
        Middleware(Frame, https_only=current.https_only),
        Middleware(Around, **layers(current)),
    ]


def layers(current: Settings) -> dict[str, Middleware]:
    """Return the layers of Starlette that are asked where they have something to do."""
    return {
        "hosts": Middleware(TrustedHostMiddleware, allowed_hosts=list(current.allowed_hosts), www_redirect=False),
        "cors": Middleware(
            CORSMiddleware,
            allow_origins=list(current.backend_cors_origins),
            # Cookies too: each origin is named, and what changes something takes the token of its session besides.
            allow_credentials=True,
            allow_methods=sorted({operation.method for operation in contract.operations().values()}),
            allow_headers=sorted({"Content-Type", "X-Request-ID", *contract.request_headers()}),
            expose_headers=sorted(contract.response_headers()),
            max_age=600,
        ),
        "compression": Middleware(
            GZipMiddleware,
            minimum_size=COMPRESS_FROM_BYTES,
            compresslevel=5,
            exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *STREAMED),
        ),
    }


def create_app() -> ASGIApp:
    """Return the service. Raises when an operation has no handler or a handler no operation."""
    current = settings()
    limits.use(Limits(current, identify))
    spared: dict[str, Check] = {"redis": limits.check_redis} if current.redis_url else {}
    pages = meta.routes(check_database=db.check, spared=spared)
    framework = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        routes=[*pages, *slices.pages()],
        exception_handlers=problems.HANDLERS,
        lifespan=_lifespan,
        # Nothing is configured to receive it, and finding that out anew costs every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    kept = Kept(current.public_cache_seconds)
    writes.use(kept.clear)
    app: ASGIApp = Dispatch(framework, plans(), kept)
    for part, args, kwargs in reversed(middleware(current)):
        app = part(app, *args, **kwargs)
    return app
