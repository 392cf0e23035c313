#include "interrupt.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

namespace svmq::runner::interrupt {
namespace {

std::atomic<int> received = 0;
int event = -1;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only use what takes no lock");

void on_signal(int signal) {
  if (received.exchange(signal) != 0) _exit(128 + signal);
  const std::uint64_t one = 1;
  // An eventfd that was zero takes a write of one without blocking and without failing.
  [[maybe_unused]] const ssize_t written = ::write(event, &one, sizeof one);
}

}  // namespace

void install() {
  event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) std::abort();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

bool requested() { return received.load() != 0; }
int descriptor() { return event; }
int exit_status() { return 128 + received.load(); }

}  // namespace svmq::runner::interrupt
