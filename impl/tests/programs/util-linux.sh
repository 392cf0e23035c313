#!/bin/bash
# The commands that users manage queues with: they read /proc/sysvipc/msg and the limits, and use MSG_INFO and MSG_STAT.
set -euo pipefail
first=$(ipcmk -Q -p 0640 | sed 's/[^0-9]*//')
second=$(ipcmk -Q | sed 's/[^0-9]*//')
ipcs -q | tee list
grep -Eq "^0x[0-9a-f]{8} $first .* 640 +0 +0" list
ipcs -q -i "$first" | grep -q "msqid=$first"
ipcs -q -p | grep -q "^$first "
ipcs -q -t | grep -q "^$second "
ipcs -q -c | grep -q "^$second "
ipcs -q -u | grep -q "allocated queues = 2"
ipcs -q -l | grep -q "max queues system wide = $(cat /proc/sys/kernel/msgmni)"
lsipc -q | grep -q " $first "
key=$(ipcs -q | sed -n "s/^\(0x[0-9a-f]*\) $second .*/\1/p")
ipcrm -q "$first" -Q "$key"
! ipcrm -q "$first" 2>/dev/null
ipcmk -Q >/dev/null
ipcrm --all=msg
[[ $(ipcs -q | grep -c '^0x') == 0 ]]
