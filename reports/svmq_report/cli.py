"""The commands: report, gate and verify."""

import argparse
import sys
from pathlib import Path

_REPORT = """\
Write reports from the results of svmq runs.

  index.html      everything, for a browser: one file that needs no network
  summary.md      for a comment on a pull request
  junit.xml       for the test page of a CI system
  results.tap     for whatever reads TAP 14
  results.sarif   for a code scanning page (SARIF 2.1.0)
  statement.md    the compliance statement: each profile, target and clause
  statement.json  the same as data
"""
_REPORT_MORE = """\
examples:
  svmq run --json results.json; svmq report results.json --output report
  svmq report results.json --output report --markdown --junit    two of the reports only
  svmq report --compare old.json new.json --output report        comparison.html and comparison.md
  svmq report shard-1.json shard-2.json --output report          what one run would have given, with its results.json
  svmq mutants --json mutants.json; svmq report results.json --mutants mutants.json --output report    what the suite finds
  svmq-bench run --json bench.json; svmq report results.json --bench bench.json --output report    with plots
  svmq report results.json --bundle evidence.zip                 for `svmq verify`

All reports are written unless some are named. Each RESULTS.json is checked first; where one is not what it should be,
nothing is written or replaced. A report is replaced in one step: no reader sees half of one.

exit status: 0 written (whatever the verdict is), 2 the input, the arguments or the folder are no good
"""
_GATE = """\
Say in one line whether results may pass, and in the exit status. Nothing passes that was not shown: neither an empty run
nor an interrupted one, nor a target on which everything is unsupported, nor a file that is damaged.
"""
_GATE_MORE = """\
The implementations must conform, each by its own profile or by --profile; the targets model:PROFILE are measures, and
count only where they are named or there is nothing else. Deviations are judged anew with the waivers, as of today. With
another profile than that of the run every history is judged anew.

examples:
  svmq gate results.json
  svmq gate results.json --profile posix --target impl
  svmq gate results.json --waivers accepted.toml --baseline last-release.json

exit status: 0 conform; 1 nonconform; 2 wrong usage, a missing or damaged file, no judge; 3 nothing executed, undecided,
or a clause or a target is missing that the baseline had
"""
_VERIFY = """\
Make everything in a bundle anew from its histories, and confirm or refute its statement. What does not follow is named:
its file, and what it says.
"""
_VERIFY_MORE = """\
A bundle is what `svmq report RESULTS.json --bundle FILE` writes. Confirmed means: the histories in it, judged by this svmq,
give all the results and the statement in it, and nothing was left out of what it says was conducted. It does not say
that the histories happened, nor where. The SHA-256 of statement.json holds every byte of the bundle fast: who has it from the maker,
published or signed, knows that the bundle is the maker's.

examples:
  svmq verify evidence.zip
  svmq verify evidence.zip --sha256 0f3b...
  unzip -p evidence.zip statement.json | ssh-keygen -Y sign -n svmq -f KEY > evidence.sig      sign (the maker)
  svmq verify evidence.zip --signature evidence.sig --signers allowed_signers

exit status: 0 confirmed (whatever the verdict is), 1 refuted, 2 no bundle, or it cannot be judged here
"""
_DEFAULT_LIMIT_MIB = 256


def main(arguments: list[str]) -> int:
    """Runs the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    # What an unset variable of a CI job leaves would switch a check off without a word.
    empty = [name for name, value in vars(options).items() if value == ""]
    if empty:
        return _usage(options, f"--{empty[0].replace('_', '-')}: an empty value names nothing; leave the option out, or give it one")
    try:
        from svmq_report import judging, load, verify
        return options.run(options)
    except ImportError as error:
        return _fail(f"{sys.executable} has no module {error.name}.\n"
                     "Install the Debian packages python3-jinja2 and python3-jsonschema, and run it with "
                     "/usr/bin/python3.")
    except (load.InputError, judging.JudgeError, verify.BundleError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


# ------------------------------------------------------------------------------------------------- report


def _report(options: argparse.Namespace) -> int:
    from svmq_report import bench, bundle, merge, mutants, view
    if options.compare:
        return _compare(options)
    if not options.results:
        return _usage(options, "name a RESULTS.json, or --compare OLD NEW")
    if not options.output and not options.bundle:
        return _usage(options, "name a folder for the reports with --output, or a file with --bundle")
    shards = [(path, *_load(path, options.limit_mib)) for path in options.results]
    results, kept = merge.merge(shards)
    made_anew = len(shards) > 1 or options.bench or options.mutants
    if made_anew:
        for path, part, beside in shards:
            _checked(path, part, beside)
        results["histories"] = results["histories"] and {**results["histories"], "file": "results.histories"}
    if options.bench:
        results["benchmarks"] = bench.read(options.bench, results, options.limit_mib)
    if options.mutants:
        results["mutants"] = mutants.read(options.mutants, options.limit_mib)
    report = view.Report(results)
    writers = _writers()
    wanted = [name for name in writers if getattr(options, _option(name))] or list(writers)
    made = {name: writers[name](report) for name in wanted} if options.output else {}
    data = _as_file(results) if made_anew else Path(options.results[0]).read_bytes()
    packed = {}
    if options.bundle:
        packed = bundle.pack(report, data, _checked(options.results[0], results, kept))
        made |= {name: packed[name] for name in made if name in packed}  # the statement that names the bundle
    files = {Path(options.output, name): text for name, text in made.items()}
    if made_anew and options.output:
        files[Path(options.output, "results.json")] = data
        if kept:
            files[Path(options.output, "results.histories")] = kept
    if packed:
        files[Path(options.bundle)] = bundle.zipped(packed)
    status = _write(files, options.output or options.bundle)
    if packed and status == 0:
        print(f"{options.bundle}: its statement.json has SHA-256 {bundle.sha256(packed[bundle.STATEMENT])}")
    return status


def _writers() -> dict:
    from svmq_report import html, junit, markdown, sarif, statement, tap
    return {"index.html": html.write, "summary.md": markdown.write, "junit.xml": junit.write, "results.tap": tap.write,
            "results.sarif": sarif.write, "statement.md": statement.write_markdown, "statement.json": statement.write_json}


def _option(name: str) -> str:
    return {"index.html": "html", "summary.md": "markdown", "junit.xml": "junit", "results.tap": "tap",
            "results.sarif": "sarif"}.get(name, "statement")


def _compare(options: argparse.Namespace) -> int:
    from svmq_report import compare, view
    if options.results:
        return _usage(options, "--compare OLD NEW takes no other results")
    if not options.output:
        return _usage(options, "name a folder for the comparison with --output")
    old, new = (view.Report(_load(path, options.limit_mib)[0]) for path in options.compare)
    comparison = compare.Comparison(old, new, *options.compare)
    return _write({Path(options.output, "comparison.html"): compare.write_html(comparison),
                   Path(options.output, "comparison.md"): compare.write_markdown(comparison)}, options.output)


def _load(path: str, limit_mib: int) -> tuple[dict, bytes | None]:
    from svmq_report import load
    results = load.load(path, limit_mib)
    return results, load.load_beside(path, results, limit_mib)


def _checked(path: str, results: dict, kept: bytes | None) -> bytes | None:
    """The histories file, if the results refer to one and it is theirs."""
    from svmq_report import histories
    if results["histories"]:
        histories.check(results, kept, str(Path(path).with_name(results["histories"]["file"])))
    return kept


def _as_file(results: dict) -> bytes:
    """Merged or amended results as a run would have written them."""
    import json
    present = {key: value for key, value in results.items() if not (value is None and key in ("histories", "catalogue", "corpus", "shard", "mutants"))}
    return (json.dumps(_without_absent(present), indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _without_absent(value):
    """Without the members that `load` filled in as None and that must be absent where there is nothing."""
    if isinstance(value, list):
        return [_without_absent(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _without_absent(entry) for key, entry in value.items()
                if not (entry is None and key in ("steps", "seconds", "event", "line", "minimal"))}
    return value


def _write(files: dict, where: str) -> int:
    from svmq_report import files as writing
    try:
        writing.replace(files)
    except OSError as error:
        return _fail(f"{where}: cannot be written: {error.strerror}.\nName a folder that you may write to.")
    return 0


# --------------------------------------------------------------------------------------------- gate, verify


def _gate(options: argparse.Namespace) -> int:
    from svmq_report import gate, judging, view
    results, kept = _load(options.results, options.limit_mib)
    kept = _checked(options.results, results, kept)
    waivers = judging.read_waivers(options.waivers) if options.waivers else None
    baseline = view.Report(_load(options.baseline, options.limit_mib)[0]) if options.baseline else None
    status, line, notes = gate.gate(view.Report(results), kept, options.target, options.profile, waivers, baseline,
                                    options.date)
    print(line)
    for note in notes:
        print(f"svmq gate: {note}", file=sys.stderr)
    page = Path(options.results).with_name("index.html")
    if status == gate.NONCONFORM and page.is_file():
        print(f"svmq gate: all of it: {page}#findings", file=sys.stderr)
    return status


def _verify(options: argparse.Namespace) -> int:
    from svmq_report import signature, verify
    from svmq_report.text import plural, visible_line
    if bool(options.signature) != bool(options.signers):
        return _usage(options, "--signature FILE needs --signers FILE, and the other way round")
    limit = options.limit_mib * 1024 * 1024
    try:
        with open(options.bundle, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        return _fail(f"{options.bundle}: cannot be read: {error.strerror}.\nName the file that `svmq report --bundle` wrote.")
    if len(data) > limit:
        return _fail(f"{options.bundle}: larger than {options.limit_mib} MiB.\nIf it is meant to be, raise --limit-mib.")
    verified = verify.Verified(data, options.limit_mib)
    problems = [*verified.problems]
    if options.sha256 and options.sha256.lower() != verified.root:
        problems.append(f"statement.json: its SHA-256 is {verified.root}, not {visible_line(options.sha256)}: this is another bundle")
    signer = None
    if options.signature:
        signer, complaint = signature.check(verified.files["statement.json"], options.signature, options.signers)
        problems += [f"statement.json: {complaint}"] if complaint else []
    for problem in problems[:options.problems]:
        print(problem)
    if len(problems) > options.problems:
        print(f"and {len(problems) - options.problems:,} more; --problems N shows more")
    if problems:
        print(f"refuted: of what {options.bundle} says {plural(len(problems), 'thing')} {'does' if len(problems) == 1 else 'do'} not hold")
        return 1
    print(f"confirmed: {verified.report.verdict}: {visible_line(verified.profiles)}: {visible_line(verified.report.headline)}")
    print(f"  conducted    {visible_line(verified.report.scope)}")
    for kind, words in verified.on_the_makers_word():
        print(f"  {kind:<11}  {visible_line(words)}")
    print(f"  statement    SHA-256 {verified.root}"
          + (", as expected" if options.sha256 else "") + (f", signed by {visible_line(signer)}" if signer else "")
          + ("" if options.sha256 or signer else "; not compared with a published or signed one"))
    return 0


# --------------------------------------------------------------------------------------------------- usage


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="svmq", description="What is made of the results of svmq runs.")
    commands = parser.add_subparsers(metavar="report|gate|verify", required=True, parser_class=_Parser)

    report = commands.add_parser("report", description=_REPORT, epilog=_REPORT_MORE)
    report.add_argument("results", metavar="RESULTS.json", nargs="*",
                        help="what `svmq run --json FILE` wrote; several are the shards of one campaign")
    report.add_argument("--output", metavar="DIR", help="folder for the reports; made where it is missing")
    report.add_argument("--compare", metavar=("OLD", "NEW"), nargs=2, help="say what has changed between two results")
    report.add_argument("--bench", metavar="FILE", help="add what `svmq-bench run --json FILE` measured; writes the results too")
    report.add_argument("--mutants", metavar="FILE", help="add what `svmq mutants --json FILE` wrote; writes the results too")
    report.add_argument("--bundle", metavar="FILE", help="pack results, histories, catalogue and statement for `svmq verify`")
    for option, what in (("html", "index.html"), ("markdown", "summary.md"), ("junit", "junit.xml"),
                         ("tap", "results.tap"), ("sarif", "results.sarif"), ("statement", "statement.md and .json")):
        report.add_argument(f"--{option}", action="store_true", help=f"write {what}")
    report.set_defaults(run=_report, parser=report)

    gate = commands.add_parser("gate", description=_GATE, epilog=_GATE_MORE)
    gate.add_argument("results", metavar="RESULTS.json", help="what `svmq run --json FILE` wrote")
    gate.add_argument("--profile", metavar="P", help="the profile to conform to; else each target's own")
    gate.add_argument("--target", metavar="T", action="append", default=[],
                      help="a target that must conform (repeatable); else every implementation")
    gate.add_argument("--waivers", metavar="FILE", help="the waivers that count, instead of those of the run")
    gate.add_argument("--baseline", metavar="OLD.json", help="results whose coverage must not be lost")
    gate.add_argument("--date", metavar="YYYY-MM-DD", type=_date, help="the day for which waivers must hold; else today")
    gate.set_defaults(run=_gate, parser=gate)

    verify = commands.add_parser("verify", description=_VERIFY, epilog=_VERIFY_MORE)
    verify.add_argument("bundle", metavar="BUNDLE", help="what `svmq report --bundle FILE` wrote")
    verify.add_argument("--sha256", metavar="HEX", help="what statement.json must have, as its maker has published it")
    verify.add_argument("--signature", metavar="FILE", help="of statement.json, by `ssh-keygen -Y sign -n svmq`")
    verify.add_argument("--signers", metavar="FILE", help="whose signatures count: lines of NAME KEY, as ssh-keygen has them")
    verify.add_argument("--problems", metavar="N", type=int, default=50, help="name at most so many (default: %(default)s)")
    verify.set_defaults(run=_verify, parser=verify)

    for command in (report, gate, verify):
        command.add_argument("--limit-mib", metavar="N", type=_size, default=_DEFAULT_LIMIT_MIB,
                             help="refuse a file of more MiB than this (default: %(default)s)")
    return parser


def _size(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 65536:
        raise ValueError
    return value


_size.__name__ = "number of MiB from 1 to 65536"  # argparse puts it into its message


def _date(text: str) -> str:
    import datetime
    return datetime.date.fromisoformat(text).isoformat()


_date.__name__ = "date, as 2027-01-31"


def _usage(options: argparse.Namespace, message: str) -> int:
    options.parser.print_usage(sys.stderr)
    return _fail(message)


def _fail(message: str) -> int:
    print(f"svmq: {message}", file=sys.stderr)
    return 2
