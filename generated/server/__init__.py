"""What handlers have to fit: a Protocol per tag, and all of them together."""

from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from app.runtime.results import HTTPResult

from .services import (
    AuditService,
    AuthService,
    CategoriesService,
    CommentsService,
    EventsService,
    FeedsService,
    ItemsService,
    JobsService,
    MailService,
    MediaService,
    MessagesService,
    NotificationsService,
    PostsService,
    SearchService,
    StatisticsService,
    TagsService,
    UsersService,
)

PrincipalT = TypeVar("PrincipalT")


@dataclass(frozen=True, kw_only=True)
class Services(Generic[PrincipalT]):
    """What serves each tag; a module of functions does, where they fit its Protocol."""

    auth: AuthService[PrincipalT]
    users: UsersService[PrincipalT]
    media: MediaService[PrincipalT]
    posts: PostsService[PrincipalT]
    comments: CommentsService[PrincipalT]
    messages: MessagesService[PrincipalT]
    feeds: FeedsService[PrincipalT]
    tags: TagsService[PrincipalT]
    categories: CategoriesService[PrincipalT]
    events: EventsService[PrincipalT]
    items: ItemsService[PrincipalT]
    search: SearchService[PrincipalT]
    statistics: StatisticsService[PrincipalT]
    audit: AuditService[PrincipalT]
    jobs: JobsService[PrincipalT]
    notifications: NotificationsService[PrincipalT]
    mail: MailService[PrincipalT]


__all__ = ["HTTPResult", "Services"]
