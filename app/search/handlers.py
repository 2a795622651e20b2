"""The operations of the tag Search; together these functions are the generated `SearchService`."""

from app import pages
from app.access import Principal
from app.db import reading
from app.search import service
from generated.models import SearchPage, SearchType
from generated.server import HTTPResult


async def search_everything(
    *, principal: Principal | None, q: str, limit: int, cursor: str | None, kind: SearchType | None
) -> HTTPResult[SearchPage]:
    # The answer is the same for everybody; a token is verified when there is one, as everywhere.
    del principal
    async with reading() as connection:
        found = await service.find(connection, q, kind, pages.Asked(limit, cursor))
    return HTTPResult(200, found, pages.links(found.page))
