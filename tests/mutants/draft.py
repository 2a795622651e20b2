"""A copy of the contract to be changed in one operation."""

from copy import deepcopy
from typing import Any

from tests.contract.document import METHODS, Node, Operation, contract


class Draft:
    """A copy of the contract in which one operation stands on its own, so that only it is changed."""

    def __init__(self, operation: Operation) -> None:
        # Only the path is changed in place; of all else, `own` gives copies, and a copy of the whole takes its time.
        self.item: Node = deepcopy(contract()["paths"][operation.path])
        self.document: Node = contract() | {"paths": contract()["paths"] | {operation.path: self.item}}
        self.node: Node = self.item[operation.method.lower()]
        shared = self.item.pop("parameters", [])
        for method in METHODS:
            if method in self.item:
                self.item[method]["parameters"] = [*shared, *self.item[method].get("parameters", [])]
        self.node["parameters"] = [self.own(entry) for entry in self.node.get("parameters", [])]
        for entry in self.node["parameters"]:
            entry["schema"] = self.own(entry["schema"])
        self.node["responses"] = {status: self.own(node) for status, node in self.node["responses"].items()}

    def own(self, node: Node) -> Node:
        """Return a copy of what the node refers to."""
        while "$ref" in node:
            target: Any = self.document
            for part in str(node["$ref"]).removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return deepcopy(node)

    def body(self) -> Node | None:
        """Return the schema of the request's body, taken out of the shared ones."""
        for media_type in self.node.get("requestBody", {}).get("content", {}).values():
            media_type["schema"] = self._opened(media_type["schema"])
            return media_type["schema"]
        return None

    def answer(self) -> Node | None:
        """Return the schema of a success's body, taken out of the shared ones."""
        for status, response in self.node["responses"].items():
            if status.startswith("2"):
                for media_type in response.get("content", {}).values():
                    media_type["schema"] = self._opened(media_type["schema"])
                    return media_type["schema"]
        return None

    def _opened(self, schema: Node) -> Node:
        schema = self.own(schema)
        for child in schema.pop("allOf", []):
            branch = self._opened(child)
            schema["properties"] = branch.get("properties", {}) | schema.get("properties", {})
            schema["required"] = [*branch.get("required", []), *schema.get("required", [])]
        schema["properties"] = {name: self.own(child) for name, child in schema.get("properties", {}).items()}
        return schema

    def query(self) -> list[Node]:
        """Return the query parameters."""
        return [entry for entry in self.node["parameters"] if entry["in"] == "query"]
