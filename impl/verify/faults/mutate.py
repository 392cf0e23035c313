#!/usr/bin/env python3
"""Writes a source file of libsvmq with one of the faults of faults.toml: mutate.py FAULT SOURCE_DIRECTORY OUTPUT"""
import pathlib
import sys
import tomllib

name, sources, output = sys.argv[1:4]
catalogue = pathlib.Path(__file__).with_name("faults.toml")
fault = tomllib.loads(catalogue.read_text())[name]
source = pathlib.Path(sources, fault["file"])
text = source.read_text()
for edit in fault["edit"]:
    places = text.count(edit["find"])
    if places != 1:
        sys.exit(f"{catalogue}: [{name}]: {source} has {places} places that say\n{edit['find']}\nexpected one; follow the library's change")
    text = text.replace(edit["find"], edit["replace"])
path = pathlib.Path(output)
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(text)
