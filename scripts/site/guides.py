"""The guides: Markdown of ours in which what the contract knows is filled in from the contract.

A line `<!-- contract: operations-with-parameter cursor -->` becomes a list that no hand keeps. What the contract says
nothing of stops the making of the site, so that a guide does not outlive what it is about.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

from scripts.site.document import Document, Node, Operation, SiteError
from scripts.site.problems import Problem
from scripts.site.prose import safe
from scripts.site.schemas import Shapes

_MARK = re.compile(r"^<!-- contract: (\w[\w-]*) ?(.*?) -->$", re.MULTILINE)
_NAME_OF_OPERATION = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+")


@dataclass(frozen=True)
class Guide:
    """One page of `docs/guides/`."""

    href: str
    title: str
    lead: str
    html: Markup


class Facts:
    """What a mark can ask of the contract; each answer is Markdown."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._shapes = Shapes(document)
        self.known: dict[str, Callable[[str], list[str]]] = {
            "operations-with-parameter": self._with_parameter,
            "operations-with-answer-header": self._with_answer_header,
            "operations-with-status": self._with_status,
            "operations-for-everybody": self._for_everybody,
            "parameter": self._parameter,
            "header": self._header,
            "schema": self._schema,
            "problems": self._problems_of,
            "problems-only-with-parameter": self._problems_only_with,
            "limits": self._limits,
            "scopes": self._scopes,
            "roles": self._roles,
        }

    def _list(self, operations: Iterable[Operation]) -> list[str]:
        return [f"- `{operation.name}`: {operation.summary}" for operation in operations]

    def _with_parameter(self, name: str) -> list[str]:
        operations = self._document.operations.values()
        return self._list(one for one in operations if any(entry["name"] == name for entry in one.parameters))

    def _with_answer_header(self, name: str) -> list[str]:
        operations = self._document.operations.values()
        return self._list(
            one for one in operations if any(name in answer.get("headers", {}) for answer in one.responses.values())
        )

    def _with_status(self, status: str) -> list[str]:
        return self._list(one for one in self._document.operations.values() if status in one.responses)

    def _for_everybody(self, _: str) -> list[str]:
        default = self._document.root.get("security", [])
        operations = self._document.operations.values()
        return self._list(one for one in operations if not (rules := one.node.get("security", default)) or {} in rules)

    def _parameter(self, name: str) -> list[str]:
        parameters: dict[str, Node] = self._document.root.get("components", {}).get("parameters", {})
        return self._value(next((entry for entry in parameters.values() if entry["name"] == name), None))

    def _header(self, name: str) -> list[str]:
        header: Node | None = self._document.root.get("components", {}).get("headers", {}).get(name)
        return self._value(header and {"name": name, **header})

    def _value(self, entry: Node | None) -> list[str]:
        if entry is None:
            return []
        value = self._shapes.value(entry["name"], entry["schema"], required=entry.get("required", False))
        facts = [value.kind, *value.facts, "required" if value.required else "optional"]
        return [f"- `{value.name}` ({', '.join(facts)}): {entry['description']}"]

    def _schema(self, name: str) -> list[str]:
        node = self._document.schemas().get(name, {})
        members = self._shapes.members(node, (name,))
        return [f"- `{one.name}` ({', '.join([one.kind, *one.facts])}): {one.text}" for one in members]

    def _problems_of(self, statuses: str) -> list[str]:
        wanted = statuses.split()
        return _told(problem for problem in self._problems if str(problem.status) in wanted)

    def _problems_only_with(self, name: str) -> list[str]:
        operations = self._document.operations.values()
        those = {one.name for one in operations if any(entry["name"] == name for entry in one.parameters)}
        return _told(
            problem for problem in self._problems if {one.name for one in problem.operations} == those != set()
        )

    def _limits(self, _: str) -> list[str]:
        policies: dict[str, Node] = self._document.root.get("x-rate-limit-policies", {})
        lines: list[str] = []
        for name, policy in policies.items():
            lines.append(f"- **{name}**, counted per {policy['per']}: {policy['description']}")
            lines += [
                f"    - `{one.name}`: {one.summary}"
                for one in self._document.operations.values()
                if one.node.get("x-rate-limit") == name
            ]
        return lines or ["No operation limits how often it is called: the contract names no policy."]

    def _schemes(self) -> list[Node]:
        return list(self._document.root.get("components", {}).get("securitySchemes", {}).values())

    def _scopes(self, _: str) -> list[str]:
        flows = [flow for scheme in self._schemes() for flow in scheme.get("flows", {}).values()]
        scopes = {scope: text for flow in flows for scope, text in flow["scopes"].items()}
        return [f"- `{scope}`: {text}" for scope, text in scopes.items()]

    def _roles(self, _: str) -> list[str]:
        roles = {role: scopes for scheme in self._schemes() for role, scopes in scheme.get("x-role-scopes", {}).items()}
        return [f"- **{role}**: {', '.join(f'`{scope}`' for scope in scopes)}" for role, scopes in roles.items()]


def _told(problems: Iterable[Problem]) -> list[str]:
    return [f"- {problem.status} `{problem.code}`: {problem.meaning} {problem.remedy}" for problem in problems]


def _fill(source: str, where: str, facts: Facts) -> str:
    def answer(mark: re.Match[str]) -> str:
        ask = facts.known.get(mark[1])
        if ask is None:
            raise SiteError(
                f"{where}: the contract cannot be asked for `{mark[1]}`; ask for one of {', '.join(facts.known)}"
            )
        lines = ask(mark[2])
        if not lines:
            raise SiteError(f"{where}: the contract has nothing for `{mark[0]}`; mend the mark or take the passage out")
        return "\n".join(lines)

    return _MARK.sub(answer, source)


def _check_names(source: str, where: str, document: Document) -> None:
    for name in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", source, flags=re.MULTILINE | re.DOTALL)):
        if _NAME_OF_OPERATION.fullmatch(name) and name not in document.operations:
            raise SiteError(f"{where}: `{name}` is no operation of the contract; mend the name")


def read(folder: Path, document: Document, problems: list[Problem], md: MarkdownIt) -> list[Guide]:
    """Render every guide of a folder, in the order of their names.

    A guide begins with `# Title` and a paragraph that the overview quotes. Raises SiteError when it does not, when it
    names an operation that is not there, or when the contract has no answer to one of its marks.
    """
    facts = Facts(document, problems)
    guides: list[Guide] = []
    for path in sorted(folder.glob("*.md")):
        where = f"{folder.parent.name}/{folder.name}/{path.name}"
        source = path.read_text()
        _check_names(source, where, document)
        match = re.match(r"# ([^`\n]+)\n\n((?:[^`\n]+\n)+)\n", source)
        if match is None:
            raise SiteError(f"{where}: a guide begins with `# Title`, an empty line and a plain paragraph; add them")
        body = safe(md.render(_fill(source[match.end() :], where, facts)))
        guides.append(Guide(f"/guides/{path.stem}", match[1], " ".join(match[2].split()), body))
    return guides
