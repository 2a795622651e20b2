"""How much of everything there is."""

from scripts.examples.teller import Teller


def statistics(teller: Teller) -> None:
    """Anybody counts, and an administrator counts more."""
    teller.anybody().tells("getStatistics", "everybody", "What everybody may know.")
    teller.member("ottilie").tells("getStatistics", "administrator", "What administrators see besides.")
