"""What the demo publication writes about: its tags, and twenty subjects with what there is to say of each."""

# ruff: noqa: E501 - Prose is easier to judge and to change when a sentence is not cut.

from typing import NamedTuple

TAGS: dict[str, tuple[str, str | None]] = {
    "letterpress": ("#b91c1c", "Raised type, ink and pressure: how books were printed for five hundred years."),
    "typography": ("#1d4ed8", "Letters and the space between them."),
    "paper": ("#a16207", "What it is made of, how it is made, and why it matters."),
    "binding": ("#7c2d12", "Everything that happens after the last sheet is dry."),
    "ink": ("#111827", "Black, and what people add to it."),
    "presses": ("#4b5563", "Machines, and living with them."),
    "printmaking": ("#047857", "Blocks, plates and stones."),
    "conservation": ("#0e7490", "Keeping what was made."),
    "proofreading": ("#be185d", "Catching it before the readers do."),
    "history": ("#6d28d9", "How it came to be done this way."),
    "how-to": ("#15803d", "With sleeves rolled up."),
    "workshop": ("#c2410c", "Visits, benches, habits."),
    "second-hand": ("#9f1239", "Found, haggled over and carried up the stairs."),
    "essay": ("#334155", None),
    "beginners": ("#65a30d", "No knowledge is taken for granted."),
}


class Subject(NamedTuple):
    """A subject, the tags it brings along, a common fault with its remedy, and facts in any order."""

    name: str
    tags: tuple[str, ...]
    fault: str
    remedy: str
    facts: tuple[str, ...]


SUBJECTS = (
    Subject(
        "wood type",
        ("letterpress", "typography"),
        "warped letters",
        "a week under weights in the room where they will be used",
        (
            "End-grain maple takes a finer edge than any other wood that a printer can afford.",
            "A letter twelve lines high weighs next to nothing, which is why posters were set in wood and not in lead.",
            "The pantograph made it possible to cut an alphabet from one pattern, and ruined half the engravers in town.",
            "Dents on the face print as white scars, and many people have come to like them.",
        ),
    ),
    Subject(
        "the composing stick",
        ("letterpress", "typography"),
        "a loose line",
        "a thin space added between words, never at the end",
        (
            "It is held in the left hand, thumb inside, so that the thumb feels each line grow tight.",
            "The knee slides to the measure and is locked there; every line of the job must then agree with it.",
            "Type is set upside down from left to right, and after a month nobody notices any more.",
            "A good stick is older than its owner and will be sold by the owner's grandchildren.",
        ),
    ),
    Subject(
        "rag paper",
        ("paper",),
        "sheets that cockle",
        "drying them slowly between felts, changed twice a day",
        (
            "Linen and cotton rags have long fibres, and long fibres make a sheet that can be folded a thousand times.",
            "The rags were once left to rot for weeks, which softened the fibre and emptied the street.",
            "Held against the light it shows the mould it was made on: chain lines, laid lines and sometimes a watermark.",
            "Gelatine size makes it hard and rattling; without size, ink runs as it does on blotting paper.",
        ),
    ),
    Subject(
        "iron gall ink",
        ("ink", "conservation"),
        "a line that burns through the page",
        "a bath of calcium phytate, given by somebody who has done it before",
        (
            "It goes on pale and turns black within a day, as the iron meets the air.",
            "The tannin comes from oak galls, which are what an oak builds around the egg of a wasp.",
            "Most of what Europe wrote down in a thousand years was written with it.",
            "Too much vitriol in the recipe, and two hundred years later the letters fall out of the sheet.",
        ),
    ),
    Subject(
        "the Albion press",
        ("presses", "letterpress"),
        "uneven pressure across the sheet",
        "packing under the tympan, one tissue at a time",
        (
            "The toggle gives its greatest force at the very end of the pull, just where it is needed.",
            "It is lighter than the Columbian and lacks the eagle, and there are people who cannot forgive that.",
            "A spring in the cap lifts the platen again, so the printer's arm works in one direction only.",
            "Two people who know each other can make two hundred impressions in an hour.",
        ),
    ),
    Subject(
        "wood engraving",
        ("printmaking",),
        "a slipped tool",
        "a plug of boxwood, cut, glued and levelled",
        (
            "It is done on the end grain, with the tools of a metal engraver and the light behind a globe of water.",
            "One cuts the light and leaves the dark, which takes the hand a year to believe.",
            "Boxwood grows so slowly that large blocks are bolted together from small ones.",
            "A sandbag under the block lets it turn into the cut, while the tool stays nearly still.",
        ),
    ),
    Subject(
        "marbled paper",
        ("paper", "binding"),
        "colours that sink",
        "a drop more of ox gall, and a size left to stand overnight",
        (
            "The colours float on a bath of carrageen, and each drop makes room for itself.",
            "A comb drawn once through the drops gives nonpareil; drawn back again, it gives something else.",
            "Paper is treated with alum first, since otherwise the pattern slides off with the rinsing water.",
            "No sheet can be made twice, which is why it was used in ledgers that nobody was to tamper with.",
        ),
    ),
    Subject(
        "hand-sewn bindings",
        ("binding",),
        "a spine that swings loose",
        "new kettle stitches, and less haste with the glue",
        (
            "Thread holds a book together; glue only reminds it of its shape.",
            "The sections are sewn through the fold onto cords or tapes, and the needle always returns at the kettle.",
            "Linen thread is waxed, partly so that it slides and partly for the smell.",
            "A book that opens flat on the table was sewn by somebody who meant it to be read.",
        ),
    ),
    Subject(
        "type specimens",
        ("typography",),
        "pages that show everything but the letters",
        "one alphabet to a page, and margins",
        (
            "A foundry gave them away, printed better than anything its customers would ever print.",
            "The words in them were chosen for their letters, and read like telegrams from a dream.",
            "Sizes had names before they had numbers: pearl, nonpareil, brevier, pica, canon.",
            "Good spacing is noticed by nobody, and bad spacing by everybody, who cannot say what is wrong.",
        ),
    ),
    Subject(
        "the Linotype",
        ("presses", "history"),
        "a squirt of hot metal",
        "clean matrices, a true vice and long sleeves",
        (
            "It sets, casts and returns its matrices by itself, with ninety keys and several thousand moving parts.",
            "The keyboard is ordered by how often letters are used, hence the famous line etaoin shrdlu.",
            "Each line falls into the galley as one bright slug, too hot to touch and impossible to correct.",
            "An operator who mistyped ran a finger down the keys to fill the line, and trusted the proofreader.",
        ),
    ),
    Subject(
        "linocuts",
        ("printmaking",),
        "crumbling edges",
        "a block warmed on the radiator and a blade fresh from the strop",
        (
            "Linoleum is flax oil, cork and jute, and has no grain to argue with.",
            "It was a floor before it was art, and some teachers still hold that against it.",
            "With one block and patience one prints in six colours, cutting more away after each.",
            "The back of a spoon is a perfectly good press for an edition of ten.",
        ),
    ),
    Subject(
        "galley proofs",
        ("proofreading", "typography"),
        "a correction nobody can read",
        "one mark in the text, one in the margin, and nothing else",
        (
            "They are pulled before the type is made up into pages, in long strips with room for second thoughts.",
            "The sign for delete is an old German d, running out of the line as if to escape.",
            "Dots under a word mean let it stand, and are the humblest mark of all.",
            "A printer pays for his own mistakes and the author for second thoughts, so the colours of ink matter.",
            "Every country has a standard for them, and every proofreader an aunt who taught her otherwise.",
        ),
    ),
    Subject(
        "Japanese paper",
        ("paper", "conservation"),
        "tears at the fold",
        "a strip of the thinnest kozo and wheat paste, brushed almost dry",
        (
            "The bark of the mulberry gives fibres three times as long as those of cotton.",
            "Sheets are formed by rocking the mould, so that the fibres cross and lock.",
            "Conservators love it because it is strong, thin, and can be removed again with a little water.",
            "The best is made in winter, when the water is cold enough to hurt.",
        ),
    ),
    Subject(
        "lead type",
        ("letterpress", "workshop"),
        "a worn e in every second word",
        "a new sort, and honesty about how old the fount is",
        (
            "It is lead for weight, tin for flow and antimony for hardness, which also makes it swell a little as it sets.",
            "Every piece is as high as every other to within a hair, or it will not print.",
            "A case holds more e than z, and a compositor finds both in the dark.",
            "Distributing type back into its case takes longer than setting it and is never paid.",
        ),
    ),
    Subject(
        "finishing tools",
        ("binding",),
        "gold that lifts in flakes",
        "a cooler tool, fresh glaire, and a second try in the same place",
        (
            "The leaf is a ten-thousandth of a millimetre thick and leaves the room if one sneezes.",
            "Egg white makes it hold; heat makes it stay.",
            "The tool is pressed once, straight, at the temperature at which a drop of water just hisses.",
            "What looks like a single curve may be eleven impressions of four different tools.",
        ),
    ),
    Subject(
        "litho stones",
        ("printmaking", "history"),
        "a stone that fills in",
        "fresh gum, a firmer sponge and a stiffer ink",
        (
            "Grease takes ink and water refuses it: the whole craft is in that sentence.",
            "The stone comes from one valley in Bavaria, where it lies in sheets as if somebody had printed it.",
            "It was invented by a playwright who wanted cheap copies of his plays and had no copper.",
            "A stone is ground with another stone, and yesterday's drawing goes down the drain.",
        ),
    ),
    Subject(
        "type cases",
        ("letterpress", "history"),
        "a pied case",
        "an evening, a radio and somebody else's children",
        (
            "Capitals were kept in the upper case and small letters in the lower, and so they are called.",
            "J and U stand after Z, because the alphabet got them when the furniture was already built.",
            "The letters used most lie nearest the hand, in boxes worn round by fingers.",
            "Every country has its own lay, and a compositor abroad is a pianist in gloves.",
        ),
    ),
    Subject(
        "paper moulds",
        ("paper", "history"),
        "a mark hidden under the text",
        "a light sheet, a dark room and a long exposure",
        (
            "A wire sewn to the mould makes the sheet thinner by its own thickness, and that is all.",
            "Bulls' heads, pots and bunches of grapes told illiterate carters whose paper they were carrying.",
            "Forgers have been convicted by them, for writing in 1570 on the paper of 1815.",
            "They come in pairs, since a mill worked with two moulds, and the twins are never quite alike.",
        ),
    ),
    Subject(
        "ornaments",
        ("typography", "letterpress"),
        "a border that does not meet",
        "brass thins at the corners, and counting before setting",
        (
            "A fleuron fills a line that has ended early, and is cheaper than another sentence.",
            "Borders are built from single pieces as walls are from bricks, and need a bond as well.",
            "The little hand that points was drawn in margins long before anybody cast it.",
            "The printers of Lyon turned four leaves into a hundred patterns by nothing but rotation.",
        ),
    ),
    Subject(
        "proof presses",
        ("presses", "second-hand"),
        "rollers gone flat",
        "storing them hanging, and recasting before the season",
        (
            "They were made to pull three good sheets before the job went to a faster machine.",
            "When newspapers threw them out, artists carried them home, usually to the third floor.",
            "The cylinder rolls over the form, so one needs less strength than on a platen and more room.",
            "Grippers, bearers, bed: clean these three and the rest forgives much.",
        ),
    ),
)
