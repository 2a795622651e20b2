"""A second reader of a mutated contract: openapi-core, which looks at the request as well."""

from scripts.coverage.contract import Contract
from scripts.coverage.exchange import Exchange
from scripts.coverage.exemptions import load
from scripts.coverage.observe import Observer
from scripts.coverage.opinion import compare, validator
from tests.contract.document import Node


class Disagrees(AssertionError):
    """The second reader comes to another verdict than the service."""


class Reader:
    """Knows one contract, and the disagreements about the true one that are argued."""

    def __init__(self, document: Node) -> None:
        contract = Contract(document)
        self._openapi = validator(contract)
        self._observer = Observer(contract)
        self._argued = load().disagreements

    def hold(self, exchange: Exchange) -> None:
        """Hold an exchange against the contract. Raises Disagrees."""
        operation = self._observer.operation_of(exchange)
        for finding in compare(self._openapi, operation.name if operation else "", exchange):
            if not any(map(finding.fits, self._argued)):
                raise Disagrees(str(finding))
