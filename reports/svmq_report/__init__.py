"""Turns results.json of svmq into reports for people and for CI.

results.json (RESULTS.md, results.schema.json) is read and checked by `load`, arranged by `view`, and written out by
`html`, `junit` and `markdown`. Each of the three is a pure function from a view to text: no clock, no network, no
order but that of the file, so that the same results give the same bytes.
"""
