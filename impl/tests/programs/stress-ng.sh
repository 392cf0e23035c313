#!/bin/sh
# Two pairs of processes that exchange numbered messages and check them.
exec stress-ng --msg 2 --msg-ops 200000 --verify --no-rand-seed --temp-path "$SCRATCH"
