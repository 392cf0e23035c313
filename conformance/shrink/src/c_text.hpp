// Pieces of C source.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::shrink {

std::string c_string(std::string_view bytes);  // a literal with its quotes
std::string c_comment(std::string_view text);  // without the end of a comment in it
std::string c_symbols(language::Flags flags);  // "IPC_CREAT | 0600"
std::string c_number(std::int64_t number);     // a constant of that value that every compiler takes

// A result as the program prints it: long texts by length and sum, of records only these fields, of times
// only whether they are zero. The program's functions number(), received() and field() do the same.
std::string shown(const language::Result& result, const std::set<std::string>& fields);

// The part of every program that is the same.
extern const char* const c_runtime;

// The functions that only some programs need, as far as this one uses them.
std::string c_helpers(const std::string& program);

}  // namespace svmq::shrink
