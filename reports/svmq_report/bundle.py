"""A bundle: everything that a compliance statement rests on in one zip file, so that anybody can judge it again.

The manifest tells at once that a file was changed by accident. It is no signature: whoever changes a file can mend it
too, and then `verify` finds the change by making everything anew. Sign the bundle where its origin matters.
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
SCHEMA = "svmq-bundle/1"
MANIFEST, RESULTS, HISTORIES = "manifest.json", "results.json", "results.histories"
CATALOGUE_NAME, CAPABILITIES, ENVIRONMENT = "clauses.toml", "capabilities.json", "environment.json"
STATEMENT, STATEMENT_PAGE = "statement.json", "statement.md"


def pack(report: Report, results: bytes, kept: bytes | None) -> bytes:
    """The bundle; the same results give the same bytes. Raises InputError where the catalogue is another by now."""
    catalogue = CATALOGUE.read_bytes()
    about = report.results["catalogue"]
    if about and about["sha256"] != hashlib.sha256(catalogue).hexdigest():
        raise InputError(f"{CATALOGUE}: is another catalogue than the one that the results are by.\n"
                         "Pack the bundle with the svmq that made the results, or run again.")
    files = {RESULTS: results, **({HISTORIES: kept} if kept else {}), CATALOGUE_NAME: catalogue, **derived(report)}
    manifest = {"schema": SCHEMA, "svmq": report.results["svmq"]["version"],
                "files": {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
                          for name, data in files.items()}}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {MANIFEST: _json(manifest), **files}.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def derived(report: Report) -> dict[str, bytes]:
    """The files that follow from the results."""
    capabilities = {target.name: {"profile": target.data["profile"], "agent": target.data["agent"],
                                  "capabilities": target.data["capabilities"]} for target in report.targets}
    return {CAPABILITIES: _json(capabilities), ENVIRONMENT: _json(report.results["environment"]),
            STATEMENT: statement.write_json(report).encode(), STATEMENT_PAGE: statement.write_markdown(report).encode()}


def _json(value) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()
