"""The journeys: Arazzo descriptions as pages, a numbered step for each request."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from markupsafe import Markup

from scripts.site.document import Document, Node, Operation, SiteError, slug
from scripts.site.prose import as_json


class Input(NamedTuple):
    """What a reader brings along."""

    name: str
    text: str
    default: str


@dataclass(frozen=True)
class Step:
    """One request of a journey, what it sends, what must come back, and what is kept of it."""

    text: str
    operation: Operation
    parameters: tuple[tuple[str, str], ...]
    payload: Markup | None
    checks: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Part:
    """A workflow: most journeys have one."""

    name: str
    summary: str
    text: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Journey:
    """One page."""

    href: str
    title: str
    lead: str
    text: str
    parts: tuple[Part, ...]


def read(folder: Path, document: Document) -> list[Journey]:
    """Read every description of a folder, in the order of their names.

    Raises SiteError when a step calls an operation that is not there.
    """
    return [_journey(path, document) for path in sorted(folder.glob("*.arazzo.yaml"))]


def _journey(path: Path, document: Document) -> Journey:
    root: Node = yaml.safe_load(path.read_text())
    info = root["info"]
    return Journey(
        href=f"/guides/journey-{slug(info['title'])}",
        title=info["title"],
        lead=info.get("summary", ""),
        text=info.get("description", ""),
        parts=tuple(_part(workflow, root, document, path.name) for workflow in root["workflows"]),
    )


def _part(workflow: Node, root: Node, document: Document, file: str) -> Part:
    inputs: dict[str, Node] = workflow.get("inputs", {}).get("properties", {})
    return Part(
        name=workflow["workflowId"],
        summary=workflow.get("summary", workflow["workflowId"]),
        text=workflow.get("description", ""),
        inputs=tuple(
            Input(name, entry.get("description", ""), str(entry.get("default", ""))) for name, entry in inputs.items()
        ),
        steps=tuple(_step(step, root, document, f"{file}: step {step['stepId']}") for step in workflow["steps"]),
    )


def _step(step: Node, root: Node, document: Document, where: str) -> Step:
    name: str = step.get("operationId", "")
    operation = document.operations.get(name.rpartition(".")[2])
    if operation is None:
        raise SiteError(f"{where}: `{name}` is no operation of the contract; mend the operationId")
    given = [_follow(entry, root) for entry in step.get("parameters", [])]
    body: Node = step.get("requestBody", {})
    return Step(
        text=step.get("description", ""),
        operation=operation,
        parameters=tuple((entry["name"], str(entry["value"])) for entry in given),
        payload=as_json(body["payload"]) if "payload" in body else None,
        checks=tuple(_check(criterion) for criterion in step.get("successCriteria", [])),
        kept=tuple((key, str(value)) for key, value in step.get("outputs", {}).items()),
    )


def _follow(entry: Node, root: Node) -> Node:
    """Return a parameter, if need be the shared one that it refers to (Arazzo 1.0.1, reusable objects)."""
    found: Any = root
    for part in re.findall(r"\w+", entry.get("reference", "").removeprefix("$")):
        found = found[part]
    return {**found, **entry} if "reference" in entry else entry


def _check(criterion: Node) -> str:
    """Write a condition of any kind as one expression."""
    if criterion.get("type") == "regex":
        return f"{criterion['context']} matches {criterion['condition']}"
    context = f" in {criterion['context']}" if "context" in criterion else ""
    return f"{criterion['condition']}{context}"
