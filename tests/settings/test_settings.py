"""What stands in the environment is what the service runs with, and what is wrong is named before it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.settings import SAMPLE_SECRET, Settings

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = dotenv_values(REPOSITORY / ".env.example")
GOOD_SECRET = "a-secret-of-our-own-that-is-long-enough"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": GOOD_SECRET,
    "ALLOWED_HOSTS": "api.example.org",
    "DATABASE_URL": "postgresql://galley:hidden@db.example.org/galley",
}


def run(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Print the settings in a process of its own, which sees nothing but this environment."""
    return subprocess.run(
        [sys.executable, "-m", "app.settings"],
        cwd=directory,
        env={"PYTHONPATH": str(REPOSITORY), "DATA_DIR": str(directory), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def table(result: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """Return name: (value, origin) from the printed settings."""
    assert result.returncode == 0, result.stderr
    rows = (line.split(maxsplit=1) for line in result.stdout.splitlines())
    return {name: (rest.rsplit(maxsplit=1)[0].strip(), rest.rsplit(maxsplit=1)[-1]) for name, rest in rows}


class TestOrigin:
    def test_environment_goes_before_dotenv_before_default(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("PORT=9001\nWORKERS=3\nLOG_LEVEL=\n")
        printed = table(run(tmp_path, PORT="9002"))
        assert printed["PORT"] == ("9002", "environment")
        assert printed["WORKERS"] == ("3", ".env")
        assert printed["LOG_LEVEL"] == ("INFO", "default")

    def test_prints_every_setting_and_no_secret(self, tmp_path: Path) -> None:
        result = run(tmp_path, SECRET_KEY=GOOD_SECRET, DATABASE_URL="postgresql://me:hunter2@db:5432/galley?password=x")
        assert set(table(result)) == {name.upper() for name in Settings.model_fields}
        assert table(result)["DATABASE_URL"][0] == "postgresql://db/galley"
        assert GOOD_SECRET not in result.stdout
        assert "hunter2" not in result.stdout

    def test_prints_where_redis_is_and_not_its_password(self, tmp_path: Path) -> None:
        result = run(tmp_path, REDIS_URL="rediss://me:hunter2@cache:6380/3?password=hunter3")
        assert table(result)["REDIS_URL"] == ("rediss://cache/3", "environment")
        assert "hunter" not in result.stdout

    def test_repr_shows_no_secret(self) -> None:
        settings = Settings(secret_key=GOOD_SECRET, database_url="postgresql://me:hunter2@db/galley")  # pyright: ignore[reportArgumentType] - Pydantic takes text.
        assert GOOD_SECRET not in repr(settings)
        assert "hunter2" not in repr(settings)


class TestExample:
    def test_lists_every_setting_and_no_other(self) -> None:
        assert list(EXAMPLE) == [name.upper() for name in Settings.model_fields]

    def test_its_secret_is_the_one_that_production_refuses(self) -> None:
        assert EXAMPLE["SECRET_KEY"] == SAMPLE_SECRET

    def test_states_the_defaults(self, tmp_path: Path) -> None:
        with_example = run(
            tmp_path, **{name: value for name, value in EXAMPLE.items() if value} | {"DATA_DIR": str(tmp_path)}
        )
        values = {name: value for name, (value, _) in table(with_example).items()}
        assert values == {name: value for name, (value, _) in table(run(tmp_path)).items()}


class TestDevelopment:
    def test_secret_is_made_once_for_its_owner_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SECRET_KEY", raising=False)
        first, second = (Settings(data_dir=tmp_path).secret_key.get_secret_value() for _ in range(2))
        assert first == second
        assert len(first.encode()) >= 32
        assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600

    def test_listens_on_this_machine_alone(self, tmp_path: Path) -> None:
        assert table(run(tmp_path))["HOST"][0] == "127.0.0.1"

    @pytest.mark.parametrize(
        "text", ["https://a.example,https://b.example", '["https://a.example", "https://b.example"]']
    )
    def test_origins_are_a_json_list_or_separated_by_commas(self, tmp_path: Path, text: str) -> None:
        printed = table(run(tmp_path, BACKEND_CORS_ORIGINS=text))
        assert printed["BACKEND_CORS_ORIGINS"][0] == "https://a.example,https://b.example"


class TestProduction:
    def test_starts_when_everything_is_said(self, tmp_path: Path) -> None:
        printed = table(run(tmp_path, **PRODUCTION))
        assert printed["HTTPS_ONLY"][0] == "true"
        assert printed["DEMO_DATA"][0] == "false"
        assert printed["HOST"][0] == "0.0.0.0"  # noqa: S104
        assert not (tmp_path / "secret_key").exists()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SECRET_KEY", ""),
            ("SECRET_KEY", "short"),
            ("SECRET_KEY", SAMPLE_SECRET),
            ("ALLOWED_HOSTS", ""),
            ("ALLOWED_HOSTS", "*"),
        ],
    )
    def test_refuses_what_is_not_safe(self, tmp_path: Path, name: str, value: str) -> None:
        result = run(tmp_path, **PRODUCTION | {name: value})
        assert result.returncode == 1
        assert result.stderr.startswith(f"{name}: ")
        assert len(result.stderr.splitlines()) == 1
        assert not value or value == "*" or value not in result.stderr

    def test_refuses_the_embedded_database_unless_told_so(self, tmp_path: Path) -> None:
        refused = run(tmp_path, **PRODUCTION | {"DATABASE_URL": ""})
        assert refused.returncode == 1
        assert refused.stderr.startswith("ALLOW_EMBEDDED_DATABASE: ")
        told = run(tmp_path, **PRODUCTION | {"DATABASE_URL": "", "ALLOW_EMBEDDED_DATABASE": "true"})
        assert told.returncode == 0


class TestWrongValue:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("ENVIRONMENT", "staging"),
            ("PORT", "eighty"),
            ("PORT", "65536"),
            ("WORKERS", "0"),
            ("PUBLIC_URL", "ftp://files.example"),
            ("DATABASE_URL", "mysql://me:hunter2@db/galley"),
            ("DATABASE_POOL_TIMEOUT", "nan"),
            ("BACKEND_CORS_ORIGINS", "https://a.example/path"),
            ("BACKEND_CORS_ORIGINS", "[not json"),
            ("HTTPS_ONLY", "perhaps"),
            ("TRUSTED_PROXIES", "10.0.0.300"),
            ("TRUSTED_PROXIES", "10.0.0.1/8"),
            ("TRUSTED_PROXIES", "proxy.internal"),
            ("TRUSTED_PROXIES", "*"),
            ("TRUSTED_PROXIES", "0.0.0.0/0"),
            ("TRUSTED_PROXIES", "10.0.0.1,::/0"),
            ("RATE_LIMIT", "many"),
            ("RATE_LIMIT", "1000"),
            ("RATE_LIMIT", "0/minute"),
            ("RATE_LIMIT", "-1/minute"),
            ("RATE_LIMIT", "100/fortnight"),
            ("RATE_LIMIT", "1000001/minute"),
            ("RATE_LIMIT", "100 per 2 days"),
            ("RATE_LIMIT", "100/minute;5/second"),
            ("RATE_LIMIT_AUTH", "ten/minute"),
            ("REDIS_URL", "localhost:6379"),
            ("REDIS_URL", "http://:hunter2@cache"),
            ("REDIS_URL", "redis:///0"),
            ("REDIS_URL", "redis://:hunter2@cache:many"),
            ("REDIS_URL", "redis://:hunter2@cache:0"),
            ("REDIS_URL", "redis://:hunter2@cache:65536"),
            ("REDIS_URL", "redis://:hunter2@cache/first"),
            ("REDIS_URL", "redis://[::1"),
            ("REDIS_URL", "redis://cache?socket_timeout=soon"),
            ("REDIS_URL", "redis://cache?no_such_option=1"),
            ("LOG_LEVEL", "LOUD"),
        ],
    )
    def test_stops_with_its_name_and_not_its_value(self, tmp_path: Path, name: str, value: str) -> None:
        result = run(tmp_path, **{name: value})
        assert result.returncode == 1
        assert [line.split(":")[0] for line in result.stderr.splitlines()] == [name]
        assert value not in result.stderr

    def test_names_every_wrong_setting_at_once(self, tmp_path: Path) -> None:
        result = run(tmp_path, PORT="x", WORKERS="y", LOG_FORMAT="z")
        assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["PORT", "WORKERS", "LOG_FORMAT"]


def test_nothing_else_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(REPOSITORY))
        for path in (REPOSITORY / "app").rglob("*.py")
        if "os.environ" in path.read_text() or "os.getenv" in path.read_text()
    ]
    # The start hands the embedded database's address to the workers, which read it as a setting.
    assert sorted(readers) == ["app/__main__.py", "app/settings.py"], os.linesep.join(readers)
