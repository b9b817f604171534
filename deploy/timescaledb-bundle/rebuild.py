"""Maintainer's script: rebuild the TimescaleDB bundles in ``oee/store/embedded/bundle`` from Debian's package.

Usage: ``python deploy/timescaledb-bundle/rebuild.py [x86_64|aarch64 ...]`` on a Debian or Ubuntu machine.

The package is fetched and its signature checked by this machine's own ``apt`` set-up (its mirror, its Debian
keyring), in a private state folder, so that the machine itself is left as it is. The result is
the same to the byte for the same package; the printed sha256 values belong into ``oee/store/embedded/timescale.py``.

The x86-64 bundle is what the tests run. The aarch64 bundle comes from Debian's arm64 build of the same source
through the same patch; it is checked for the versions it still insists on, but no test of ours starts it.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from elf_patch import Change, patched

PACKAGE, VERSION, SUITE = "postgresql-18-timescaledb", "2.31.0", "forky"
DEBIAN_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}
BUNDLES = Path(__file__).resolve().parents[2] / "oee" / "store" / "embedded" / "bundle"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APACHE_LICENSE = Path("/usr/share/common-licenses/Apache-2.0")

LIBRARIES = Path("usr/lib/postgresql/18/lib")
EXTENSION = Path("usr/share/postgresql/18/extension")
DOCUMENTS = Path(f"usr/share/doc/{PACKAGE}")

CHANGES_HEADER = """\
MODIFIED FILES (Apache License 2.0, section 4b)

The libraries in lib/ are those of Debian's package {package} {version}, architecture {architecture},
changed by the oee project so that they load on glibc {glibc} and later. Only entries of the dynamic symbol
table and of the table of needed versions were changed; no machine code was. The script that did it is
deploy/timescaledb-bundle/rebuild.py in the oee repository. All other files are Debian's, unchanged.
The text of TimescaleDB's own NOTICE follows after the list.

"""


def main(machines: list[str]) -> None:
    """Rebuild the bundle of every machine named, or of all."""
    for machine in machines or sorted(DEBIAN_ARCHITECTURE):
        with tempfile.TemporaryDirectory() as scratch:
            root, version = unpacked_package(Path(scratch), DEBIAN_ARCHITECTURE[machine])
            archive = packed(bundle_files(root, version, DEBIAN_ARCHITECTURE[machine]))
        target = BUNDLES / f"timescaledb-{VERSION}-pg18-linux-{machine}.tar.xz"
        target.write_bytes(archive)
        sys.stdout.write(f"{target.name}  {len(archive)} B  sha256 {hashlib.sha256(archive).hexdigest()}\n")


def unpacked_package(scratch: Path, architecture: str) -> tuple[Path, str]:
    """Fetch the package for one architecture; return the folder it was unpacked to and its full version."""
    options = apt_options(scratch, architecture)
    run("apt-get", *options, "-qq", "update", cwd=scratch)
    run("apt-get", *options, "-qq", "download", f"{PACKAGE}:{architecture}", cwd=scratch)
    (package,) = scratch.glob(f"{PACKAGE}_*.deb")
    version = run("dpkg-deb", "-f", str(package), "Version", cwd=scratch).strip()
    if not version.startswith(VERSION):
        raise SystemExit(f"{SUITE} has {PACKAGE} {version}, this script knows {VERSION}: change VERSION here "
                         "and the pins in oee/store/embedded/timescale.py together")  # fmt: skip
    run("dpkg-deb", "-x", str(package), "root", cwd=scratch)
    return scratch / "root", version


def apt_options(scratch: Path, architecture: str) -> list[str]:
    """Return options that point apt at a private state below `scratch` and at SUITE on this machine's mirror."""
    for folder in ("lists/partial", "cache/archives/partial", "none"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "status").touch()
    (scratch / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
    settings = {
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": scratch / "none",
        "Dir::Etc::preferencesparts": scratch / "none",
        "Dir::State": scratch,
        "Dir::State::lists": scratch / "lists",
        "Dir::State::status": scratch / "status",
        "Dir::Cache": scratch / "cache",
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def mirror() -> str:
    """Return the mirror that this machine's apt is set up with."""
    found = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    addresses = sorted({line for line in found.splitlines() if "security" not in line})
    if not addresses:
        raise SystemExit("apt has no package source on this machine: run apt-get update first")
    return addresses[0]


def bundle_files(root: Path, version: str, architecture: str) -> dict[str, bytes]:
    """Return the bundle's files by their path in it, the libraries patched."""
    files = {"LICENSE-APACHE": APACHE_LICENSE.read_bytes(), "copyright": (root / DOCUMENTS / "copyright").read_bytes()}
    changes: dict[str, tuple[Change, ...]] = {}
    for name in ("timescaledb.so", f"timescaledb-{VERSION}.so"):
        files[f"lib/{name}"], changes[name] = patched((root / LIBRARIES / name).read_bytes())
    for name in ("timescaledb.control", f"timescaledb--{VERSION}.sql"):
        files[f"share/extension/{name}"] = (root / EXTENSION / name).read_bytes()
    header = CHANGES_HEADER.format(package=PACKAGE, version=version, architecture=architecture, glibc="2.28")
    listed = "".join(
        f"{library}: {change.name} -> {change.became}\n" for library in changes for change in changes[library]
    )
    original = (root / DOCUMENTS / "NOTICE").read_text(encoding="utf-8")
    files["NOTICE"] = f"{header}{listed}\n{original}".encode()
    return files


def packed(files: dict[str, bytes]) -> bytes:
    """Return a .tar.xz of the files that depends on nothing but their names and bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(files[name]), 0o644, 0
            archive.addfile(member, io.BytesIO(files[name]))
    return lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def run(*command: str, cwd: Path | None = None) -> str:
    """Run one program, stop with its own words if it fails, and return what it printed."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603 - fixed programs
    if result.returncode:
        raise SystemExit(f"{command[0]} failed: {result.stderr.strip()}")
    return result.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
