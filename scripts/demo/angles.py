"""How the demo publication writes: ten ways to treat a subject, and the sentences that any of them may use."""

# ruff: noqa: E501 - Prose is easier to judge and to change when a sentence is not cut.

from typing import NamedTuple


class Angle(NamedTuple):
    """A way to treat a subject; `{x}` is its name, `{fault}` and `{remedy}` what goes wrong and what helps."""

    title: str
    tags: tuple[str, ...]
    openings: tuple[str, ...]
    headings: tuple[str, str]
    closings: tuple[str, ...]


ANGLES = (
    Angle(
        "A short history of {x}",
        ("history",),
        (
            "Nobody set out to invent {x}. Somebody had a problem on a Monday and a bad solution by Friday; the good one took three generations.",
            "The history of {x} is usually told as a row of great names. In the account books it is a row of unpaid bills.",
        ),
        ("Before there was a word for it", "What remained"),
        (
            "We stand at the end of that row, with better light and less time.",
            "The rest is in the archives, and the archives are open on Tuesdays.",
        ),
    ),
    Angle(
        "What {x} taught me about patience",
        ("essay",),
        (
            "I came to {x} in a hurry, as one comes to everything at twenty-five.",
            "My first attempt with {x} took an afternoon. The second took a winter, and was better.",
        ),
        ("The slow part", "The even slower part"),
        (
            "I am still not patient. But I have learned to be impatient about fewer things.",
            "Ask me again in ten years.",
        ),
    ),
    Angle(
        "Getting started with {x}",
        ("how-to", "beginners"),
        (
            "This is for people who have never had anything to do with {x} and have one free evening.",
            "You need a table, a lamp, and the willingness to throw the first five results away. The rest about {x} can be learned.",
        ),
        ("What you need", "The first evening"),
        (
            "Write down what you did. In a month you will not believe that you ever found it hard.",
            "Next time: the same again, but on purpose.",
        ),
    ),
    Angle(
        "Five mistakes with {x}, all of them mine",
        ("how-to",),
        (
            "I have made every mistake that can be made with {x}, some of them for visitors.",
            "People write about {x} as if it always worked. Here is the other half.",
        ),
        ("The expensive ones", "The one I still make"),
        (
            "If you make a sixth, please write to us. We shall print it under your name.",
            "None of this is tragic. All of it was avoidable.",
        ),
    ),
    Angle(
        "Buying second-hand: {x}",
        ("second-hand",),
        (
            "The advertisement said “{x}, complete, buyer collects”. Two of these three words were true.",
            "There are three places to look for {x}: a closing shop, a widow's garage, and the hands of somebody who regrets it.",
        ),
        ("What to look at first", "What to pay"),
        (
            "Bring cash, a blanket, and a friend who owes you something.",
            "And if it is not for sale, leave your number. It will be.",
        ),
    ),
    Angle(
        "A morning in the workshop: {x}",
        ("workshop",),
        (
            "It is seven, the stove is lit, and the talk at the bench is of {x}.",
            "The workshop lies behind a bakery. By nine the whole street knows what is being printed; this week it is all about {x}.",
        ),
        ("At the bench", "After the coffee"),
        (
            "At noon the sheets hang like washing, and somebody sweeps.",
            "We leave with black fingers and half a loaf.",
        ),
    ),
    Angle(
        "Repairs: {x}",
        ("conservation", "how-to"),
        (
            "What is used wears out, and {x} can be used for a very long time.",
            "Most damage to {x} is done by people who mean well. This column tries to add as little as possible.",
        ),
        ("Finding the fault", "Mending it"),
        (
            "Then leave it alone. The hardest part of repairing is to stop.",
            "Note the date, and what you used. The next person will bless you.",
        ),
    ),
    Angle(
        "In praise of {x}",
        ("essay",),
        (
            "There are faster ways. There are cheaper ways. I should like to say a word for {x} all the same.",
            "Nobody needs {x} any more, which is the best reason to look at it closely.",
        ),
        ("What it does well", "What may be said against it"),
        (
            "That is praise enough.",
            "I rest my case, upper and lower.",
        ),
    ),
    Angle(
        "Letters from readers: {x}",
        ("workshop",),
        (
            "Our note on {x} brought more post than anything since the affair of the long s.",
            "Eleven readers wrote about {x}, nine of them to correct the other two.",
        ),
        ("What you wrote", "What we answer"),
        (
            "Keep them coming, if possible legibly.",
            "The postcard with the goat hangs above the editor's desk.",
        ),
    ),
    Angle(
        "Explained to a nine-year-old: {x}",
        ("beginners", "essay"),
        (
            "My niece asked me about {x}, and I noticed that I had never understood it.",
            "“Why?” is a good question, asked once. Asked seven times in a row, it becomes an article on {x}.",
        ),
        ("The short answer", "The answer after the seventh why"),
        (
            "She thought about it and asked for an ice cream, which is a fair summary.",
            "She now explains it to her brother, with mistakes that I recognise.",
        ),
    ),
)

ASIDES = (
    "It sounds like a detail. It is the whole thing.",
    "That is the sentence I would have liked to read at the beginning.",
    "Everybody who has tried it nods at this point.",
    "The books say otherwise, but the books were written by people with assistants.",
    "I have tested this on three continents and one very patient colleague.",
    "There is a trick to it, and the trick is to do it often.",
    "You hear the difference before you see it.",
    "Write it on the wall above the bench.",
)
FAULTS = (
    "What goes wrong first is nearly always the same: {fault}. What helps is {remedy}.",
    "Sooner or later you will meet {fault}. Do not despair; the remedy is {remedy}.",
    "Half of our post is about {fault}. The answer, every time: {remedy}.",
)
QUOTES = (
    "> Measure in the morning, cut in the afternoon.\n>\n> — said in this workshop at least once a day",
    "> It is not finished. It is due.\n>\n> — pencilled on a job ticket, 1931",
    "> Clean hands, sharp tools, and no talking while the ink is open.",
    "> The customer is right about the date and wrong about the type.",
)
LISTS = (
    "- daylight from the left, or from the right if you are left-handed\n- a clean cloth, and a second one that really is clean\n- somebody to ask",
    "1. Look at it for as long as a cup of tea lasts.\n2. Change **one** thing.\n3. Look again before you change the next.",
    "| Time | What to expect |\n|---|---|\n| first hour | confusion |\n| first week | a result, by accident |\n| first year | the same result, on purpose |",
    "- *cheap:* your own time\n- *dear:* anybody else's\n- *priceless:* the thing you did not throw away",
)
