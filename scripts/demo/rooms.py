"""The rooms of the demo publication: who is in them, and what they say to each other.

Rooms have a die of their own, so that they leave the posts and comments of the publication as they are.
"""

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from scripts.demo.publication import Publication

SEED = 1844


class Talk(NamedTuple):
    """A room, and what is said in it: who, what, and which line before it answers, counted from 1."""

    name: str
    description: str
    visibility: str
    # The first one owns it.
    people: tuple[str, ...]
    lines: tuple[tuple[int, str, int | None], ...]


# People are named by their places in PEOPLE; each line by the place in `people` of who says it.
TALKS = (
    Talk(
        "The composing room",
        "For those who set type by hand, and for those who would like to.",
        "public",
        ("ottilie", "ada_l", "bram", "marisol_v", "fintan"),
        (
            (0, "Welcome. Coats on the left, sorts in the right case, please.", None),
            (1, "Who has borrowed the bone folder?", None),
            (2, "Me. It is on the stone, under the proofs.", 2),
            (1, "Found it. There is ink on it now.", 3),
            (3, "Does anybody have a spare lower-case q in 12 point? I need three and have two.", None),
            (4, "Turn a b and a p upside down and squint.", 5),
            (3, "I did that last time. The client noticed.", 6),
            (0, "I have a bag of them. Come by after four.", 5),
            (2, "The Heidelberg is making that noise again.", None),
            (4, "The noise like a goose, or the noise like a train?", 9),
            (2, "A goose on a train.", 10),
            (0, "Do not touch it. I am coming down.", None),
        ),
    ),
    Talk(
        "Saturday walk",
        "Where we go, when, and who brings the thermos.",
        "public",
        ("bram", "fintan", "theo_k"),
        (
            (0, "The path along the canal is open again.", None),
            (1, "Ten o'clock at the lock?", None),
            (2, "Ten is early. I shall be there at ten.", 2),
            (0, "Somebody else has to bring the thermos this time.", None),
            (1, "I have one, but it tastes of soup.", 4),
        ),
    ),
    Talk(
        "Autumn issue",
        "What goes in, what has to wait, and who tells the authors.",
        "private",
        ("marisol_v", "ottilie", "theo_k"),
        (
            (0, "Eleven texts for eight places. Suggestions?", None),
            (1, "The one on glue can wait; glue keeps.", 1),
            (2, "I would move the interview to the front. It is the best thing we have.", 1),
            (0, "Agreed, both. I shall write to the author of the glue.", None),
            (1, "Be kind. It took her a year.", 4),
        ),
    ),
)


def add_rooms(rows: "Publication") -> None:
    """Add the rooms, who is in them, and what was said there in the last weeks."""
    chance = Random(SEED)  # noqa: S311 - The same talk every time.
    members = {user["username"]: user["id"] for user in rows.users}
    for number, talk in enumerate(TALKS):
        opened = rows.now - timedelta(days=40 - 9 * number, minutes=17 * number)
        _room(rows, chance, talk, [members[name] for name in talk.people], opened)


def _room(rows: "Publication", chance: Random, talk: Talk, people: list[UUID], opened: Any) -> None:
    room_id = rows.id_at(opened, chance)
    said: list[UUID] = []
    moment = opened
    for number, (who, content, answered) in enumerate(talk.lines, 1):
        moment += timedelta(hours=chance.uniform(0.1, 30), seconds=chance.randrange(60))
        message: dict[str, Any] = {"id": rows.id_at(moment, chance), "room_id": room_id, "number": number}
        message |= {"author_id": people[who], "content": content, "reply_to": said[answered - 1] if answered else None}
        rows.messages.append(message | {"created_at": moment, "updated_at": moment})
        said.append(message["id"])
    room: dict[str, Any] = {"id": room_id, "owner_id": people[0], "name": talk.name, "description": talk.description}
    room |= {"visibility": talk.visibility, "member_count": len(people), "last_number": len(said)}
    rows.rooms.append(room | {"last_message_at": moment, "created_at": opened, "updated_at": opened})
    for place, user_id in enumerate(people):
        joined = opened + timedelta(minutes=4 * place)
        spoke = max((number for number, (who, *_) in enumerate(talk.lines, 1) if who == place), default=0)
        member: dict[str, Any] = {"id": rows.id_at(joined, chance), "room_id": room_id, "user_id": user_id}
        rows.room_members.append(member | {"read_number": spoke, "joined_at": joined})
