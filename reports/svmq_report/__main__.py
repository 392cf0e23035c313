"""python3 -m svmq_report"""

import gc
import sys

from svmq_report.cli import main

gc.disable()  # a command that ends soon makes no garbage worth the search: with 100,000 scenarios that is a third of the time
sys.exit(main(sys.argv[1:]))
