// An execution for people: a line an access, a column a process.
#include <fmt/format.h>

#include <cstdio>

#include "machine.h"
#include "src/layout.h"
#include "src/registry.h"

namespace svmq::verify {
namespace {

struct Field {
  std::size_t offset;
  const char* name;
};

// The last field that begins at or before the offset.
std::string field_of(const Field* fields, std::size_t count, std::size_t offset) {
  const Field* best = nullptr;
  for (std::size_t i = 0; i < count; ++i)
    if (fields[i].offset <= offset) best = &fields[i];
  if (best == nullptr) return fmt::format("+{}", offset);
  std::size_t rest = offset - best->offset;
  return rest == 0 ? best->name : fmt::format("{}+{}", best->name, rest);
}
template <std::size_t Count>
std::string field_of(const Field (&fields)[Count], std::size_t offset) {
  return field_of(fields, Count, offset);
}

const Field state_fields[] = {{offsetof(State, bytes), "bytes"},
                              {offsetof(State, messages), "messages"},
                              {offsetof(State, sent_at), "sent_at"},
                              {offsetof(State, received_at), "received_at"},
                              {offsetof(State, sender), "sender"},
                              {offsetof(State, receiver), "receiver"},
                              {offsetof(State, queue), "queue.first"},
                              {offsetof(State, queue) + 4, "queue.last"},
                              {offsetof(State, capacity), "capacity"},
                              {offsetof(State, changed_at), "changed_at"},
                              {offsetof(State, receivers), "receivers.first"},
                              {offsetof(State, receivers) + 4, "receivers.last"},
                              {offsetof(State, senders), "senders.first"},
                              {offsetof(State, senders) + 4, "senders.last"},
                              {offsetof(State, removed), "removed"},
                              {offsetof(State, settings), "settings"},
                              {offsetof(State, permission), "permission"}};
const Field head_fields[] = {{offsetof(Head, magic), "magic"},
                             {offsetof(Head, version), "version"},
                             {offsetof(Head, generation), "generation"},
                             {offsetof(Head, id), "id"},
                             {offsetof(Head, sender_cpu), "sender_cpu"},
                             {offsetof(Head, receiver_cpu), "receiver_cpu"},
                             {offsetof(Head, lock), "lock"},
                             {offsetof(Head, lock) + offsetof(seam::Lock, change), "lock.change"},
                             {offsetof(Head, lock) + offsetof(seam::Lock, open), "lock.open"},
                             {offsetof(Head, lookout), "lookout.receiving"},
                             {offsetof(Head, lookout) + 8, "lookout.sending"}};
const Field member_fields[] = {
    {offsetof(Member, waiting), "word"},    {offsetof(Member, used), "used"},
    {offsetof(Member, process), "process"}, {offsetof(Member, space), "space"},
    {offsetof(Member, hand), "hand"},       {offsetof(Member, reads), "reads"},
    {offsetof(Member, waits), "waits"},     {offsetof(Member, outcome), "outcome"},
    {offsetof(Member, setting), "setting"}, {offsetof(Member, select), "select"},
    {offsetof(Member, type), "type"},       {offsetof(Member, size), "size"},
    {offsetof(Member, next), "next"},       {offsetof(Member, previous), "previous"}};
const Field control_fields[] = {{offsetof(Control, fresh), "fresh"},
                                {offsetof(Control, free_units), "free_units"},
                                {offsetof(Control, freed), "freed"},
                                {offsetof(Control, types), "types"},
                                {offsetof(Control, buckets), "buckets"},
                                {offsetof(Control, recent), "recent"},
                                {offsetof(Control, last_run), "last_run"},
                                {offsetof(Control, filled), "filled"},
                                {offsetof(Control, free_list), "free_list"},
                                {offsetof(Control, backed), "backed"},
                                {offsetof(Control, sweeping), "sweeping"},
                                {offsetof(Control, members), "members"},
                                {offsetof(Control, next_checked), "next_checked"},
                                {offsetof(Control, root), "root"},
                                {offsetof(Control, backed_buckets), "backed_buckets"}};
const Field message_fields[] = {{0, "units"},
                                {4, "kind"},
                                {8, "next"},
                                {12, "previous"},
                                {offsetof(Message, size), "size"},
                                {offsetof(Message, group), "group"},
                                {offsetof(Message, younger), "younger"},
                                {offsetof(Message, next_run), "next_run"},
                                {offsetof(Message, previous_run), "previous_run"},
                                {offsetof(Message, type), "type"},
                                {text_offset, "text"}};
const Field registry_fields[] = {{offsetof(Registry, magic), "magic"},
                                 {offsetof(Registry, version), "version"},
                                 {offsetof(Registry, size), "size"},
                                 {offsetof(Registry, lock), "lock"},
                                 {offsetof(Registry, lock) + offsetof(seam::Lock, open), "lock.open"},
                                 {offsetof(Registry, removed), "removed"},
                                 {offsetof(Registry, limits), "limits"},
                                 {offsetof(Registry, in_use), "in_use"},
                                 {offsetof(Registry, sequence), "sequence"},
                                 {offsetof(Registry, last_index), "last_index"},
                                 {offsetof(Registry, cursor), "cursor"},
                                 {offsetof(Registry, end), "end"},
                                 {offsetof(Registry, buckets), "buckets"},
                                 {offsetof(Registry, slots), "slots"}};

std::string in_head(std::size_t offset) {
  constexpr std::size_t saved = offsetof(Head, saved), each = sizeof(Head::saved[0]);
  for (auto [name, begin] : {std::pair{"", offsetof(Head, state)},
                             {"saved.receiving.", saved},
                             {"saved.sending.", saved + each}}) {
    if (offset >= begin && offset < begin + sizeof(State))
      return name + field_of(state_fields, offset - begin);
  }
  return field_of(head_fields, offset);
}

std::string in_arena(std::size_t offset) {
  if (offset < journal_offset) return field_of(control_fields, offset);
  if (offset < members_offset) {
    std::size_t line = (offset - journal_offset) / journal_line,
                in_line = journal_line / sizeof(JournalEntry);
    std::size_t entry = line / 2 * in_line + offset % journal_line / sizeof(JournalEntry);
    return fmt::format("journal.{}[{}]", line % 2 == 0 ? "receiving" : "sending", entry);
  }
  if (offset < buckets_offset) {
    std::size_t number = (offset - members_offset) / sizeof(Member);
    return fmt::format("member[{}].{}", number, field_of(member_fields, offset % sizeof(Member)));
  }
  if (offset < tiles_offset) return fmt::format("bucket[{}]", (offset - buckets_offset) / 4);
  std::size_t tile = (offset - tiles_offset) / unit_size;
  return fmt::format("tile[{}].{}", tile, field_of(message_fields, offset % unit_size));
}

}  // namespace

std::string Machine::name_of(const void* address) const {
  for (int i = 0; i < state_.file_count; ++i) {
    const File& file = state_.files[static_cast<std::size_t>(i)];
    auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - file.memory);
    if (offset >= file.size) continue;
    std::string name = file.name;
    if (name.ends_with(".head")) return in_head(offset);
    if (name.ends_with(".arena")) return in_arena(offset);
    return fmt::format("registry.{}", field_of(registry_fields, offset));
  }
  return "private memory";
}

void Machine::note_of(int process, const char* what, const void* address, std::uint64_t value) {
  char number[32];
  snprintf(number, sizeof number, value < 10'000'000 ? "%lu" : "0x%lx", static_cast<unsigned long>(value));
  std::string text = what;
  if (address != nullptr) text += " " + name_of(address);
  trace.push_back({process, text + " " + number});
}

}  // namespace svmq::verify
