#include "fields.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <type_traits>

namespace svmq::mutants {
namespace {

using model::Queue;
using model::StatRecord;

template <auto member, class Of>
void raise(Of& of, std::int64_t by) {
  auto& field = of.*member;
  using Type = std::decay_t<decltype(field)>;
  if constexpr (std::is_integral_v<Type>) field = static_cast<Type>(field + static_cast<Type>(by));
}
template <auto member, class Of>
void clear(Of& of) {
  of.*member = {};
}
template <auto member>
QueueField queue(std::string_view name) {
  return {name, [](const Queue& before, Queue& after) { after.*member = before.*member; },
          raise<member, Queue>, clear<member, Queue>};
}
template <auto member>
RecordField record(std::string_view name) {
  return {name, raise<member, StatRecord>, clear<member, StatRecord>};
}

const std::vector<QueueField>& queue_fields() {
  static const std::vector<QueueField> all = {
      queue<&Queue::key>("key"),       queue<&Queue::uid>("uid"),          queue<&Queue::gid>("gid"),
      queue<&Queue::cuid>("cuid"),     queue<&Queue::cgid>("cgid"),        queue<&Queue::mode>("mode"),
      queue<&Queue::qbytes>("qbytes"), queue<&Queue::cbytes>("cbytes"),    queue<&Queue::lspid>("lspid"),
      queue<&Queue::lrpid>("lrpid"),   queue<&Queue::stime>("stime"),      queue<&Queue::rtime>("rtime"),
      queue<&Queue::ctime>("ctime"),   queue<&Queue::messages>("messages")};
  return all;
}

const std::vector<RecordField>& record_fields() {
  static const std::vector<RecordField> all = {
      record<&StatRecord::key>("key"),       record<&StatRecord::uid>("uid"),
      record<&StatRecord::gid>("gid"),       record<&StatRecord::cuid>("cuid"),
      record<&StatRecord::cgid>("cgid"),     record<&StatRecord::mode>("mode"),
      record<&StatRecord::qnum>("qnum"),     record<&StatRecord::cbytes>("cbytes"),
      record<&StatRecord::qbytes>("qbytes"), record<&StatRecord::lspid>("lspid"),
      record<&StatRecord::lrpid>("lrpid"),   record<&StatRecord::stime>("stime"),
      record<&StatRecord::rtime>("rtime"),   record<&StatRecord::ctime>("ctime")};
  return all;
}

template <class Fields>
const auto& named(const Fields& fields, std::string_view kind, std::string_view name) {
  const auto found = std::ranges::find(fields, name, [](const auto& field) { return field.name; });
  if (found != fields.end()) return *found;
  std::vector<std::string_view> known;
  for (const auto& field : fields) known.push_back(field.name);
  refuse(kind, name, known);
}

}  // namespace

const QueueField& queue_field(std::string_view name) {
  return named(queue_fields(), "field of a queue", name);
}
const RecordField& record_field(std::string_view name) {
  return named(record_fields(), "reported field", name);
}

std::vector<std::string> words_of(const std::string& phrase) {
  std::istringstream in(phrase);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::int64_t signed_number(const std::string& sign, const std::string& digits) {
  std::size_t used = 0;
  std::int64_t number = 0;
  try {
    number = std::stoll(digits, &used, 0);
  } catch (const std::exception&) {
  }
  if (digits.empty() || used != digits.size() || (sign != "+" && sign != "-"))
    throw std::invalid_argument("\"" + sign + " " + digits + "\" is no \"+ N\" or \"- N\"");
  return sign == "+" ? number : -number;
}

void refuse(std::string_view kind, std::string_view word, const std::vector<std::string_view>& known) {
  std::ostringstream message;
  message << "\"" << word << "\" is no " << kind << "; there are";
  for (const std::string_view one : known) message << " " << one;
  throw std::invalid_argument(message.str());
}

}  // namespace svmq::mutants
