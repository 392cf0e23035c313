// Histories: a header, then events up to end.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "src/arguments.hpp"
#include "src/credentials.hpp"
#include "src/cursor.hpp"
#include "src/parse_all.hpp"
#include "src/result_parser.hpp"
#include "src/scope.hpp"
#include "src/step_parser.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::language {
namespace {

constexpr std::uint64_t most_received = 256u << 20;  // bytes that all received texts of one parse expand to
constexpr std::string_view needs_known[] = {"word-size", "uids", "caps",    "namespaces",    "limits", "threads",
                                            "exec", "stop",    "signals",       "files",  "table",
                                            "shm",  "next_id", "privilege-drop"};

class HistoryParser {
 public:
  HistoryParser(Cursor& at, std::uint64_t& room) : at_(at), scope_(at), room_(room) {}
  History read();

 private:
  void next_line(std::string_view expected) {
    if (!at_.next_line()) at_.fail(expected);
  }

  bool read_header();
  void read_process();
  Credentials read_all_credentials();
  void read_numbers(std::map<std::string, std::int64_t>& numbers);

  Event read_event();
  std::optional<Event> read_keyword_event(Place place);
  Event read_call_event(std::string actor, Place place);
  Return read_return(std::string actor);
  Death read_death(std::string actor, Place place);
  std::string read_who();

  Cursor& at_;
  Scope scope_;
  std::uint64_t& room_;
  History history_;
  std::map<std::string, Action> unfinished_;  // by actor
};

History HistoryParser::read() {
  at_.expect("history");
  history_.name = at_.name("the name of a history");
  next_line("a header line, an event or end");
  while (read_header()) next_line("a header line, an event or end");
  for (;;) {
    std::size_t from = at_.offset();
    if (at_.accept("end") && at_.at_end()) break;
    at_.go_back(from);
    history_.events.push_back(read_event());
    next_line("an event or end");
  }
  history_.actors = scope_.take_actors();
  return std::move(history_);
}

// ------------------------------------------------------------------------------------------------------
// header

// False where the events begin. A line that no reader of this version knows is one of the header only if it
// cannot be an event: it begins with a word that no ':', '=' or '(' follows.
bool HistoryParser::read_header() {
  constexpr std::string_view events[] = {"blocked",     "clock",  "skipped", "hung",
                                         "unsupported", "failed", "end"};
  std::size_t from = at_.offset();
  std::string_view word = at_.word();
  char next = at_.peek();
  if (word.empty() || next == ':' || next == '=' || next == '(' ||
      std::find(std::begin(events), std::end(events), word) != std::end(events)) {
    at_.go_back(from);
    return false;
  }
  if (word == "agent") {
    history_.agent = at_.rest();
  } else if (word == "namespace") {
    history_.fresh = at_.accept("fresh");
    if (!history_.fresh) at_.expect("used");
  } else if (word == "limits") {
    read_numbers(history_.limits);
  } else if (word == "ids") {
    read_numbers(history_.ids);
  } else if (word == "process") {
    read_process();
  } else if (word == "conductor") {
    history_.conductor = read_all_credentials();
  } else if (word == "thread") {
    scope_.declare_thread();
  }
  return true;
}

void HistoryParser::read_process() {
  Actor& process = scope_.declare_process();
  process.credentials = read_all_credentials();
}

Credentials HistoryParser::read_all_credentials() {
  Place place = at_.place();
  Credentials c = read_credentials(at_);
  if (!c.uid || !c.gid || !c.groups || !c.caps || !c.ruid || !c.fsgid) {
    at_.fail_at(place, "uid= gid= groups= caps= ruid= fsgid=, all six", "fewer");
  }
  return c;
}

void HistoryParser::read_numbers(std::map<std::string, std::int64_t>& numbers) {
  while (!at_.at_end()) {
    std::string name(at_.word());
    if (name.empty()) at_.fail("a name");
    at_.expect('=');
    numbers[name] = read_long(at_);
  }
}

// ------------------------------------------------------------------------------------------------------
// events

Event HistoryParser::read_event() {
  Place place = at_.place();
  if (auto event = read_keyword_event(place)) return *std::move(event);
  std::string actor = read_actor_prefix(at_, scope_);
  if (at_.accept("<...")) return {read_return(std::move(actor)), place};
  if (!actor.empty() && at_.accept("+++")) return {read_death(std::move(actor), place), place};
  return read_call_event(std::move(actor), place);
}

std::optional<Event> HistoryParser::read_keyword_event(Place place) {
  std::size_t from = at_.offset();
  std::string_view word = at_.word();
  char next = at_.peek();
  if (word.empty() || next == ':' || next == '(') {
    at_.go_back(from);
    return std::nullopt;
  }
  if (word == "clock") {
    Clock clock{read_long(at_)};
    at_.expect_end();
    return Event{clock, place};
  }
  if (word == "blocked") {
    Blocked blocked;
    while (!at_.at_end()) blocked.actors.push_back(read_who());
    return Event{std::move(blocked), place};
  }
  if (word == "skipped") {
    Skipped skipped{read_step(at_, scope_)};
    at_.expect_end();
    return Event{std::move(skipped), place};
  }
  if (word == "hung") {
    Hung hung{read_who()};
    at_.expect_end();
    return Event{std::move(hung), place};
  }
  if (word == "unsupported") {
    Place need_place = at_.place();
    std::string_view need = at_.name("a need");
    if (std::find(std::begin(needs_known), std::end(needs_known), need) == std::end(needs_known)) {
      at_.fail_at(need_place, "a need", fmt::format("'{}'", need));
    }
    return Event{Unsupported{std::string(need), at_.rest()}, place};
  }
  if (word == "failed") return Event{Failed{at_.rest()}, place};
  at_.go_back(from);
  at_.fail("an event");
}

// Who is asleep or hangs: an actor, or the conductor.
std::string HistoryParser::read_who() {
  std::size_t from = at_.offset();
  Place place = at_.place();
  std::string who;
  if (!at_.accept(conductor)) who = scope_.actor();
  if (!unfinished_.count(who)) {
    at_.go_back(from);
    at_.fail_at(place, "one with an unfinished call", fmt::format("'{}'", who.empty() ? conductor : who));
  }
  return who;
}

Event HistoryParser::read_call_event(std::string actor, Place place) {
  if (unfinished_.count(actor))
    at_.fail_at(place, "no call while one is unfinished", "another of the same actor");
  Step step = read_step_of(at_, scope_, std::move(actor), place);
  if (at_.accept("<unfinished ...>")) {
    at_.expect_end();
    unfinished_.emplace(step.actor, step.action);
    return {Call{std::move(step)}, place};
  }
  if (!at_.accept('=')) at_.fail("'=' or '<unfinished ...>'");
  Result result = read_result(at_, scope_, step.action, room_);
  return {Complete{std::move(step), std::move(result)}, place};
}

Return HistoryParser::read_return(std::string actor) {  // behind "<..."
  Return event{std::move(actor), {}, {}};
  auto begun = unfinished_.find(event.actor);
  if (begun == unfinished_.end()) at_.fail("the return of an unfinished call");
  event.call = call_name(begun->second);
  at_.expect(event.call);
  at_.expect("resumed>");
  at_.expect('=');
  event.result = read_result(at_, scope_, begun->second, room_);
  unfinished_.erase(begun);
  return event;
}

Death HistoryParser::read_death(std::string actor, Place place) {  // behind "+++"
  auto self = [&](const Actor& a) { return a.name == actor; };
  if (!std::find_if(scope_.actors().begin(), scope_.actors().end(), self)->process.empty()) {
    at_.fail_at(place, "a process", fmt::format("the thread '{}'", actor));
  }
  Death death{std::move(actor), {}, 0};
  if (at_.accept("killed")) {
    at_.expect("by");
    death.signal = at_.word();
    if (death.signal.empty()) at_.fail("a signal");
  } else if (at_.accept("exited")) {
    at_.expect("with");
    death.status = static_cast<int>(read_number(at_, 0, 255, "a number from 0 to 255"));
  } else {
    at_.fail("killed by or exited with");
  }
  at_.expect("+++");
  at_.expect_end();
  for (const Actor& a : scope_.actors()) {
    if (a.name == death.actor || a.process == death.actor) unfinished_.erase(a.name);
  }
  return death;
}

}  // namespace

Parsed<std::vector<History>> parse_histories(std::string_view text, std::string_view file) {
  Cursor at(text, text.size());
  std::uint64_t room = most_received;
  return parse_all<History>(at, file, "history", [&] { return HistoryParser(at, room).read(); });
}

}  // namespace svmq::language
