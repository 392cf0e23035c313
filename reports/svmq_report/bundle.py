"""A bundle: everything that a compliance statement rests on in one zip file, so that anybody can judge it again.

The hashes are a chain: the manifest has that of every file of evidence, the statement has the manifest's. So the hash of
statement.json, published or signed, holds all of it fast. Without that the hashes show damage only: whoever changes a
file can mend them too, and `verify` finds what does not follow from the histories by making it anew.
"""

import hashlib
import io
import json
import zipfile
from pathlib import Path

from svmq_report import statement
from svmq_report.load import InputError
from svmq_report.view import Report

CATALOGUE = Path(__file__).resolve().parents[2] / "model" / "clauses.toml"
SCHEMA = "svmq-bundle/2"
MANIFEST, RESULTS, HISTORIES = "manifest.json", "results.json", "results.histories"
CATALOGUE_NAME, CAPABILITIES, ENVIRONMENT = "clauses.toml", "capabilities.json", "environment.json"
STATEMENT, STATEMENT_PAGE = "statement.json", "statement.md"


def pack(report: Report, results: bytes, kept: bytes | None) -> dict[str, bytes]:
    """The files of the bundle. Raises InputError where the catalogue is another by now."""
    catalogue = CATALOGUE.read_bytes()
    about = report.results["catalogue"]
    if about and about["sha256"] != sha256(catalogue):
        raise InputError(f"{CATALOGUE}: is another catalogue than the one that the results are by.\n"
                         "Pack the bundle with the svmq that made the results, or run again.")
    evidence = {RESULTS: results, **({HISTORIES: kept} if kept else {}), CATALOGUE_NAME: catalogue, **excerpts(report)}
    made = manifest(report, evidence)
    return {MANIFEST: made, **evidence, **statements(report, made)}


def manifest(report: Report, evidence: dict[str, bytes]) -> bytes:
    ordered = {name: evidence[name] for name in (RESULTS, HISTORIES, CATALOGUE_NAME, CAPABILITIES, ENVIRONMENT) if name in evidence}
    return _json({"schema": SCHEMA, "svmq": report.results["svmq"]["version"],
                  "files": {name: {"sha256": sha256(data), "bytes": len(data)} for name, data in ordered.items()}})


def zipped(files: dict[str, bytes]) -> bytes:
    """The archive; the same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def excerpts(report: Report) -> dict[str, bytes]:
    """The files of evidence that follow from the results."""
    capabilities = {target.name: {"profile": target.data["profile"], "agent": target.data["agent"],
                                  "capabilities": target.data["capabilities"]} for target in report.targets}
    return {CAPABILITIES: _json(capabilities), ENVIRONMENT: _json(report.results["environment"])}


def statements(report: Report, manifest: bytes) -> dict[str, bytes]:
    made = statement.make(report, sha256(manifest))
    return {STATEMENT: statement.to_json(made).encode(), STATEMENT_PAGE: statement.to_markdown(made).encode()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()
