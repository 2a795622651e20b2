"""What a client knows of rooms and no schema can say, for requests that are meant to be accepted."""

from typing import Any, cast
from uuid import uuid4

from scripts.contract.case import Case, operation_of

# Rooms that the caller owns, with whom they have in them and invited, and messages of the caller's with their rooms.
_owned: dict[str, None] = {}
_inside: dict[str, None] = {}
_said: dict[str, str] = {}
_invitations: list[tuple[str, str]] = []
_mine: list[str] = []
# Who the caller is, the caller's rooms in which there are others, and who these are.
_names: set[str] = set()
_shared: dict[str, None] = {}
_guests: list[tuple[str, str]] = []
# What only the owner of a room does.
OWNERS = frozenset({"updateRoom", "deleteRoom", "inviteToRoom", "listRoomInvitations"})


def own_room(case: Case) -> None:
    """What only its owner does to a room is done to one's own; what is said, where one is in."""
    operation = operation_of(case)
    if operation in OWNERS and _owned:
        case.path_parameters["room_id"] = list(_owned)[-1]
    if operation in {"createMessage", "markRoomRead", "leaveRoom"} and _inside:
        case.path_parameters["room_id"] = list(_inside)[-1]
    if operation in {"updateMessage", "deleteMessage"} and _said:
        case.path_parameters["message_id"] = list(_said)[-1]
    if operation == "withdrawInvitation" and _invitations:
        case.path_parameters["room_id"], case.path_parameters["username"] = _invitations.pop()
    if operation == "declineInvitation" and _mine:
        case.path_parameters["room_id"] = _mine.pop()
    if operation == "listRoomMembers" and _shared:
        case.path_parameters["room_id"] = list(_shared)[-1]
    if operation == "removeRoomMember" and _guests:
        case.path_parameters["room_id"], case.path_parameters["username"] = _guests.pop()


def known_message(case: Case) -> None:
    """An answer is to a message of the room, and so is the last one that was read."""
    member = {"createMessage": "reply_to", "markRoomRead": "message_id"}.get(operation_of(case))
    if member and isinstance(case.body, dict) and cast("dict[str, Any]", case.body).get(member):
        room = str(case.path_parameters.get("room_id", ""))
        case.body[member] = next((said for said, where in _said.items() if where == room), None)


def missing_place(case: Case) -> None:
    """A walk that comes from what has no room, message or name takes one that is not there."""
    for name in ("room_id", "message_id"):
        if str((case.path_parameters or {}).get(name, "")) in ("None", "null"):
            case.path_parameters[name] = str(uuid4())


LESSONS = (missing_place, own_room, known_message)


def note(case: Case, document: dict[str, Any]) -> None:
    """Remember what the caller opened, said and was invited to, and who else is in the caller's rooms."""
    operation = operation_of(case)
    if operation == "createRoom":
        _owned[document["id"]] = _inside[document["id"]] = None
        _names.add(document["owner"]["username"])
    if operation == "listRooms":
        shared = [
            room for room in document["items"] if room["owner"]["username"] in _names and room["member_count"] > 1
        ]
        _shared.update((room["id"], None) for room in shared)
    if operation == "listRoomMembers" and (place := str(case.path_parameters["room_id"])) in _shared:
        _guests[:] = [(place, entry["member"]["username"]) for entry in document["items"] if not entry["is_owner"]]
    if operation == "createMessage":
        _said[document["id"]] = document["room_id"]
    if operation == "listRoomInvitations":
        room = str(case.path_parameters["room_id"])
        _invitations[:] = [(room, entry["member"]["username"]) for entry in document["items"]]
    if operation == "listMyInvitations":
        _mine[:] = [entry["room"]["id"] for entry in document["items"]]


def forget(case: Case) -> None:
    """Forget what has gone, or is another's now."""
    operation, path = operation_of(case), case.path_parameters or {}
    if operation in {"deleteRoom", "leaveRoom"}:
        room = str(path["room_id"])
        _owned.pop(room, None)
        _inside.pop(room, None)
        _shared.pop(room, None)
        for message in [said for said, where in _said.items() if where == room]:
            del _said[message]
    if operation == "deleteMessage":
        _said.pop(str(path["message_id"]), None)
    if operation == "removeRoomMember" and not _guests:
        _shared.pop(str(path["room_id"]), None)
    if operation == "joinRoom":
        _inside[str(path["room_id"])] = None
