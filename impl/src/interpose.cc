#include "interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdarg>
#include <cstring>

#include "caller.h"
#include "signals.h"

#define INTERPOSED extern "C" __attribute__((visibility("default")))

using svmq::CredentialsChange;

namespace {

using svmq::interpose::plain_function;

// One that can change credentials: what is remembered of them counts neither meanwhile nor afterwards.
#define SVMQ_CHANGES_CREDENTIALS(name, parameters, arguments)     \
  INTERPOSED int name parameters noexcept {                       \
    static auto plain = plain_function<int(*) parameters>(#name); \
    CredentialsChange change;                                     \
    return plain arguments;                                       \
  }

}  // namespace

SVMQ_CHANGES_CREDENTIALS(setuid, (uid_t id), (id))
SVMQ_CHANGES_CREDENTIALS(seteuid, (uid_t id), (id))
SVMQ_CHANGES_CREDENTIALS(setreuid, (uid_t real, uid_t effective), (real, effective))
SVMQ_CHANGES_CREDENTIALS(setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved))
SVMQ_CHANGES_CREDENTIALS(setgid, (gid_t id), (id))
SVMQ_CHANGES_CREDENTIALS(setegid, (gid_t id), (id))
SVMQ_CHANGES_CREDENTIALS(setregid, (gid_t real, gid_t effective), (real, effective))
SVMQ_CHANGES_CREDENTIALS(setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved))
SVMQ_CHANGES_CREDENTIALS(setfsuid, (uid_t id), (id))
SVMQ_CHANGES_CREDENTIALS(setfsgid, (gid_t id), (id))
SVMQ_CHANGES_CREDENTIALS(setgroups, (size_t count, const gid_t* groups), (count, groups))
SVMQ_CHANGES_CREDENTIALS(capset, (void* header, const void* data), (header, data))

INTERPOSED int initgroups(const char* user, gid_t group) {
  static auto plain = plain_function<int (*)(const char*, gid_t)>("initgroups");
  CredentialsChange change;
  return plain(user, group);
}

INTERPOSED int sigaction(int number, const struct sigaction* wanted, struct sigaction* former) noexcept {
  return svmq::signals::action(number, wanted, former);
}

INTERPOSED int __sigaction(int number, const struct sigaction* wanted, struct sigaction* former) noexcept {
  return svmq::signals::action(number, wanted, former);
}

INTERPOSED int pthread_sigmask(int how, const sigset_t* wanted, sigset_t* former) noexcept {
  return svmq::signals::mask(how, wanted, former);
}

INTERPOSED int sigprocmask(int how, const sigset_t* wanted, sigset_t* former) noexcept {
  int error = svmq::signals::mask(how, wanted, former);
  if (error != 0) errno = error;
  return error == 0 ? 0 : -1;
}

namespace {

sigset_t interrupting;  // the signals of which siginterrupt said that they shall interrupt system calls

sighandler_t set_handler(int number, sighandler_t handler, int flags, bool mask_itself) {
  struct sigaction wanted = {}, former;
  wanted.sa_handler = handler;
  wanted.sa_flags = flags;
  sigemptyset(&wanted.sa_mask);
  if (handler == SIG_ERR || (mask_itself && sigaddset(&wanted.sa_mask, number) != 0)) {
    errno = EINVAL;
    return SIG_ERR;
  }
  return svmq::signals::action(number, &wanted, &former) == 0 ? former.sa_handler : SIG_ERR;
}

}  // namespace

INTERPOSED sighandler_t signal(int number, sighandler_t handler) noexcept {
  return set_handler(number, handler, sigismember(&interrupting, number) == 1 ? 0 : SA_RESTART, true);
}
INTERPOSED sighandler_t bsd_signal(int number, sighandler_t handler) noexcept {
  return signal(number, handler);
}
INTERPOSED sighandler_t ssignal(int number, sighandler_t handler) noexcept { return signal(number, handler); }

INTERPOSED sighandler_t sysv_signal(int number, sighandler_t handler) noexcept {
  return set_handler(number, handler, static_cast<int>(SA_RESETHAND) | SA_NODEFER, false);
}
INTERPOSED sighandler_t __sysv_signal(int number, sighandler_t handler) noexcept {
  return sysv_signal(number, handler);
}

INTERPOSED int sigignore(int number) noexcept {
  return set_handler(number, SIG_IGN, 0, false) == SIG_ERR ? -1 : 0;
}

INTERPOSED int siginterrupt(int number, int interrupt) noexcept {
  struct sigaction present;
  if (svmq::signals::action(number, nullptr, &present) != 0) return -1;
  if (interrupt != 0) {
    sigaddset(&interrupting, number);
    present.sa_flags &= ~SA_RESTART;
  } else {
    sigdelset(&interrupting, number);
    present.sa_flags |= SA_RESTART;
  }
  return svmq::signals::action(number, &present, nullptr);
}

INTERPOSED sighandler_t sigset(int number, sighandler_t handler) noexcept {
  sigset_t only, before;
  sigemptyset(&only);
  if (sigaddset(&only, number) != 0) return SIG_ERR;
  bool hold = handler == SIG_HOLD;
  struct sigaction present;
  if (svmq::signals::action(number, nullptr, &present) != 0) return SIG_ERR;
  sighandler_t former = present.sa_handler;
  if (!hold && set_handler(number, handler, 0, false) == SIG_ERR) return SIG_ERR;
  if (sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &only, &before) != 0) return SIG_ERR;
  return sigismember(&before, number) == 1 ? SIG_HOLD : former;
}

namespace svmq::interpose {

bool effective = false;

// Behind us, or in front of us where the library comes after the C library.
void* plain(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  return found != nullptr ? found : dlsym(RTLD_DEFAULT, name);
}

namespace {
__attribute__((constructor)) void find_out() {
  auto ours = [](const char* name) {
    Dl_info first, own;
    void* found = dlsym(RTLD_DEFAULT, name);
    return found != nullptr && dladdr(found, &first) != 0 &&
           dladdr(reinterpret_cast<void*>(&find_out), &own) != 0 && first.dli_fbase == own.dli_fbase;
  };
  effective = ours("setresuid") && ours("sigaction");
  signals::blocks_always = !effective;
}
}  // namespace

}  // namespace svmq::interpose
