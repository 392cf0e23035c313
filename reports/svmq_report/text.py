"""Text that comes from outside, made fit to be seen."""

import json
import re

# What a reader would not see, or would see in the wrong place, and what XML cannot hold: control characters except
# tab and line feed, surrogates, non-characters, and the marks that change the direction or the joining of text.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""The text with every character that cannot be shown or kept written as \xHH, \uHHHH or \UHHHHHHHH."""
    return _INVISIBLE.sub(_escape, text)


def visible_line(text: str) -> str:
    """The same, on one line."""
    return visible(text).replace("\t", "\\t").replace("\n", "\\n")


def shorten(text: str, limit: int) -> str:
    """The text, cut to at most `limit` characters with an ellipsis where it is longer."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plural(count: int, noun: str) -> str:
    """1 scenario, 2,000 scenarios"""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def quote(value) -> str:
    """Any value of JSON, shortened, as it is written there."""
    return shorten(json.dumps(value, ensure_ascii=False), 120)


def _escape(match: re.Match) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
