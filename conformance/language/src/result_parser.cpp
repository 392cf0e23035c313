#include "src/result_parser.hpp"

#include <algorithm>

#include "src/arguments.hpp"

namespace svmq::language {
namespace {

// What a call may have behind the number when it succeeds.
enum class Data { none, received, record, rows };

Data data_of(const Action& call) {
  if (std::holds_alternative<Msgrcv>(call)) return Data::received;
  if (std::holds_alternative<Create>(call)) return Data::record;
  if (std::holds_alternative<Table>(call)) return Data::rows;
  if (auto control = std::get_if<Msgctl>(&call)) {
    using namespace command;
    for (int reading : {ipc_stat, msg_stat, msg_stat_any, ipc_info, msg_info}) {
      if (control->command == reading) return Data::record;
    }
  }
  return Data::none;
}

Received read_received(Cursor& at, std::uint64_t& room) {  // behind '{'
  Received received;
  received.type = read_long(at);
  at.expect(',');
  Place place = at.place();
  Text text = read_text(at);
  if (text.size() > room) at.fail_at(place, "received texts of at most 256 MiB in all", "a longer one");
  room -= text.size();
  received.text = text.expand();
  at.expect('}');
  return received;
}

Pid read_pid(Cursor& at, const Scope& scope) {
  if (!is_letter(at.peek())) return {{}, read_long(at)};
  if (at.accept(conductor)) return {std::string(conductor), 0};
  Place place = at.place();
  std::string_view name = at.word();
  auto same = [&](const Actor& actor) { return actor.name == name; };
  if (std::none_of(scope.actors().begin(), scope.actors().end(), same)) {
    at.fail_at(place, "an actor, conductor or a number", "'" + std::string(name) + "'");
  }
  return {std::string(name), 0};
}

// As the key of msgget: 32 bits are a signed number.
std::int64_t read_key_field(Cursor& at) {
  auto key = static_cast<std::int64_t>(read_size(at));
  return key >= 0 && key <= std::numeric_limits<std::uint32_t>::max() ? static_cast<std::int32_t>(key) : key;
}

Record read_record(Cursor& at, const Scope& scope) {  // behind '{'
  Record record;
  if (at.accept('}')) return record;
  do {
    Place place = at.place();
    std::string field(at.word());
    if (field.empty()) at.fail("a field");
    at.expect('=');
    if (record.fields.count(field) || record.pids.count(field))
      at.fail_at(place, "each field once", "'" + field + "'");
    if (field == "lspid" || field == "lrpid") {
      record.pids[field] = read_pid(at, scope);
    } else if (field == "key") {
      record.fields[field] = read_key_field(at);
    } else {
      record.fields[field] = static_cast<std::int64_t>(read_size(at));
    }
  } while (at.accept(','));
  at.expect('}');
  return record;
}

std::string read_error(Cursor& at) {
  std::size_t from = at.offset();
  std::string_view word = at.word();
  if (word.size() > 1 && word[0] == 'E') return std::string(word);
  at.go_back(from);
  return std::to_string(
      read_number(at, 1, std::numeric_limits<int>::max(), "the name or number of an error"));
}

}  // namespace

Result read_result(Cursor& at, const Scope& scope, const Action& call, std::uint64_t& room) {
  Result result;
  Data data = data_of(call);
  result.value = read_long(at);
  if (result.value == -1 && at.peek() != '{' && !at.at_end()) {
    result.error = read_error(at);
    if (data == Data::received) result.touched = at.accept("touched");
    at.expect_end();
    return result;
  }
  while (data != Data::none && at.accept('{')) {
    if (data == Data::received) {
      result.received = read_received(at, room);
      result.overrun = at.accept("overrun");
    } else {
      result.records.push_back(read_record(at, scope));
    }
    if (data != Data::rows) break;
  }
  at.expect_end();
  return result;
}

}  // namespace svmq::language
