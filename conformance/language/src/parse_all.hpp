// What reading scenarios and reading histories have in common: one after the other, up to the first error.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/cursor.hpp"
#include "svmq/language/parse.hpp"

namespace svmq::language {

template <class T, class Read>
Parsed<std::vector<T>> parse_all(Cursor& at, std::string_view file, std::string_view what, Read read) {
  try {
    std::vector<T> all;
    while (at.next_line()) all.push_back(read());
    if (all.empty()) at.fail(fmt::format("'{}'", what));
    return all;
  } catch (Failure& failure) {
    return ParseError{std::string(file), failure.place, std::move(failure.expected), std::move(failure.found),
                      std::string(at.line(failure.place.line))};
  }
}

}  // namespace svmq::language
