"""Detached signatures of the statement, by OpenSSH's keys and its own program."""

import subprocess
import tempfile
from pathlib import Path

from svmq_report.load import InputError
from svmq_report.text import visible_line

NAMESPACE = "svmq"  # so that a signature of something else is none of a statement


def check(statement: bytes, signature: str, signers: str) -> tuple[str | None, str | None]:
    """(who has signed it, None), or (None, what is wrong). Raises InputError where a file or the program is missing."""
    for file in (signature, signers):
        if not Path(file).is_file():
            raise InputError(f"{visible_line(file)}: there is no such file.\nName the signature, and the file of the keys that "
                             "count (`man ssh-keygen`, ALLOWED SIGNERS).")
    with tempfile.TemporaryDirectory(prefix="svmq-signature-") as folder:
        copy = Path(folder, "signature")  # what begins with "-" is no option then
        copy.write_bytes(Path(signature).read_bytes())
        keys = Path(folder, "signers")
        keys.write_bytes(Path(signers).read_bytes())
        found = _ssh_keygen("find-principals", "-s", copy, "-f", keys)
        name = found.stdout.decode("utf-8", "replace").split("\n")[0]
        if found.returncode != 0 or not name:
            return None, f"is not signed by any of {visible_line(signers)}"
        done = _ssh_keygen("verify", "-n", NAMESPACE, "-s", copy, "-f", keys, "-I", name, given=statement)
        return (name, None) if done.returncode == 0 else (None, f"the signature of {visible_line(name)} is of something else")


def _ssh_keygen(command: str, *arguments, given: bytes = b"") -> subprocess.CompletedProcess:
    try:
        return subprocess.run(["ssh-keygen", "-Y", command, *map(str, arguments)], input=given, capture_output=True)
    except FileNotFoundError:
        raise InputError("there is no ssh-keygen to check the signature with.\nInstall the Debian package openssh-client.") from None
