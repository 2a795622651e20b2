"""The guide's blocks are what is run, in their order and in one shell; one that fails is named."""

import os
from pathlib import Path

from scripts.try_guide import GUIDE, blocks, perform

SHELL = {"PATH": os.environ["PATH"]}
TEXT = """# A guide

```sh
mkdir there
cd there
```

```python
this is shown, not run
```

```sh
pwd > ../where.txt
```
"""


def test_takes_the_commands_with_their_lines() -> None:
    assert [(block.line, block.text) for block in blocks(TEXT)] == [
        (4, "mkdir there\ncd there\n"),
        (13, "pwd > ../where.txt\n"),
    ]


def test_runs_them_in_one_shell(tmp_path: Path) -> None:
    assert perform(list(blocks(TEXT)), tmp_path, SHELL) is None
    assert (tmp_path / "where.txt").read_text() == f"{tmp_path}/there\n"


def test_names_the_block_that_fails(tmp_path: Path) -> None:
    broken = TEXT.replace("pwd >", "false; pwd >")
    complaint = perform(list(blocks(broken)), tmp_path, SHELL)
    assert complaint is not None
    assert complaint.endswith("docs/guide.md:13: this block ended with 1; mend the text or what it uses.")
    assert not (tmp_path / "where.txt").exists()


def test_a_failure_in_a_pipe_and_a_missing_variable_are_failures(tmp_path: Path) -> None:
    for command in ("false | true", 'echo "$MISSING"'):
        assert perform(list(blocks(f"```sh\n{command}\n```\n")), tmp_path, SHELL) is not None


def test_the_guide_has_what_is_tried() -> None:
    commands = "".join(block.text for block in blocks(GUIDE.read_text()))
    for command in ("git clone", "make new", "make generate", "make stubs", "make run", "make check"):
        assert command in commands
