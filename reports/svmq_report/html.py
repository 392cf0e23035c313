"""The report as one HTML file that needs no network.

Everything from outside goes through Jinja's escaping and `visible`; as a second fence, the page's own content security
policy lets run nothing but the one script that is written here.
"""

import base64
import functools
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from svmq_report.text import plural, visible
from svmq_report.view import Report

_TEMPLATES = Path(__file__).with_name("templates")
SYMBOLS = {"conform": "✓", "nonconform": "✗", "waived": "⚑", "unknown": "?", "undecided": "?", "unsupported": "○",
           "not_run": "!", "nothing executed": "!", "not_exercised": "–"}


def write(report: Report) -> str:
    """The page as text."""
    style, script = (_TEMPLATES.joinpath(name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    policy = (f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
              "base-uri 'none'; form-action 'none'")
    return _template().render(
        report=report, results=report.results, symbols=SYMBOLS, plural=plural, style=Markup(style),
        script=Markup(script), policy=policy)


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_finalize)
    environment.filters.update(words=lambda state: state.replace("_", " "), count=lambda value: f"{value:,}")
    return environment.get_template("index.html")


def _finalize(value):
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
