"""`make client-test` sees a client that leaves a step out, and the samples follow the contract wherever it goes."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.clients.language import BUNDLE, Scenario, languages, module
from scripts.clients.scenario import play, steps
from scripts.samples import LANGUAGES, samples
from scripts.samples.recorded import OPENAPI
from tests.contract.document import operations

# The second request was granted; the first one was not, and shows nobody how to ask.
RECORD = """
- request: {line: "GET /api/v1/posts?limit=1000", by: anybody}
  response: {status: 422}
- request: {line: "GET /api/v1/posts?limit=3&featured=true", by: anybody}
  response: {status: 200}
"""
EXPECTED = ["open the door", "go in"]


def complaint(program: str) -> str:
    """Let a program be the client, and return what is said of it."""
    return play(Scenario("planted", (sys.executable, "-c", program)), "http://localhost", EXPECTED).complaint


class TestRunner:
    def test_is_content_with_every_step_in_order(self) -> None:
        assert complaint("print('step open the door ok\\nstep go in ok')") == ""

    def test_names_the_step_that_was_left_out(self) -> None:
        assert complaint("print('step go in ok')").startswith("step `go in` was done where `open the door` is next")

    def test_names_the_step_that_failed_and_what_was_said(self) -> None:
        said = complaint("print('step open the door ok'); raise SystemExit('locked')")
        assert said == "step `go in` failed (exit status 1):\nstep open the door ok\nlocked"

    def test_sees_a_step_that_nobody_has_described(self) -> None:
        said = complaint("print('step open the door ok\\nstep go in ok\\nstep dance ok')")
        assert said.startswith("step `dance` is not in clients/SCENARIO.md")

    def test_sees_an_end_that_is_no_success(self) -> None:
        said = complaint("print('step open the door ok\\nstep go in ok'); raise SystemExit(3)")
        assert said.startswith("exit status 3 after the last step")

    def test_sees_a_client_that_is_not_there(self) -> None:
        outcome = play(Scenario("planted", ("./no-such-client",)), "http://localhost", EXPECTED)
        assert "no-such-client" in outcome.complaint

    def test_counts_the_steps_of_the_documentation(self, tmp_path: Path) -> None:
        document = tmp_path / "SCENARIO.md"
        document.write_text("| 1 | `go` | | |\n| 3 | `stop` | | |\n")
        with pytest.raises(ValueError, match="numbered from 1"):
            steps(document)
        assert len(steps()) > 10

    @pytest.mark.parametrize("language", languages())
    def test_every_folder_is_a_language(self, language: str) -> None:
        made = module(language)
        assert callable(made.build)
        assert callable(made.scenarios)


@pytest.fixture
def contract() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(BUNDLE.read_bytes())
    return document


def shown(contract: dict[str, Any], operation: str, openapi: Path = OPENAPI) -> dict[str, str]:
    """Return the samples of an operation by their label, made of the records below a folder."""
    return {sample["label"]: sample["source"] for sample in samples(contract, openapi)[operation]}


class TestSamples:
    def test_every_operation_has_one_in_every_language(self, contract: dict[str, Any]) -> None:
        made = samples(contract)
        assert set(made) == {operation.name for operation in operations()}
        assert {len(entry) for entry in made.values()} == {len(LANGUAGES)}
        assert json.loads(BUNDLE.with_name("samples.json").read_bytes()) == made

    def test_python_is_python(self, contract: dict[str, Any]) -> None:
        for operation in samples(contract):
            ast.parse(shown(contract, operation)["Python"], operation)

    def test_a_member_that_becomes_required_is_shown(self, contract: dict[str, Any], tmp_path: Path) -> None:
        del contract["paths"]["/tags"]["post"]["requestBody"]["content"]["application/json"]["examples"]
        contract["components"]["schemas"]["TagCreate"]["required"].append("color")
        sample = shown(contract, "createTag", tmp_path)
        assert 'color="#6b7280"' in sample["Python"]
        assert 'color: "#6b7280"' in sample["TypeScript"]
        assert '"color": "#6b7280"' in sample["curl"]

    def test_what_only_the_service_can_give_comes_from_the_environment(self, contract: dict[str, Any]) -> None:
        sample = shown(contract, "refreshTokens")
        assert 'os.environ["REFRESH_TOKEN"]' in sample["Python"]
        assert "process.env.REFRESH_TOKEN!" in sample["TypeScript"]
        assert '<<JSON\n{\n  "refresh_token": "$REFRESH_TOKEN"\n}\nJSON' in sample["curl"]

    def test_an_example_of_the_operation_wins(self, contract: dict[str, Any], tmp_path: Path) -> None:
        media = contract["paths"]["/tags"]["post"]["requestBody"]["content"]["application/json"]
        media["examples"] = {"recorded": {"value": {"name": "it's $5"}}}
        sample = shown(contract, "createTag", tmp_path)
        assert """<<'JSON'\n{\n  "name": "it's $5"\n}\nJSON""" in sample["curl"]
        assert 'TagCreate(name="it\'s $5")' in sample["Python"]

    def test_what_was_recorded_is_shown_first(self, contract: dict[str, Any], tmp_path: Path) -> None:
        (tmp_path / "exchanges").mkdir()
        (tmp_path / "exchanges/listPosts.yaml").write_text(RECORD)
        sample = shown(contract, "listPosts", tmp_path)
        assert "list_posts(limit=3, featured=True)" in sample["Python"]
        assert "query: { limit: 3, featured: true }" in sample["TypeScript"]
        assert '"$GALLEY_URL/posts?limit=3&featured=true"' in sample["curl"]

    def test_other_credentials_are_sent_as_the_contract_says(self, contract: dict[str, Any]) -> None:
        contract["components"]["securitySchemes"]["key"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        contract["paths"]["/users/me"]["get"]["security"] = [{"key": []}]
        sample = shown(contract, "getMe")
        assert '--header "X-API-Key: $GALLEY_KEY"' in sample["curl"]
        assert 'key=os.environ["GALLEY_KEY"]' in sample["Python"]
        assert 'headers: { "X-API-Key": process.env.GALLEY_KEY! }' in sample["TypeScript"]
