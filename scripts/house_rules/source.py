"""What the rules look at: Python files, parsed at most once, and what is known of them together."""

import ast
import io
import json
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from app.naming import snake

CODE = ("app", "scripts", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Violation:
    """One place that breaks one rule, and what to do about it."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        """Write it as compilers do, so that editors can jump to it."""
        return f"{self.file}:{self.line} {self.rule}: {self.message}"


@dataclass(frozen=True)
class Operation:
    """An operation, and where the contract says its name."""

    name: str
    tag: str
    file: str
    line: int

    @property
    def handler(self) -> str:
        """The name that its handler must have: createPost is create_post."""
        return snake(self.name)


def _members(node: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return a mapping's keys and values as nodes, which know their lines; nothing for anything else."""
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value if isinstance(node, yaml.MappingNode) else []
    return {key.value: (key, value) for key, value in pairs}


def _written(path: Path) -> Iterator[Operation]:
    """Yield the operations of a path file; the lint of the contract says what is wrong with one that is none."""
    try:
        document = yaml.compose(path.read_text(), yaml.CSafeLoader)
    except yaml.YAMLError:
        return
    for _, item in _members(document).values() if document else ():
        members = _members(item)
        if "operationId" in members:
            key, name = members["operationId"]
            tags = members.get("tags", (key, key))[1]
            tag: str = tags.value[0].value if isinstance(tags, yaml.SequenceNode) and tags.value else "<slice>"
            yield Operation(name.value, tag, str(path), key.start_mark.line + 1)


class Source:
    """A Python file, parsed for the first rule that looks into it and for all others."""

    def __init__(self, root: Path, path: Path) -> None:
        self.path = path.relative_to(root)
        self.file = self.path.as_posix()
        self.text = path.read_text()
        self.lines = self.text.splitlines()
        match = re.match(r"app/(\w+)/", self.file)
        self.slice = match[1] if match and (root / match[0] / "handlers.py").exists() else ""

    @cached_property
    def tree(self) -> ast.Module:
        """What the file says. Raises SyntaxError."""
        return ast.parse(self.text, self.file)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All that the tree consists of."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """Every imported module and every name taken from one, in full, with its line."""
        found: list[tuple[int, str]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                package = self.path.parts[: -node.level] if node.level else ()
                module = ".".join([*package, *filter(None, [node.module])])
                found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
        return found

    @cached_property
    def strings(self) -> list[tuple[int, str]]:
        """Every text in the code that is no docstring, with its line."""
        docstrings = {
            id(node.value) for node in self.nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        return [
            (node.lineno, node.value)
            for node in self.nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        ]

    @property
    def comments(self) -> list[tuple[int, str, bool]]:
        """Every comment, with its line and whether it has the line for itself."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [
            (token.start[0], token.string, token.line.lstrip().startswith("#"))
            for token in tokens
            if token.type == tokenize.COMMENT
        ]

    @property
    def functions(self) -> list[Function]:
        """Every function and method."""
        return [node for node in self.nodes if isinstance(node, Function)]

    @property
    def handlers(self) -> list[Function]:
        """The functions that implement operations."""
        if not self.slice or self.path.name != "handlers.py":
            return []
        return [node for node in self.tree.body if isinstance(node, Function) and not node.name.startswith("_")]

    def length(self, first: int, last: int, *, without: ast.stmt | None = None) -> int:
        """Count the lines of code in a range, but for one statement."""
        left_out = range(without.lineno, (without.end_lineno or 0) + 1) if without else ()
        return sum(
            bool(line.strip()) and not line.lstrip().startswith("#") and number not in left_out
            for number, line in enumerate(self.lines[first - 1 : last], first)
        )


@dataclass(frozen=True)
class Project:
    """Everything hand-written in Python, and the contract it serves."""

    root: Path
    sources: list[Source]

    @classmethod
    def read(cls, root: Path) -> "Project":
        """Find the code of a repository."""
        return cls(root, [Source(root, path) for folder in CODE for path in sorted((root / folder).rglob("*.py"))])

    @cached_property
    def contract(self) -> dict[str, Any]:
        """The bundle."""
        contract: dict[str, Any] = json.loads((self.root / "generated/openapi.json").read_text())
        return contract

    @cached_property
    def scopes(self) -> set[str]:
        """Every scope that the contract declares."""
        schemes: dict[str, dict[str, Any]] = self.contract["components"]["securitySchemes"]
        flows = [flow for scheme in schemes.values() for flow in scheme.get("flows", {}).values()]
        return {scope for flow in flows for scope in flow["scopes"]}

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """The operations by the name that each one's handler must have, read where they are written."""
        found = [one for path in sorted((self.root / "openapi/paths").rglob("*.yaml")) for one in _written(path)]
        return {one.handler: replace(one, file=Path(one.file).relative_to(self.root).as_posix()) for one in found}

    @cached_property
    def slices(self) -> set[str]:
        """The names of the slices."""
        return {source.slice for source in self.sources} - {""}

    def slice_of(self, module: str) -> str:
        """Return the slice that a module belongs to."""
        match = re.match(r"app\.(\w+)", module)
        return match[1] if match and match[1] in self.slices else ""

    @cached_property
    def _needs(self) -> dict[str, set[str]]:
        needs: dict[str, set[str]] = defaultdict(set)
        for source in self.sources:
            if source.slice:
                needs[source.slice] |= {self.slice_of(name) for _, name in source.imports} - {
                    "",
                    source.slice,
                }
        return needs

    def reachable(self, start: str) -> set[str]:
        """Return every slice that a slice needs, directly or through others."""
        found: set[str] = set()
        waiting = [start]
        while waiting:
            new = self._needs[waiting.pop()] - found
            found |= new
            waiting += new
        return found
