"""Whether a value follows a JSON Schema, quickly: yes or no, and no word about why.

results.json may list 100,000 scenarios, and jsonschema, which says what is wrong, takes minutes for that. This knows just
the keywords that results.schema.json uses, and refuses to compile others. tests/test_load.py compares the two.
"""

import functools
import re

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int}
_SILENT = {"$schema", "$id", "title", "description", "definitions"}


def compile(schema: dict, definitions: dict | None = None):
    """A function from a value to True or False."""
    definitions = schema.get("definitions", {}) if definitions is None else definitions
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        return _named(name, definitions)
    checks = []
    rest = set(schema) - _SILENT
    for keywords, make in _MAKERS:
        if rest & keywords:
            checks.append(make(schema, functools.partial(compile, definitions=definitions)))
            rest -= keywords
    if rest:
        raise NotImplementedError(f"keywords of JSON Schema that are not known here: {sorted(rest)}")
    return functools.reduce(_both, checks) if checks else lambda _: True


def _both(one, other):
    return lambda value: one(value) and other(value)


def _named(name: str, definitions: dict):
    if not callable(definitions[name]):
        definitions[name] = compile(definitions[name], definitions)
    return definitions[name]


def _type(schema: dict, _):
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if wanted == ["number"]:
        return lambda value: type(value) in (int, float)
    types = frozenset(_TYPES[name] for name in wanted)
    return lambda value: type(value) in types


def _choice(schema: dict, _):
    values = [schema["const"]] if "const" in schema else schema["enum"]
    return lambda value: value in values and not isinstance(value, bool)


def _string(schema: dict, _):
    # As ECMAScript has it: $ is the very end, not also the place before a last line feed.
    pattern = re.compile(re.sub(r"\$(?=$|[|)])", r"\\Z", schema.get("pattern", "")))
    least, known = schema.get("minLength", 0), set()  # most strings come again and again

    def check(value) -> bool:
        if type(value) is not str or value in known:
            return True
        if len(value) < least or not pattern.search(value):
            return False
        if len(value) < 100 and len(known) < 100_000:
            known.add(value)
        return True

    return check


def _number(schema: dict, _):
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    above = schema.get("exclusiveMinimum", float("-inf"))
    return lambda value: type(value) not in (int, float) or low <= value <= high and value > above


def _array(schema: dict, inner):
    item = inner(schema["items"]) if "items" in schema else None
    least, most = schema.get("minItems", 0), schema.get("maxItems", float("inf"))

    def check(value) -> bool:
        if type(value) is not list:
            return True
        if not least <= len(value) <= most:
            return False
        if item:
            for entry in value:
                if not item(entry):
                    return False
        return True

    return check


def _object(schema: dict, inner):
    known = {name: inner(member) for name, member in schema.get("properties", {}).items()}
    name_check = inner(schema["propertyNames"]) if "propertyNames" in schema else None
    more = schema.get("additionalProperties", True)
    other = (lambda _: more) if isinstance(more, bool) else inner(more)
    required = schema.get("required", ())

    def check(value) -> bool:
        if type(value) is not dict:
            return True
        for name in required:
            if name not in value:
                return False
        for name, member in value.items():
            if name_check and not name_check(name) or not known.get(name, other)(member):
                return False
        return True

    return check


def _all(schema: dict, inner):
    parts = [inner(part) for part in schema["allOf"]]
    return lambda value: all(part(value) for part in parts)


def _condition(schema: dict, inner):
    condition, yes, no = (inner(schema.get(word, {})) for word in ("if", "then", "else"))
    return lambda value: yes(value) if condition(value) else no(value)


_MAKERS = [({"type"}, _type), ({"const", "enum"}, _choice), ({"pattern", "minLength"}, _string),
           ({"minimum", "maximum", "exclusiveMinimum"}, _number), ({"items", "minItems", "maxItems"}, _array),
           ({"properties", "required", "additionalProperties", "propertyNames"}, _object), ({"allOf"}, _all),
           ({"if", "then", "else"}, _condition)]
