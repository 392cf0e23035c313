// SIGINT, SIGTERM and SIGHUP as a request to stop: everything that waits also waits for this.
//
// Signal-safe and thread-safe. install() is called once, before any thread is started.
#pragma once

namespace svmq::runner::interrupt {

// From now on the three signals only make requested() true; a second one ends the process at once.
void install();

bool requested();

// Becomes readable with the first signal and stays so; for poll().
int descriptor();

// 128 + the number of the signal that came: the exit status of an interrupted command.
int exit_status();

}  // namespace svmq::runner::interrupt
