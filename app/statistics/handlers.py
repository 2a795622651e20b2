"""The operations of the tag Statistics; together these functions are the generated `StatisticsService`."""

from app.access import Principal
from app.statistics import service
from generated.models import Statistics
from generated.server import HTTPResult


async def get_statistics(*, principal: Principal | None) -> HTTPResult[Statistics]:
    return HTTPResult(200, service.shown(principal, await service.figures()))
