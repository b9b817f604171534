"""What the environment's variables mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from oee.config.environment import database_url, default_data_dir, secret, user_data_folder
from oee.errors import ConfigError

HOME = Path("/home/ann")


@pytest.mark.parametrize(
    ("system", "environ", "expected"),
    [
        ("linux", {}, "/home/ann/.local/share"),
        ("linux", {"XDG_DATA_HOME": "/data/ann"}, "/data/ann"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/home/ann/.local/share"),
        ("darwin", {"XDG_DATA_HOME": "/data/ann"}, "/home/ann/Library/Application Support"),
        ("win32", {"LOCALAPPDATA": "/c/ann/Local"}, "/c/ann/Local"),
        ("win32", {}, "/home/ann/AppData/Local"),
    ],
)
def test_a_users_data_lie_where_the_platform_wants_them(system: str, environ: dict[str, str], expected: str) -> None:
    assert user_data_folder(system, HOME, environ) == Path(expected)


def test_the_data_folder_is_what_the_variable_says_made_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OEE_DATA_DIR", "plant")
    assert default_data_dir() == tmp_path / "plant"


@pytest.mark.parametrize(("uid", "expected"), [(0, "/var/lib/oee"), (1000, "/home/ann/.local/share/oee")])
def test_the_default_data_folder_is_the_systems_for_root_and_ones_own_otherwise(
    monkeypatch: pytest.MonkeyPatch, uid: int, expected: str
) -> None:
    monkeypatch.delenv("OEE_DATA_DIR", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(HOME))
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr("sys.platform", "linux")
    assert default_data_dir() == Path(expected)


def test_a_secret_comes_from_the_variable_or_from_the_file_without_its_line_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OEE_DATABASE_URL", raising=False)
    monkeypatch.delenv("OEE_DATABASE_URL_FILE", raising=False)
    assert database_url() is None
    monkeypatch.setenv("OEE_DATABASE_URL", "postgresql://db/oee")
    assert database_url() == "postgresql://db/oee"
    monkeypatch.setenv("OEE_DATABASE_URL", "")
    (tmp_path / "url").write_text("postgresql://file/oee\n")
    monkeypatch.setenv("OEE_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert database_url() == "postgresql://file/oee"


@pytest.mark.parametrize(
    ("value", "content", "words"),
    [("x", "y", "Both OEE_TOKEN and OEE_TOKEN_FILE are set"), (None, None, "can't be read"), (None, "\n", "is empty")],
)
def test_a_secret_that_cannot_be_had_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None, content: str | None, words: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    if value is not None:
        monkeypatch.setenv("OEE_TOKEN", value)
    monkeypatch.setenv("OEE_TOKEN_FILE", str(file))
    with pytest.raises(ConfigError, match=words):
        secret("OEE_TOKEN")
