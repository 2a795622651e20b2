"""Finding things, whatever they are."""

from scripts.examples.teller import Teller


def search(teller: Teller) -> None:
    """Anybody looks for something that is a subject as well as a word."""
    teller.anybody().tells(
        "searchEverything", "everything", "What is called so, and what speaks of it.", query={"q": "paper", "limit": 2}
    )
