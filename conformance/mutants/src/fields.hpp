// The fields of a queue and of a reported record, by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "svmq/model/state.hpp"

namespace svmq::mutants {

struct QueueField {
  std::string_view name;
  void (*keep)(const model::Queue& before, model::Queue& after);
  void (*raise)(model::Queue& queue, std::int64_t by);  // of a time or a process id: nothing
  void (*clear)(model::Queue& queue);
};
struct RecordField {
  std::string_view name;
  void (*raise)(model::StatRecord& record, std::int64_t by);
  void (*clear)(model::StatRecord& record);
};

// Throws std::invalid_argument.
const QueueField& queue_field(std::string_view name);
const RecordField& record_field(std::string_view name);

// The words of a phrase.
std::vector<std::string> words_of(const std::string& phrase);

// "+ 3" or "- 010" as a number with its sign. Throws std::invalid_argument.
std::int64_t signed_number(const std::string& sign, const std::string& digits);

// Throws std::invalid_argument: `word` is none of what there is.
[[noreturn]] void refuse(std::string_view kind, std::string_view word,
                         const std::vector<std::string_view>& known);

}  // namespace svmq::mutants
