"""Archives that are no bundle, broken or made to harm: each is refused in words."""

import json
import zipfile
from pathlib import Path

import pytest

from assets.evidence import archive
from assets.evidence.archive import FORMAT, MANIFEST, BundleError, hash_of, unpack

CONTENT = b"what the manifest tells of" * 100
BUILD = {"build_id": "20261122T000000Z-00000000", "as_of": "2026-11-22"}


def manifest_of(**changes: object) -> bytes:
    whole = {"format": FORMAT, "build": BUILD, "files": {"a.txt": hash_of(CONTENT)}}
    return json.dumps(whole | changes).encode()


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_a_whole_one_is_unpacked(tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.zip", {"a.txt": CONTENT, MANIFEST: manifest_of()})
    assert unpack(whole, tmp_path / "out")["build"] == BUILD
    assert (tmp_path / "out" / "a.txt").read_bytes() == CONTENT
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "/etc/evil",
        "a/../../evil",
        "C:evil",
        "a\\..\\b",
        "./evil",
        "a//b",
        "../",
        "/",
    ],
)
def test_a_name_that_leads_outside_is_refused(name: str, tmp_path: Path) -> None:
    members = {"a.txt": CONTENT, name: b"evil", MANIFEST: manifest_of()}
    (tmp_path / "in").mkdir()
    evil = packed(tmp_path / "in" / "evil.zip", members)
    with pytest.raises(BundleError, match="lead outside"):
        unpack(evil, tmp_path / "out")
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "evil.zip"]


@pytest.mark.parametrize(
    "content", [b"", b"no zip at all", b"PK\x03\x04 half"], ids=["empty", "text", "cut"]
)
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BundleError, match="no whole bundle"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (b"no json", "unreadable"),
        (b"[1, 2]", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b"{}", "unreadable"),
        (manifest_of(format="other/1"), "other/1"),
        (manifest_of(files=["a.txt"]), "not duibiao"),
        (manifest_of(build={}), "not duibiao"),
        (manifest_of(build=None), "unreadable"),
        (manifest_of(files={"a.txt": None}), "SHA-256"),
    ],
    ids=["text", "list", "deep", "empty", "format", "files", "build", "no-build", "no-hash"],
)
def test_an_unreadable_manifest_is_refused(member: bytes, words: str, tmp_path: Path) -> None:
    broken = packed(tmp_path / "a.zip", {"a.txt": CONTENT, MANIFEST: member})
    with pytest.raises(BundleError, match=words):
        unpack(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_archive_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"manifest\.json: 缺失"):
        unpack(packed(tmp_path / "a.zip", {"a.txt": CONTENT}), tmp_path / "out")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    """The flag alone: Python asks for a password and gives up."""
    whole = packed(tmp_path / "a.zip", {"a.txt": CONTENT, MANIFEST: manifest_of()})
    flagged = bytearray(whole.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = flagged.find(mark)
        while start >= 0:
            flagged[start + place] |= 1
            start = flagged.find(mark, start + 4)
    whole.write_bytes(flagged)
    with pytest.raises(BundleError, match="encrypted"):
        unpack(whole, tmp_path / "out")


@pytest.mark.parametrize("place", range(36, 60, 6))
def test_a_damaged_byte_is_found(place: int, tmp_path: Path) -> None:
    """In the compressed data: what cannot be unpacked any more, or is not the same."""
    whole = packed(tmp_path / "a.zip", {"a.txt": CONTENT, MANIFEST: manifest_of()})
    damaged = bytearray(whole.read_bytes())
    damaged[place] ^= 0xFF
    whole.write_bytes(damaged)
    with pytest.raises(BundleError):
        unpack(whole, tmp_path / "out")


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.zip", {"a.txt": CONTENT, MANIFEST: manifest_of()})
    with zipfile.ZipFile(whole, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("a.txt", CONTENT)
    with pytest.raises(BundleError, match=r"a\.txt: 重复"):
        unpack(whole, tmp_path / "out")


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_FILES", "MAX_MANIFEST_BYTES"])
def test_what_is_too_large_is_not_unpacked(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = packed(tmp_path / "a.zip", {"a.txt": CONTENT, MANIFEST: manifest_of()})
    monkeypatch.setattr(archive, limit, 1)
    with pytest.raises(BundleError, match="过大"):
        unpack(whole, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_known_by_what_it_would_become(tmp_path: Path) -> None:
    """Three kilobytes that say they hold more than is allowed."""
    bomb = packed(tmp_path / "a.zip", {"a.txt": CONTENT, MANIFEST: manifest_of()})
    data = bytearray(bomb.read_bytes())
    entry = data.find(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (archive.MAX_BYTES + 1).to_bytes(4, "little")
    bomb.write_bytes(data)
    with pytest.raises(BundleError, match="too many or too large"):
        unpack(bomb, tmp_path / "out")
