"""The pages, made from contracts that are as ours is, or are not."""

import re
from pathlib import Path

import pytest

from scripts.site.document import Document, SiteError
from scripts.site.folder import publish
from scripts.site.pages import check_links, render
from scripts.site.prose import code, markdown
from scripts.site.schemas import Shapes, Value
from tests.contract.document import BUNDLE
from tests.site.conftest import Contract

# Another service's contract: no catalogue of problems, no shared parts, and a body in a form of its own.
FOREIGN: Contract = {
    "openapi": "3.1.0",
    "info": {"title": "Tide tables", "version": "2.0.0"},
    "paths": {
        "/ports/{port}/tides": {
            "parameters": [{"name": "port", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "listTides",
                "tags": ["High water"],
                "summary": "List tides",
                "deprecated": True,
                "x-sunset": "2027-03-01",
                "security": [{"key": []}, {}],
                "responses": {
                    "200": {
                        "description": "The tides.",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Tide"},
                                "examples": {"spring": {"value": {"metres": 5.5, "name": "<spring>"}}},
                            }
                        },
                    },
                    "404": {"description": "No such port."},
                },
            },
        }
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {
            "Tide": {
                "type": "object",
                "required": ["metres"],
                "properties": {
                    "metres": {"type": "number", "exclusiveMinimum": 0, "description": "Height <above> datum."},
                    "name": {"type": ["string", "null"], "maxLength": 20},
                    "before": {"$ref": "#/components/schemas/Tide"},
                },
            }
        },
    },
}


def made(contract: Contract, guides: Path | None = None) -> dict[str, str]:
    """Render without our guides, which speak of our operations."""
    nothing = Path("nothing")
    return render(contract, {}, guide_folder=guides or nothing, journey_folder=nothing)


class TestForeignContract:
    def test_has_the_pages_that_it_has_matter_for(self) -> None:
        assert set(made(FOREIGN)) == {"/", "/docs", "/redoc", "/redoc/high-water", "/redoc/schemas"}

    def test_says_what_the_contract_says(self) -> None:
        page = made(FOREIGN)["/redoc/high-water"]
        assert "The header <code>X-Key</code> (<code>key</code>)" in page
        assert "Everybody, without credentials." in page
        assert "It will be gone on 2027-03-01." in page
        assert "<p>Height &lt;above&gt; datum.</p>" in page
        assert "More than 0" in page

    def test_escapes_what_it_is_given(self) -> None:
        page = made(FOREIGN)["/redoc/high-water"]
        assert "&lt;spring&gt;" in page
        assert "<spring>" not in page

    def test_a_schema_that_contains_itself_ends(self) -> None:
        value = Shapes(Document(FOREIGN)).value("tide", {"$ref": "#/components/schemas/Tide"}, required=True)
        assert names(value) == ["tide", "metres", "name", "before"]


def names(value: Value) -> list[str]:
    """List a value and what is in it."""
    return [value.name, *(name for member in value.members for name in names(member))]


class TestSamples:
    def test_calls_of_the_clients_stand_beside_the_operation(self, contract: Contract) -> None:
        samples = {"listPosts": [{"lang": "python", "label": "Python", "source": 'client.list_posts(tag="x")'}]}
        page = render(contract, samples)["/redoc/posts"]
        section = page[page.index('id="listPosts"') : page.index('id="createPost"')]
        assert 'value="Python"' in section
        assert "list_posts" in section


class TestCatalogue:
    def spoil(self, contract: Contract, says: str) -> None:
        with pytest.raises(SiteError, match=re.escape(says)):
            made(contract)

    def test_a_code_needs_an_explanation(self, contract: Contract) -> None:
        contract["components"]["schemas"]["ProblemCode"]["x-problems"]["conflict"].pop("remedy")
        self.spoil(contract, "openapi/schemas/ProblemCode.yaml: x-problems.conflict lacks remedy")

    def test_an_operation_names_codes_of_its_statuses(self, contract: Contract) -> None:
        contract["paths"]["/posts"]["get"]["x-problem-codes"].append("conflict")
        self.spoil(contract, "listPosts: x-problem-codes names conflict")

    def test_a_listed_failure_has_a_code(self, contract: Contract) -> None:
        contract["paths"]["/posts"]["get"]["x-problem-codes"].remove("validation_failed")
        self.spoil(contract, "listPosts: x-problem-codes has no code for the listed 422")

    def test_an_operation_that_names_no_codes_may_have_all_of_its_statuses(self, contract: Contract) -> None:
        contract["paths"]["/posts"]["get"].pop("x-problem-codes")
        pages = render(contract, {})
        assert "/redoc/posts#listPosts" in pages["/problems/idempotency_key_reused"]
        assert "/redoc/posts#listPosts" not in pages["/problems/conflict"]

    def test_a_code_that_nobody_answers_says_so(self, contract: Contract) -> None:
        contract["paths"]["/auth/password"]["put"]["x-problem-codes"].remove("wrong_password")
        assert "No operation of this version does." in made(contract)["/problems/wrong_password"]


class TestGuides:
    def guide(self, folder: Path, contract: Contract, text: str) -> str:
        (folder / "one.md").write_text(text)
        return made(contract, folder)["/guides/one"]

    def test_the_contract_fills_in_what_it_knows(self, contract: Contract, tmp_path: Path) -> None:
        text = "# One\n\nLead.\n\nUse `createPost`.\n\n<!-- contract: operations-with-parameter If-Match -->\n"
        page = self.guide(tmp_path, contract, text)
        assert '<a href="/redoc/posts#createPost"><code>createPost</code></a>' in page
        assert '<a href="/redoc/tags#updateTag">' in page
        assert "<!--" not in page

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("# One\n\nLead.\n\nUse `createPots`.\n", "`createPots` is no operation of the contract"),
            ("# One\n\nLead.\n\n<!-- contract: weather today -->\n", "the contract cannot be asked for `weather`"),
            ("# One\n\nLead.\n\n<!-- contract: problems 418 -->\n", "the contract has nothing for"),
            ("# One\n\nLead.\n\nSee [that](/guides/two).\n", "the link to /guides/two leads to no page"),
            ("One\n\nLead.\n\nText.\n", "a guide begins with `# Title`"),
        ],
    )
    def test_what_is_not_so_stops_the_making(self, contract: Contract, tmp_path: Path, text: str, says: str) -> None:
        with pytest.raises(SiteError, match=re.escape(says)):
            self.guide(tmp_path, contract, text)

    def test_limits_are_told_by_policy(self, contract: Contract, tmp_path: Path) -> None:
        text = "# One\n\nLead.\n\n<!-- contract: limits -->\n"
        contract["x-rate-limit-policies"]["slow"] = {"description": "What takes long.", "per": "user"}
        contract["paths"]["/tags"]["get"]["x-rate-limit"] = "slow"
        page = self.guide(tmp_path, contract, text)
        assert "<strong>slow</strong>, counted per user: What takes long." in page
        told = page.split("What takes long.")[1]
        assert "listTags" in told
        assert "createTag" not in page
        del contract["x-rate-limit-policies"]
        assert "No operation limits how often it is called" in self.guide(tmp_path, contract, text)


JOURNEY = """
arazzo: 1.0.1
info: {title: There and back, version: 1.0.0, summary: A short one.}
sourceDescriptions: [{name: galley, type: openapi, url: ../openapi.yaml}]
workflows:
  - workflowId: thereAndBack
    inputs: {type: object, properties: {name: {type: string, default: ada}}}
    steps:
      - stepId: find
        operationId: OPERATION
        parameters:
          - reference: $components.parameters.who
        requestBody: {payload: {title: <b>}}
        successCriteria:
          - condition: $statusCode == 200
          - {context: $response.header.ETag, condition: ^W, type: regex}
        outputs: {etag: $response.header.ETag}
components: {parameters: {who: {name: Authorization, in: header, value: Bearer x}}}
"""


class TestJourneys:
    def journey(self, folder: Path, contract: Contract, operation: str) -> str:
        (folder / "1-back.arazzo.yaml").write_text(JOURNEY.replace("OPERATION", operation))
        return render(contract, {}, journey_folder=folder)["/guides/journey-there-and-back"]

    def test_a_step_shows_what_is_sent_what_must_come_and_what_is_kept(
        self, contract: Contract, tmp_path: Path
    ) -> None:
        page = self.journey(tmp_path, contract, "createPost")
        assert 'href="/redoc/posts#createPost"' in page
        assert "<dt>Authorization</dt><dd><code>Bearer x</code></dd>" in page
        assert "&lt;b&gt;" in page
        assert "<code>$statusCode == 200</code>" in page
        assert "<code>$response.header.ETag matches ^W</code>" in page
        assert "<code>etag</code>, which is <code>$response.header.ETag</code>" in page
        assert "such as ada" in page

    def test_a_step_to_nowhere_stops_the_making(self, contract: Contract, tmp_path: Path) -> None:
        with pytest.raises(SiteError, match="step find: `createPots` is no operation of the contract"):
            self.journey(tmp_path, contract, "createPots")


class TestLinks:
    def test_a_place_must_be_there(self) -> None:
        pages = {"/": '<a href="/a#here">', "/a": '<p id="there">'}
        with pytest.raises(SiteError, match="page /: /a has no place called here"):
            check_links(pages, [])

    def test_a_place_on_the_same_page_too(self) -> None:
        with pytest.raises(SiteError, match="page /a: /a has no place called x"):
            check_links({"/a": '<a class="b" href="#x">'}, [])


class TestPublished:
    def test_every_link_and_asset_lies_beside_the_pages(self, tmp_path: Path) -> None:
        publish(BUNDLE.parent, tmp_path, {})
        files = list(tmp_path.rglob("*.html"))
        assert len(files) > 20
        for file in files:
            targets = re.findall(r'(?:href|src)="([^"#]+)', file.read_text())
            assert [link for link in targets if link.startswith(("/", "asset:"))] == []
            missing = [link for link in targets if not (file.parent / link).is_file()]
            assert missing == []
        assert not (tmp_path / "docs.html").exists()


class TestProse:
    def test_code_is_coloured_by_kind(self) -> None:
        assert '<span class="k">if</span>' in code("if [ -n x ]; then true; fi", "sh")
        assert '<span class="n">&quot;a&quot;</span>' in code('{"a": 1}', "json")

    def test_an_unknown_language_stays_plain(self) -> None:
        assert "<span" not in code("for x", "klingon")

    def test_html_of_a_description_is_text(self) -> None:
        assert markdown(link=lambda _: "").render("<b>x</b>").strip() == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
