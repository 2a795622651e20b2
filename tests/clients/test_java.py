"""The Java compiler sees a contract that the scenario does not follow, and says what it lacks itself."""

from pathlib import Path

import pytest

from scripts.clients import java
from scripts.clients.language import ClientError
from tests.clients.renamed import folders, renamed


class TestBuild:
    def test_stops_at_a_renamed_member(self, tmp_path: Path) -> None:
        with pytest.raises(ClientError, match=r"(?s)Writing\.java.*cannot find symbol.*getLikes"):
            java.build(renamed(tmp_path, '"likes"', '"applause"'), *folders(tmp_path))

    def test_stops_at_a_warning_of_the_compiler(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        deprecated = [entry for entry in java.CORRECTIONS if "erializationInclusion" not in entry.wrong]
        monkeypatch.setattr(java, "CORRECTIONS", deprecated)
        with pytest.raises(ClientError, match=r"(?s)\[deprecation\] setSerializationInclusion.*-Werror"):
            java.build(renamed(tmp_path, '"likes"', '"likes"'), *folders(tmp_path))


class TestClassPath:
    def test_says_in_one_line_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "httpcore.jar").touch()
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ClientError) as failure:
            java.class_path(tmp_path)
        assert str(failure.value) == (
            "the Java client needs java, javac, httpmime.jar, httpclient.jar, jakarta-annotation-api.jar: "
            "apt-get install default-jdk-headless libhttpmime-java libjakarta-annotation-api-java"
        )
