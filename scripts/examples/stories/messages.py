"""Rooms, who is in them, and what is said there."""

from app.messages.rooms import MAX_OWNED
from scripts.examples.teller import Caller, Teller


def messages(teller: Teller) -> None:
    """Ada opens a room for few, lets Bram in, and they talk."""
    ada, bram = teller.member("ada_l"), teller.member("bram")
    _found(bram)
    room = _opened(ada)
    _invited(ada, bram, room)
    _talk(ada, bram, room)
    _ended(ada, bram, room)


def _found(bram: Caller) -> None:
    """Bram looks around, and learns that reading a room is not being in it."""
    bram.tells("listRooms", "first", "The rooms that there are.", query={"limit": 2, "sort": "name"})
    bram.tells("listRooms", "mine", "The rooms that he is in.", query={"mine": "true", "limit": 1})
    elif_ = bram.teller.member("elif")
    public = {"room_id": elif_.does("listRooms", query={"q": "composing"}).json()["items"][0]["id"]}
    said = {"content": "May I come in?"}
    elif_.tells("createMessage", "not_a_member", "Who is not in a room says nothing there.", path=public, body=said)
    elif_.tells("joinRoom", "joined", "A public room is joined by whoever likes.", path=public)
    elif_.tells("leaveRoom", "left", "And left.", path=public)


def _opened(ada: Caller) -> dict[str, str]:
    draft = {"name": "Notes on notes", "description": "Where the footnotes are written.", "visibility": "private"}
    headers = {"Idempotency-Key": "notes-on-notes"}
    created = ada.tells("createRoom", "private", "A room for few.", body=draft, headers=headers)
    room = {"room_id": created.json()["id"]}
    ada.tells("leaveRoom", "last_member", "The last one cannot leave.", path=room)
    read = ada.tells("getRoom", "room", "A room.", path=room).headers["ETag"]
    unchanged = {"If-None-Match": read}
    ada.tells("getRoom", "not_modified", "It is as it was read.", status=304, path=room, headers=unchanged)
    changed = {"description": "Where the footnotes are written, and their footnotes."}
    ada.tells("updateRoom", "description", "More is said of it.", path=room, headers={"If-Match": read}, body=changed)
    return room


def _invited(ada: Caller, bram: Caller, room: dict[str, str]) -> None:
    guest, stranger = {**room, "username": "bram"}, {**room, "username": "elif"}
    ada.tells("inviteToRoom", "invited", "An invitation.", path=guest)
    ada.does("inviteToRoom", path=stranger)
    ada.tells("listRoomInvitations", "first", "Who has not answered yet.", path=room, query={"limit": 2})
    ada.tells("withdrawInvitation", "withdrawn", "An invitation is taken back.", path=stranger)
    bram.tells("listMyInvitations", "mine", "What he is invited to.")
    bram.tells("declineInvitation", "declined", "Not today.", path=room)
    ada.does("inviteToRoom", path=guest)
    bram.does("joinRoom", path=room)
    ada.tells("listRoomMembers", "first", "Who is in the room.", path=room, query={"limit": 2})


def _talk(ada: Caller, bram: Caller, room: dict[str, str]) -> None:
    asked = ada.tells(
        "createMessage",
        "message",
        "Something is said.",
        path=room,
        body={"content": "How many footnotes are too many?"},
        headers={"Idempotency-Key": "how-many-footnotes"},
    )
    question = asked.json()["id"]
    ada.does("createMessage", path=room, body={"content": "I am asking for a friend."})
    bram.tells("getUnreadMessages", "some", "How much he has not read.")
    read = {"message_id": question}
    bram.tells("markRoomRead", "up_to", "He has read the first one.", path=room, body=read)
    answer = {"content": "All of them.", "reply_to": question}
    answered = bram.tells("createMessage", "answer", "An answer.", path=room, body=answer)
    ada.tells("listMessages", "newest", "What was said last.", path=room, query={"limit": 2})
    missed = {"after": 2, "sort": "number"}
    ada.tells("listMessages", "missed", "What was said since the second message.", path=room, query=missed)
    message = {"message_id": answered.json()["id"]}
    tag = ada.tells("getMessage", "message", "A message.", path=message).headers["ETag"]
    unchanged = {"If-None-Match": tag}
    ada.tells("getMessage", "not_modified", "It is as it was read.", status=304, path=message, headers=unchanged)
    body = {"content": "All of them, but one."}
    bram.tells("updateMessage", "content", "Second thoughts.", path=message, headers={"If-Match": tag}, body=body)
    bram.tells("deleteMessage", "deleted", "Third thoughts.", path=message, headers={"If-Match": "*"})


def _ended(ada: Caller, bram: Caller, room: dict[str, str]) -> None:
    ada.tells("removeRoomMember", "removed", "Out of the room.", path={**room, "username": "bram"})
    ada.tells("deleteRoom", "deleted", "The end of a room.", path=room, headers={"If-Match": "*"})
    draft = {"name": "One of many", "visibility": "private"}
    for _ in range(MAX_OWNED - 1):
        bram.does("createRoom", body=draft)
    # One is his from the beginning of the sandbox.
    bram.tells("createRoom", "too_many_rooms", "One room more than a member may own.", body=draft)
