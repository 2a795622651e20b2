"""Writes the posts and the talk of the demo publication from its phrases; the same seed gives the same texts."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from scripts.demo.angles import ANGLES, ASIDES, FAULTS, LISTS, QUOTES, Angle
from scripts.demo.subjects import SUBJECTS, Subject
from scripts.demo.talk import ANSWERS, ENDINGS, REMARKS


class Article(NamedTuple):
    """The text of a post, and what it is about."""

    title: str
    content: str
    tags: list[str]
    subject: str


def articles(chance: Random) -> Iterator[Article]:
    """Yield every subject treated in every way, in a mixed order."""
    pairs = [(subject, angle) for subject in SUBJECTS for angle in ANGLES]
    chance.shuffle(pairs)
    for subject, angle in pairs:
        tags = list(dict.fromkeys([*subject.tags, *angle.tags]))
        content = _content(chance, subject, angle)
        yield Article(angle.title.format(x=subject.name), content, tags, subject.name)


def _content(chance: Random, subject: Subject, angle: Angle) -> str:
    """Write Markdown: an opening, two sections, now and then a quotation or a list, and a closing."""
    facts = chance.sample(subject.facts, 4)
    asides = chance.sample(ASIDES, 3)
    fault = chance.choice(FAULTS).format(fault=subject.fault, remedy=subject.remedy)
    blocks = [
        chance.choice(angle.openings).format(x=subject.name),
        f"{facts[0]} {asides[0]}",
        f"## {angle.headings[0]}",
        f"{facts[1]} {facts[2]}",
        chance.choice((chance.choice(QUOTES), chance.choice(LISTS), asides[1])),
        f"## {angle.headings[1]}",
        chance.choice((f"{fault} {facts[3]}", f"{facts[3]} {fault}", f"{facts[3]}\n\n**Note:** {fault}")),
        f"{asides[2]} {chance.choice(angle.closings)}",
    ]
    return "\n\n".join(blocks)


def remark(chance: Random, subject: str, *, answer: bool) -> str:
    """Write a comment, or an answer to one."""
    sentence = chance.choice(ANSWERS if answer else REMARKS).format(x=subject)
    return f"{sentence} {chance.choice(ENDINGS)}".strip()
