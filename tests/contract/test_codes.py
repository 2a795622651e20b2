"""The comparison of the problem codes that were seen with those that operations name."""

from tests.contract.codes import declared, faults

ONE, OTHER = ("likePost", "not_found"), ("likePost", "conflict")


def test_what_is_seen_and_named_is_right() -> None:
    assert faults({ONE}, {ONE}, ()) == []


def test_what_is_seen_must_be_named() -> None:
    assert faults({ONE}, {ONE, OTHER}, ()) == ["not named in x-problem-codes: likePost conflict"]


def test_what_is_named_must_be_seen_or_excused() -> None:
    assert faults({ONE, OTHER}, {ONE}, ()) == ["never seen: likePost conflict"]
    assert faults({ONE, OTHER}, {ONE}, {OTHER}) == []


def test_an_excuse_must_be_needed() -> None:
    assert faults({ONE}, {ONE}, {ONE}) == ["exempt without need: likePost not_found"]
    assert faults({ONE}, {ONE}, {OTHER}) == ["exempt without need: likePost conflict"]


def test_operations_name_their_codes() -> None:
    assert ONE in declared()
