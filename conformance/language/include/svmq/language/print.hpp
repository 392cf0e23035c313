// Writing scenarios and histories in the one canonical form; parse(print(x)) == x for every valid x.
#pragma once

#include <set>
#include <string>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::language {

std::string print(const Scenario& scenario);
std::string print(const History& history);

std::string print(const Step& step);      // one line, without the line end
std::string print(const Event& event);    // one line, without the line end
std::string print(const Result& result);  // what stands behind "= "
std::string print(const Credentials& credentials);
std::string call_name(const Action& action);  // "msgsnd", "setlimit", …
std::string print_flags(Flags flags);     // names joined by |, the permission bits as octal
std::string print_command(int command);   // "IPC_STAT", or the number

std::string name(Signal signal);  // "SIGUSR1"
std::string name(Limit limit);    // "msgmax"

// The needs of a scenario (LANGUAGE.md lists them), computed from its text.
std::set<std::string> needs(const Scenario& scenario);

}  // namespace svmq::language
