#include "src/names.hpp"

#include "svmq/language/print.hpp"

namespace svmq::language {
namespace {

constexpr Named<Signal> signals[] = {{"SIGUSR1", Signal::usr1},   {"SIGUSR2", Signal::usr2},
                                     {"SIGALRM", Signal::alrm},   {"SIGTERM", Signal::term},
                                     {"SIGHUP", Signal::hup},     {"SIGCHLD", Signal::chld},
                                     {"SIGWINCH", Signal::winch}, {"SIGKILL", Signal::kill},
                                     {"SIGSTOP", Signal::stop},   {"SIGCONT", Signal::cont}};

constexpr Named<Limit> limits[] = {{"msgmax", Limit::msgmax},
                                   {"msgmnb", Limit::msgmnb},
                                   {"msgmni", Limit::msgmni},
                                   {"msg_next_id", Limit::msg_next_id},
                                   {"auto_msgmni", Limit::auto_msgmni}};

constexpr Named<Disposition> dispositions[] = {{"catch", Disposition::catch_},
                                               {"restart", Disposition::restart},
                                               {"ignore", Disposition::ignore},
                                               {"default", Disposition::default_}};

constexpr Named<Capability> capabilities[] = {{"ipc_owner", Capability::ipc_owner},
                                              {"sys_admin", Capability::sys_admin},
                                              {"sys_resource", Capability::sys_resource},
                                              {"checkpoint_restore", Capability::checkpoint_restore}};

constexpr Named<Flags> flags[] = {{"IPC_CREAT", flag::ipc_creat},   {"IPC_EXCL", flag::ipc_excl},
                                  {"IPC_NOWAIT", flag::ipc_nowait}, {"MSG_NOERROR", flag::msg_noerror},
                                  {"MSG_EXCEPT", flag::msg_except}, {"MSG_COPY", flag::msg_copy}};

constexpr Named<int> commands[] = {{"IPC_RMID", command::ipc_rmid},        {"IPC_SET", command::ipc_set},
                                   {"IPC_STAT", command::ipc_stat},        {"IPC_INFO", command::ipc_info},
                                   {"MSG_STAT", command::msg_stat},        {"MSG_INFO", command::msg_info},
                                   {"MSG_STAT_ANY", command::msg_stat_any}};

}  // namespace

std::span<const Named<Signal>> signal_names() { return signals; }
std::span<const Named<Limit>> limit_names() { return limits; }
std::span<const Named<Disposition>> disposition_names() { return dispositions; }
std::span<const Named<Capability>> capability_names() { return capabilities; }
std::span<const Named<Flags>> flag_names() { return flags; }
std::span<const Named<int>> command_names() { return commands; }

std::string name(Signal signal) { return std::string(name_of(signal_names(), signal)); }
std::string name(Limit limit) { return std::string(name_of(limit_names(), limit)); }

}  // namespace svmq::language
