"""The gate of `make diff` sees what would break clients unannounced, and lets through what it must."""

from datetime import date
from pathlib import Path

import pytest

from scripts.releases import gate
from scripts.releases.records import ReleaseError, Version
from tests.gates.releases import SHORTER, TITLE, Planted, drop, narrow, node_at

OPERATION = "#/paths/~1tags~1{tag_id}/delete"
REMOVED = "Operation `DELETE /tags/{tag_id}` was removed."

# What is the same is compared once.
pytestmark = pytest.mark.xdist_group("releases")


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """Our contract as published, at version 0.1.0."""
    return Planted(tmp_path)


class TestVersion:
    def test_is_ordered_as_numbers(self) -> None:
        assert Version.parse("0.10.0") > Version.parse("0.9.12")

    @pytest.mark.parametrize("text", ["0.1", "v0.1.0", "0.1.0-rc.1", "0.01.0", "1.0.0.0", "", "1.0.٣"])
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"write MAJOR\.MINOR\.PATCH"):
            Version.parse(text)

    @pytest.mark.parametrize(
        ("version", "impact", "needed"),
        [
            ("0.3.1", "major", "0.4.0"),
            ("0.3.1", "minor", "0.4.0"),
            ("0.3.1", "patch", "0.3.2"),
            ("1.3.1", "major", "2.0.0"),
            ("1.3.1", "minor", "1.4.0"),
        ],
    )
    def test_is_raised_by_what_changed(self, version: str, impact: str, needed: str) -> None:
        assert str(Version.parse(version).raised(impact)) == needed

    def test_of_the_contract_is_semver(self, planted: Planted) -> None:
        planted.now["info"]["version"] = "0.2"
        with pytest.raises(ReleaseError, match=r"^openapi/openapi.yaml: info.version: '0.2' is no version: write"):
            planted.complaints()

    def test_does_not_go_back(self, planted: Planted) -> None:
        planted.now["info"]["version"] = "0.0.9"
        (line,) = planted.complaints()
        assert line == "openapi/openapi.yaml: info.version: 0.0.9 is behind the last release: take 0.1.0 or more"


class TestBreakingChange:
    def test_needs_a_version(self, planted: Planted) -> None:
        narrow(planted)
        (line,) = planted.complaints()
        assert line.startswith(f"openapi/schemas/PostTitle.yaml: {TITLE}: {SHORTER} This breaks clients of 0.1.0")
        assert "raise info.version from 0.1.0 to 0.2.0 or more, or approve it in openapi/approvals.yaml" in line
        planted.now["info"]["version"] = "0.2.0"
        assert planted.complaints() == []

    def test_needs_the_next_number_from_one_on(self, tmp_path: Path) -> None:
        planted = Planted(tmp_path, "1.2.3")
        narrow(planted)
        planted.now["info"]["version"] = "1.3.0"
        (line,) = planted.complaints()
        assert "from 1.3.0 to 2.0.0 or more" in line


class TestOtherChange:
    @pytest.mark.parametrize("unseen", [False, True], ids=["reworded", "not rated by redocly"])
    def test_needs_a_version(self, planted: Planted, unseen: bool) -> None:  # noqa: FBT001 - A case of the test.
        if unseen:
            scopes = "#/components/securitySchemes/bearer/flows/password/scopes"
            node_at(planted.now, scopes)["posts:write"] = "Write posts of one's own."
        else:
            planted.now["info"]["description"] = "Another one."
        (line,) = planted.complaints()
        assert line == (
            "openapi/openapi.yaml: info.version: 0.1.0 is published and the contract differs from it: "
            "raise it to 0.1.1 or more"
        )

    def test_that_adds_needs_the_middle_number(self, planted: Planted) -> None:
        node_at(planted.now, "#/components/schemas/Post/properties")["words"] = {
            "$ref": "#/components/schemas/Count",
        }
        planted.now["info"]["version"] = "0.1.1"
        (line,) = planted.complaints()
        assert "0.1.1 is too low for what was added since 0.1.0: raise it to 0.2.0 or more" in line

    def test_in_the_order_of_members_is_none(self, planted: Planted) -> None:
        planted.now["paths"] = dict(reversed(planted.now["paths"].items()))
        assert planted.complaints() == []

    def test_that_redocly_cannot_follow_is_refused(self, planted: Planted) -> None:
        drop(planted.now, "#/components/schemas/PostTitle")
        planted.now["info"]["version"] = "0.2.0"
        (line,) = planted.complaints()
        assert "The revision has errors" in line


class TestApproval:
    def test_lets_its_change_through(self, planted: Planted) -> None:
        narrow(planted)
        planted.approve(TITLE, SHORTER)
        planted.now["info"]["version"] = "0.1.1"
        assert planted.complaints() == []

    def test_ends(self, planted: Planted) -> None:
        narrow(planted)
        planted.approve(TITLE, SHORTER)
        planted.now["info"]["version"] = "0.1.1"
        (line,) = planted.complaints(date(2027, 7, 2))
        assert line.startswith(f"openapi/approvals.yaml: {TITLE} (same-version): expired on 2027-07-01: raise")

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (TITLE, "`maxLength` of `title` changed from '200' to '180'."),
            ("#/components/schemas/PostTitle", SHORTER),
            ("#/components/schemas/Post", "Anything."),
        ],
        ids=["other words", "a place that holds it", "something else"],
    )
    def test_fits_one_change_alone(self, planted: Planted, change: str, says: str) -> None:
        narrow(planted)
        planted.approve(change, says)
        breaking, unused = planted.complaints()
        assert breaking.startswith(f"openapi/schemas/PostTitle.yaml: {TITLE}: {SHORTER} This breaks")
        assert unused.startswith(f"openapi/approvals.yaml: {change} (same-version): no change of this place says")
        assert unused.endswith("delete the approval, or name one change")

    def test_is_not_for_ever(self, planted: Planted) -> None:
        narrow(planted)
        planted.approve(TITLE, SHORTER, expires="2029-01-01")
        planted.now["info"]["version"] = "0.1.1"
        (line,) = planted.complaints()
        assert line.endswith("2029-01-01 is too far away: take a date within 180 days")

    @pytest.mark.parametrize(
        ("members", "complaint"),
        [
            ({"change": "#/components/schemas/*"}, "0/change: String should match pattern"),
            ({"reason": "Because."}, "0/reason: String should have at least 20 characters"),
            ({"allows": "anything"}, "0/allows: Input should be 'same-version' or 'early-removal'"),
            ({"expires": "soon"}, "0/expires: Input should be a valid date"),
            ({"rule": "enum-values-added"}, "0/rule: Extra inputs are not permitted"),
        ],
    )
    def test_is_narrow(self, planted: Planted, members: dict[str, str], complaint: str) -> None:
        planted.approve(**({"change": TITLE, "says": SHORTER} | members))
        with pytest.raises(ReleaseError, match=r"^openapi/approvals.yaml: .*: mend this entry$") as failure:
            planted.complaints()
        assert complaint in str(failure.value)


class TestRemoval:
    GOING = "2027-05-01"

    def test_needs_an_announcement(self, planted: Planted) -> None:
        drop(planted.now, OPERATION)
        planted.now["info"]["version"] = "0.2.0"
        (line,) = planted.complaints()
        assert line.startswith(f"openapi/paths/tags/tag.yaml: {OPERATION}: `DELETE /tags/{{tag_id}}` was not announced")
        assert "restore it with `deprecated: true`, `x-deprecated-since` and `x-sunset`" in line
        planted.approve(OPERATION, REMOVED, allows="same-version")
        assert len(planted.complaints()) == 1
        planted.approve(OPERATION, REMOVED, allows="early-removal")
        assert planted.complaints() == []

    def test_waits_for_its_date(self, tmp_path: Path) -> None:
        planted = Planted(tmp_path, announced={OPERATION: self.GOING})
        drop(planted.now, OPERATION)
        planted.now["info"]["version"] = "0.2.0"
        now = gate.standing(planted.folder, planted.file)
        (line,) = gate.complaints(now, date(2027, 4, 30))
        assert "was promised until 2027-05-01: restore it until then" in line
        assert gate.complaints(now, date(2027, 5, 1)) == []

    def test_of_members_parameters_headers_and_paths_needs_it_too(self, tmp_path: Path) -> None:
        gone = {
            "#/paths/~1posts/get/parameters/4": "`GET /posts`, parameter `sort`",
            "#/components/schemas/Post/properties/excerpt": "schema `Post`, member `excerpt`",
            "#/components/responses/NotFound/headers/Deprecation": "answer `NotFound`, header `Deprecation`",
            "#/paths/~1users~1me": "`/users/me`",
        }
        planted = Planted(tmp_path, announced={"#/paths/~1users~1me/get": self.GOING})
        for pointer in gone:
            drop(planted.now, pointer)
        planted.now["info"]["version"] = "0.2.0"
        found = planted.complaints()
        for pointer, what in gone.items():
            assert any(f"{pointer}: {what} was not announced to go" in line for line in found), found
        assert len(found) == len(gone)

    def test_may_go_with_what_holds_it(self, tmp_path: Path) -> None:
        planted = Planted(tmp_path, announced={"#/paths/~1posts/get": self.GOING})
        drop(planted.now, "#/paths/~1posts/get/parameters/4")
        planted.now["info"]["version"] = "0.2.0"
        assert planted.complaints() == []

    def test_is_not_brought_forward(self, tmp_path: Path) -> None:
        planted = Planted(tmp_path, announced={OPERATION: "2027-12-01"})
        node_at(planted.now, OPERATION)["x-sunset"] = "2027-06-15"
        planted.now["info"]["version"] = "0.2.0"
        (line,) = planted.complaints()
        assert line.startswith(f"openapi/paths/tags/tag.yaml: {OPERATION}/x-sunset: clients were told 2027-12-01")
