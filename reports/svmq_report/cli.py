"""The command: results.json in, a folder of reports out."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

_DESCRIPTION = """\
Write reports from the results of an svmq run.

  index.html   everything, for a browser: one file that needs no network
  junit.xml    for the test page of a CI system
  summary.md   for a comment on a pull request
"""
_EPILOG = """\
examples:
  svmq run --target impl --target linux --json results.json
  python3 -m svmq_report results.json --output report
  python3 -m svmq_report results.json --output report --markdown

All reports are written unless some are named. RESULTS.json is checked first; where it is not what it should be,
nothing is written or replaced. A report is replaced in one step: no reader sees half of one.

exit status: 0 written (whatever the verdict is), 2 the input, the arguments or the folder are no good
"""


def main(arguments: list[str]) -> int:
    """Runs the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        from svmq_report import html, junit, load, markdown, view
    except ImportError as error:
        return _fail(f"{sys.executable} has no module {error.name}.\n"
                     "Install the Debian packages python3-jinja2 and python3-jsonschema, and run it with "
                     "/usr/bin/python3.")
    writers = {"index.html": (options.html, html.write), "junit.xml": (options.junit, junit.write),
               "summary.md": (options.markdown, markdown.write)}
    chosen = {name: write for name, (wanted, write) in writers.items()
              if wanted or not (options.html or options.junit or options.markdown)}
    try:
        report = view.Report(load.load(options.results, options.limit_mib))
    except load.InputError as error:
        return _fail(str(error))
    try:
        replace({Path(options.output, name): write(report) for name, write in chosen.items()})
    except OSError as error:
        return _fail(f"{options.output}: cannot be written: {error.strerror}.\nName a folder that you may write to.")
    return 0


def replace(files: dict[Path, str]) -> None:
    """Writes all of the files, or none: each beside its place first, and moved there when every one is complete."""
    ready = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            ready.append((name, path))
            with open(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(name, 0o666 & ~_umask())
        while ready:
            os.replace(*ready[0])
            ready.pop(0)
    finally:
        for name, _ in ready:
            os.unlink(name)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="svmq_report", description=_DESCRIPTION, epilog=_EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", metavar="RESULTS.json", help="what `svmq run --json FILE` wrote")
    parser.add_argument("--output", metavar="DIR", required=True,
                        help="folder for the reports; made where it is missing")
    parser.add_argument("--html", action="store_true", help="write index.html")
    parser.add_argument("--junit", action="store_true", help="write junit.xml")
    parser.add_argument("--markdown", action="store_true", help="write summary.md")
    parser.add_argument("--limit-mib", metavar="N", type=_size, default=256,
                        help="refuse a RESULTS.json of more MiB than this (default: %(default)s)")
    return parser


def _size(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 65536:
        raise ValueError
    return value


_size.__name__ = "number of MiB from 1 to 65536"  # argparse puts it into its message


def _fail(message: str) -> int:
    print(f"svmq_report: {message}", file=sys.stderr)
    return 2
