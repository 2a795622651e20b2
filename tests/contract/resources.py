"""What requests are about: how a thing is made for each path parameter, and bodies that no schema can give."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.ids import new_id
from tests.factories import Factory, Member
from tests.factory_media import PIXEL


async def _post(make: Factory, author: Member) -> str:
    return str(await make.post(author))


async def _comment(make: Factory, author: Member) -> str:
    return str(await make.comment(await make.post(), author))


async def _tag(make: Factory, _: Member) -> str:
    return str(await make.tag("engines"))


async def _category(make: Factory, _: Member) -> str:
    return str(await make.category("looms"))


async def _item(make: Factory, owner: Member) -> str:
    return str(await make.item(owner))


async def _revision(_: Factory, author: Member) -> str:
    del author
    # Every post has this one.
    return "1"


async def _job(make: Factory, author: Member) -> str:
    # What has failed can be retried, what is queued cancelled: retrying changes nothing about a queued one.
    return str(await make.job(author))


async def _event(make: Factory, author: Member) -> str:
    return str(await make.happening(author))


async def _notification(make: Factory, author: Member) -> str:
    return str(await make.notification(author))


async def _session(_: Factory, author: Member) -> str:
    return str(author.session_id)


async def _api_key(make: Factory, author: Member) -> str:
    identifier = new_id()
    await make.key(author, frozenset(), id=identifier)
    return str(identifier)


async def _username(_: Factory, author: Member) -> str:
    return author.username


async def _user(make: Factory, _: Member) -> str:
    return str((await make.member()).id)


async def _slug(make: Factory, author: Member) -> str:
    await make.post(author, slug="looms-and-engines")
    return "looms-and-engines"


async def _room(make: Factory, author: Member) -> str:
    """A room of the author's that somebody else is in as well, so that the author may leave it."""
    room_id = await make.room(author.id)
    await make.room_member(room_id, (await make.member()).id)
    return str(room_id)


async def _message(make: Factory, author: Member) -> str:
    return str(await make.message(await make.room(author.id), author.id))


async def _media(make: Factory, author: Member) -> str:
    return str(await make.media(author))


async def _variant(make: Factory, author: Member) -> str:
    # Of the medium that was made just before.
    return str(await make.variant(author))


Maker = Callable[[Factory, Member], Awaitable[str]]

# How to make what a path parameter names, and a valid value that names nothing. A new parameter gets a line here.
RESOURCES: dict[str, tuple[Maker, str]] = {
    "post_id": (_post, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "comment_id": (_comment, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "item_id": (_item, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "tag_id": (_tag, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "category_id": (_category, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "number": (_revision, "2147483647"),
    "job_id": (_job, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "event_id": (_event, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "notification_id": (_notification, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "media_id": (_media, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "variant_id": (_variant, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "session_id": (_session, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "api_key_id": (_api_key, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "username": (_username, "nobody_at_all"),
    "user_id": (_user, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "slug": (_slug, "no-such-post"),
    "room_id": (_room, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    "message_id": (_message, "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
}


async def _mate(make: Factory, author: Member) -> dict[str, str]:
    """A room of the author's, and somebody who is in it."""
    mate = await make.member()
    room_id = await make.room(author.id)
    await make.room_member(room_id, mate.id)
    return {"room_id": str(room_id), "username": mate.username}


async def _guest(make: Factory, author: Member) -> dict[str, str]:
    """A room of the author's, and somebody who is invited to it."""
    guest = await make.member()
    room_id = await make.room(author.id)
    await make.invitation(room_id, guest.id)
    return {"room_id": str(room_id), "username": guest.username}


async def _invited(make: Factory, author: Member) -> dict[str, str]:
    """A room of somebody else's to which the author is invited."""
    room_id = await make.room((await make.member()).id, visibility="private")
    await make.invitation(room_id, author.id)
    return {"room_id": str(room_id)}


async def _shown(make: Factory, owner: Member) -> dict[str, str]:
    """An item of the owner's, and an image of it."""
    item_id = await make.item(owner)
    return {"item_id": str(item_id), "media_id": str(await make.item_image(item_id, owner))}


# Where what a path names depends on the operation, or on what else it names. Such an operation gets a line here.
PLACES: dict[str, Callable[[Factory, Member], Awaitable[dict[str, str]]]] = {
    "removeRoomMember": _mate,
    "withdrawInvitation": _guest,
    "declineInvitation": _invited,
    "removeItemImage": _shown,
}


async def _ids(make: Factory, author: Member) -> Any:
    return {"ids": [await _post(make, author), await _post(make, author)]}


async def _into(make: Factory, _: Member) -> Any:
    return {"into": str(await make.tag("looms"))}


async def _name(_: Factory, __: Member) -> Any:
    # The least that the schema allows may be another address, which takes a fresh login.
    return {"full_name": "Ada Lovelace"}


async def _files(_: Factory, __: Member) -> Any:
    return {"files": [b"Over two, under one."]}


async def _pixel(_: Factory, __: Member) -> Any:
    return {"files": [PIXEL]}


async def _image(make: Factory, author: Member) -> Any:
    return {"media_id": await _media(make, author)}


async def _size(_: Factory, __: Member) -> Any:
    return {"width": 64}


async def _avatar(make: Factory, author: Member) -> str:
    return str(await make.avatar(author))


# Bodies that speak of things which have to be there, or that ask for no more than the operation itself does. An
# operation that takes such a body gets a line here.
BODIES: dict[str, Callable[[Factory, Member], Awaitable[Any]]] = {
    "deletePosts": _ids,
    "mergeTag": _into,
    "updateMe": _name,
    "uploadMedia": _files,
    "uploadItemImages": _pixel,
    "setAvatar": _image,
    "createVariant": _size,
}


# Things that have to be there and that no path names. An operation that asks for such a thing gets a line here.
SPOKEN_OF: dict[str, Maker] = {"getOembed": _slug, "removeAvatar": _avatar}
