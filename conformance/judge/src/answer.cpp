#include "svmq/judge/answer.hpp"

#include <algorithm>

namespace svmq::judge {
namespace {

using model::QueueIndex;
using model::State;
using model::StatRecord;

bool succeeded(const language::Result& seen) { return seen.error.empty(); }

// id.form, id.first: any non-negative number that no living queue of the namespace has.
bool lawful(const State& state, QueueIndex queue, std::int64_t id) {
  if (id < 0 || id > INT32_MAX) return false;
  return std::ranges::none_of(state.queues, [&](const auto& q) { return q->space == state.queue(queue).space && !q->removed && q->id == id; });
}

bool is_identifier(State& state, QueueIndex queue, std::int64_t id) {
  if (state.queue(queue).id) return *state.queue(queue).id == id;
  if (!lawful(state, queue, id)) return false;
  state.change(queue).id = static_cast<std::int32_t>(id);
  return true;
}

language::Pid pid(const Cast& cast, const model::Pid& pid) {
  if (pid.kind == model::Pid::nobody) return {"", 0};
  const std::string& name = cast.name(pid.actor);
  return {name.empty() ? "conductor" : name, 0};
}

bool in(const model::Stamp& stamp, std::int64_t seen) { return stamp.earliest <= seen && seen <= stamp.latest; }

// A stamp once seen is known.
void narrow(model::Stamp& stamp, const model::Stamp& was, std::int64_t seen) {
  if (stamp == was) stamp = {seen, seen};
}

void narrow(State& state, const StatRecord& row, const language::Record& seen) {
  model::Queue& queue = state.change(row.queue);
  for (const auto& [name, value] : seen.fields) {
    if (name == "stime") narrow(queue.stime, row.stime, value);
    if (name == "rtime") narrow(queue.rtime, row.rtime, value);
    if (name == "ctime") narrow(queue.ctime, row.ctime, value);
  }
}

std::map<std::string, std::int64_t> numbers(const StatRecord& row) {
  return {{"key", row.key}, {"uid", row.uid}, {"gid", row.gid}, {"cuid", row.cuid}, {"cgid", row.cgid}, {"mode", row.mode},
          {"perms", row.mode}, {"qnum", static_cast<std::int64_t>(row.qnum)}, {"cbytes", static_cast<std::int64_t>(row.cbytes)},
          {"qbytes", static_cast<std::int64_t>(row.qbytes)}};
}

// A key is 32 bits; whether it was printed with a sign does not matter. Some bits of a mode may be open.
bool same_number(const StatRecord& row, const std::string& field, std::int64_t allowed, std::int64_t seen) {
  if (field == "mode" || field == "perms") return ((allowed ^ seen) & ~static_cast<std::int64_t>(row.open_mode)) == 0;
  return field == "key" ? static_cast<std::uint32_t>(allowed) == static_cast<std::uint32_t>(seen) : allowed == seen;
}

bool agrees(const Cast& cast, const StatRecord& row, const language::Record& seen) {
  const auto expected = numbers(row);
  for (const auto& [name, value] : seen.fields) {
    if (name == "stime" ? !in(row.stime, value) : name == "rtime" ? !in(row.rtime, value) : name == "ctime" && !in(row.ctime, value)) return false;
    const auto field = expected.find(name);
    if (field != expected.end() && !same_number(row, name, field->second, value)) return false;
  }
  for (const auto& [name, value] : seen.pids)
    if (!(value == pid(cast, name == "lspid" ? row.lspid : row.lrpid))) return false;
  return true;
}

bool agrees_stat(const Cast& cast, State& state, const model::Result& allowed, const language::Result& seen) {
  if (!succeeded(seen) || seen.records.size() != 1) return false;
  if (allowed.queue >= 0 ? !is_identifier(state, allowed.queue, seen.value) : seen.value != allowed.value) return false;
  if (!agrees(cast, allowed.rows[0], seen.records[0])) return false;
  narrow(state, allowed.rows[0], seen.records[0]);
  return true;
}

bool agrees_table(const Cast& cast, State& state, const model::Result& allowed, const language::Result& seen) {
  if (!succeeded(seen) || seen.records.size() != allowed.rows.size()) return false;
  return std::ranges::all_of(seen.records, [&](const language::Record& record) {
    const auto id = record.fields.find("msqid");
    return std::ranges::any_of(allowed.rows, [&](const StatRecord& row) {
      return (id == record.fields.end() || state.queue(row.queue).id == id->second) && agrees(cast, row, record);
    });
  });
}

bool agrees_info(const model::Result& allowed, const language::Result& seen) {
  if (!succeeded(seen) || seen.value != allowed.value || seen.records.size() != 1) return false;
  return std::ranges::all_of(seen.records[0].fields, [&](const auto& field) {
    const auto expected = allowed.information.fields.find(field.first);
    return expected == allowed.information.fields.end() || expected->second == field.second;
  });
}

bool agrees_file(State& state, const model::Result& allowed, const language::Result& seen) {
  if (!succeeded(seen)) return false;
  model::Files& files = state.files.write();
  const auto named = files.names.find(allowed.path);
  if (named == files.names.end() || seen.records.size() != 1) return true;
  model::Inode& inode = files.inodes[static_cast<std::size_t>(named->second.inode)];
  for (const auto& [name, value] : seen.records[0].fields) {
    if (name == "dev") inode.device = static_cast<std::uint64_t>(value);
    if (name == "ino") inode.number = static_cast<std::uint64_t>(value);
  }
  return true;
}

bool agrees_failure(const model::Result& allowed, const language::Result& seen) {
  return seen.value == -1 && seen.error == model::name(allowed.error) && (!seen.touched || allowed.may_touch);
}

bool agrees_received(const model::Result& allowed, const language::Result& seen) {
  return succeeded(seen) && seen.value == allowed.value && seen.received && seen.received->type == allowed.message.type &&
         seen.received->text == allowed.message.text.view() && !seen.overrun;
}

language::Record record(const Cast& cast, const State& state, const StatRecord& row, bool table) {
  language::Record record;
  for (const auto& [name, value] : numbers(row))
    if (table ? name != "mode" && name != "qbytes" : name != "perms") record.fields[name] = name == "key" ? static_cast<std::int64_t>(static_cast<std::uint32_t>(value)) : value;
  record.fields["stime"] = row.stime.latest;
  record.fields["rtime"] = row.rtime.latest;
  record.fields["ctime"] = row.ctime.latest;
  if (table) record.fields["msqid"] = state.queue(row.queue).id.value_or(-1);
  record.pids["lspid"] = pid(cast, row.lspid);
  record.pids["lrpid"] = pid(cast, row.lrpid);
  return record;
}

std::int64_t identifier(State& state, QueueIndex queue) {
  if (!state.queue(queue).id) {
    std::int32_t id = 0;
    while (!lawful(state, queue, id)) ++id;
    state.change(queue).id = id;
  }
  return *state.queue(queue).id;
}

}  // namespace

bool agrees(const Cast& cast, State& state, const model::Result& allowed, const language::Result& seen) {
  switch (allowed.kind) {
    case model::Result::number: return succeeded(seen) && seen.value == allowed.value;
    case model::Result::key: return succeeded(seen) && static_cast<std::uint32_t>(seen.value) == static_cast<std::uint32_t>(allowed.value);
    case model::Result::identifier: return succeeded(seen) && is_identifier(state, allowed.queue, seen.value);
    case model::Result::failure: return agrees_failure(allowed, seen);
    case model::Result::received: return agrees_received(allowed, seen);
    case model::Result::stat: return agrees_stat(cast, state, allowed, seen);
    case model::Result::info: return agrees_info(allowed, seen);
    case model::Result::table: return agrees_table(cast, state, allowed, seen);
    case model::Result::file: return agrees_file(state, allowed, seen);
    case model::Result::any: return true;
  }
  return false;
}

language::Result show(const Cast& cast, State& state, const model::Result& allowed) {
  language::Result shown;
  shown.value = allowed.value;
  switch (allowed.kind) {
    case model::Result::number:
    case model::Result::key: break;
    case model::Result::identifier: shown.value = identifier(state, allowed.queue); break;
    case model::Result::failure:
      shown.error = model::name(allowed.error);
      shown.touched = allowed.may_touch;
      break;
    case model::Result::received: shown.received = language::Received{allowed.message.type, std::string(allowed.message.text.view())}; break;
    case model::Result::stat:
      if (allowed.queue >= 0) shown.value = identifier(state, allowed.queue);
      shown.records.push_back(record(cast, state, allowed.rows[0], false));
      break;
    case model::Result::info: shown.records.push_back({allowed.information.fields, {}}); break;
    case model::Result::table:
      for (const StatRecord& row : allowed.rows) shown.records.push_back(record(cast, state, row, true));
      break;
    case model::Result::file: {
      model::Files& files = state.files.write();
      model::Inode& inode = files.inodes[static_cast<std::size_t>(files.names.at(allowed.path).inode)];
      inode.device = 1;
      inode.number = 1 + static_cast<std::uint64_t>(files.names.at(allowed.path).inode);
      shown.records.push_back({{{"dev", 1}, {"ino", static_cast<std::int64_t>(*inode.number)}}, {}});
      break;
    }
    case model::Result::any: break;
  }
  return shown;
}

}  // namespace svmq::judge
