"""The product's own settings: who sends its mails, who is locked out, and who is its first administrator."""

from pathlib import Path

import pytest

from tests.settings.test_settings import GOOD_SECRET, PRODUCTION, run, table

ADMIN = {"FIRST_SUPERUSER": "ottilie@example.org", "FIRST_SUPERUSER_PASSWORD": "Presses4running"}


class TestMail:
    @pytest.mark.parametrize(("port", "tls"), [("25", "starttls"), ("587", "starttls"), ("465", "tls")])
    def test_mail_is_never_plain_unless_told_so(self, tmp_path: Path, port: str, tls: str) -> None:
        assert table(run(tmp_path, SMTP_PORT=port))["SMTP_TLS"][0] == tls

    def test_a_mail_server_needs_a_sender(self, tmp_path: Path) -> None:
        refused = run(tmp_path, SMTP_HOST="mail.example.org")
        assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "EMAILS_FROM_EMAIL")
        server = {
            "SMTP_HOST": "mail.example.org",
            "EMAILS_FROM_EMAIL": "galley@example.org",
            "SMTP_PASSWORD": "Sw0rd",
        }
        accepted = run(tmp_path, **server)
        assert table(accepted)["SMTP_HOST"] == ("mail.example.org", "environment")
        assert "Sw0rd" not in accepted.stdout

    # The mails would hold links that lead nowhere, and the password would be there for all to read.
    @pytest.mark.parametrize(("name", "value"), [("SMTP_HOST", "mail.example.org"), ("SMTP_PASSWORD", GOOD_SECRET)])
    def test_production_refuses_what_is_not_safe(self, tmp_path: Path, name: str, value: str) -> None:
        unsafe = {"EMAILS_FROM_EMAIL": "galley@example.org", "SMTP_TLS": "none", name: value}
        result = run(tmp_path, **PRODUCTION | unsafe)
        assert result.returncode == 1
        assert result.stderr.startswith(f"{name}: ")
        assert len(result.stderr.splitlines()) == 1
        assert value not in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_TLS", "perhaps"),
        ("EMAILS_FROM_EMAIL", "galley@example.org\nBcc: all@example.org"),
        ("EMAILS_FROM_EMAIL", "Galley <galley@example.org>"),
        ("EMAILS_FROM_NAME", "Galley\nBcc: all@example.org"),
        ("MIN_PASSWORD_LENGTH", "7"),
        ("MIN_PASSWORD_LENGTH", "101"),
        ("MAX_LOGIN_ATTEMPTS", "0"),
        ("MAX_LOGIN_ATTEMPTS", "101"),
        ("ACCOUNT_LOCKOUT_MINUTES", "forever"),
    ],
)
def test_a_wrong_value_stops_with_its_name_and_not_itself(tmp_path: Path, name: str, value: str) -> None:
    result = run(tmp_path, **{name: value})
    assert result.returncode == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [name]
    assert value not in result.stderr


class TestFirstAdmin:
    def test_its_password_is_masked(self, tmp_path: Path) -> None:
        result = run(tmp_path, **ADMIN)
        assert table(result)["FIRST_SUPERUSER"][0] == "ottilie@example.org"
        assert ADMIN["FIRST_SUPERUSER_PASSWORD"] not in result.stdout

    @pytest.mark.parametrize("environment", ["development", "production"])
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("FIRST_SUPERUSER", "ottilie"),
            ("FIRST_SUPERUSER", "ottilie@example.org\nBcc: eve@example.org"),
            ("FIRST_SUPERUSER_PASSWORD", ""),
            ("FIRST_SUPERUSER_PASSWORD", "Sh0rt"),
            ("FIRST_SUPERUSER_PASSWORD", "presses4running"),
            ("FIRST_SUPERUSER_PASSWORD", "PRESSES4RUNNING"),
            ("FIRST_SUPERUSER_PASSWORD", "PressesRunning"),
        ],
    )
    def test_what_no_member_could_have_is_refused(
        self, tmp_path: Path, environment: str, name: str, value: str
    ) -> None:
        result = run(tmp_path, **PRODUCTION | ADMIN | {"ENVIRONMENT": environment, name: value})
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"{name}: ")
        assert not value or value not in line

    @pytest.mark.parametrize("password", ["Weaves4lgebra", "Presses4run", "Aa1Aa1Aa1Aa1", "Ottilie4ever4you"])
    def test_production_wants_a_better_one(self, tmp_path: Path, password: str) -> None:
        given = ADMIN | {"FIRST_SUPERUSER_PASSWORD": password}
        assert run(tmp_path, **given).returncode == 0
        result = run(tmp_path, **PRODUCTION | given)
        assert result.returncode == 1
        assert result.stderr.startswith("FIRST_SUPERUSER_PASSWORD: ")
        assert password not in result.stderr

    def test_it_is_as_long_as_others_have_to_be(self, tmp_path: Path) -> None:
        password = ADMIN["FIRST_SUPERUSER_PASSWORD"]
        assert run(tmp_path, **ADMIN, MIN_PASSWORD_LENGTH=str(len(password))).returncode == 0
        result = run(tmp_path, **ADMIN, MIN_PASSWORD_LENGTH=str(len(password) + 1))
        assert (result.returncode, result.stderr.split(":")[0]) == (1, "FIRST_SUPERUSER_PASSWORD")
        assert password not in result.stderr

    def test_production_takes_a_good_one(self, tmp_path: Path) -> None:
        assert run(tmp_path, **PRODUCTION | ADMIN).returncode == 0
