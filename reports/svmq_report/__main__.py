"""python3 -m svmq_report"""

import sys

from svmq_report.cli import main

sys.exit(main(sys.argv[1:]))
