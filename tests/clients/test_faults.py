"""A scenario that cannot fail proves nothing: each step of each client finds out a service that lies about it."""

import pytest

from scripts.clients.language import Scenario
from scripts.clients.scenario import play, steps
from tests.clients.conftest import scenarios
from tests.clients.liar import lying
from tests.clients.lies import LIES


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
class TestEveryClient:
    def test_does_the_scenario(self, service: str, scenario: Scenario) -> None:
        outcome = play(scenario, service, steps())
        assert (outcome.complaint, outcome.steps) == ("", len(steps()))

    @pytest.mark.parametrize("step", steps())
    def test_finds_out_a_lie(self, service: str, scenario: Scenario, step: str) -> None:
        with lying(service, LIES[step]) as address:
            outcome = play(scenario, address, steps())
        assert outcome.complaint.startswith(f"step `{step}` failed"), outcome
