"""Measures the page of results with many scenarios: python3 measure_large_page.py [100000] [--histories]

Prints what it takes to make the page, in wall-clock time and memory, how large it is, and how long until a browser can use it:
the wall-clock and the processor time of the tab from the address to the first rows of the list of scenarios.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import browser
from generate_results import results

REPORTS = Path(__file__).resolve().parent.parent
ROWS = "document.querySelectorAll('#list .row').length === 100"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("--histories", action="store_true", help="with a history for every run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, page = Path(folder, "results.json"), Path(folder, "index.html")
        file.write_text(json.dumps(results(options.count, options.histories)), encoding="utf-8")
        begin = time.monotonic()
        writer = subprocess.Popen([sys.executable, "-m", "svmq_report", "report", file, "--output", folder, "--html"],
                                  env={**os.environ, "PYTHONPATH": str(REPORTS)}, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(writer.pid, 0)
        if status:
            sys.exit("the page could not be made")
        print(f"page made in    {time.monotonic() - begin:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of processor), limit 20 s")
        print(f"memory          {used.ru_maxrss / 1e6 * 1.024:.2f} GB, limit 1 GB")
        print(f"page            {page.stat().st_size / 1e6:.2f} MB, limit 10 MB")
        usable(page)


def usable(page: Path) -> None:
    if not browser.program():
        print("usable after    not measured: there is no Chromium; SVMQ_CHROMIUM names one")
        return
    chromium = browser.Browser()
    try:
        tab = chromium.page()
        before, begin = tab.processor_seconds, time.monotonic()
        tab.open(f"file://{page}")
        tab.until(ROWS)
        print(f"usable after    {time.monotonic() - begin:.2f} s ({tab.processor_seconds - before:.2f} s of processor), limit 2 s")
    finally:
        chromium.close()


if __name__ == "__main__":
    main()
