#include "language/arbitrary.hpp"

#include <algorithm>

namespace svmq::property {

using namespace language;
namespace gen = rc::gen;

// ------------------------------------------------------------------------------------------------------
// basics

bool Draw::chance(int percent) { return *gen::inRange(0, 100) < percent; }

std::size_t Draw::below(std::size_t bound) { return *gen::inRange<std::size_t>(0, bound); }

std::int64_t Draw::number() {
  switch (below(4)) {
    case 0: return *gen::arbitrary<std::int64_t>();
    case 1: return of<std::int64_t>({INT64_MAX, INT64_MIN, INT64_MIN + 1, INT32_MAX, INT32_MIN, UINT32_MAX});
    default: return *gen::inRange<std::int64_t>(-10, 70000);
  }
}

std::int32_t Draw::number32() {
  return chance(30) ? of<std::int32_t>({INT32_MAX, INT32_MIN, -1, 0, 258}) : *gen::arbitrary<std::int32_t>();
}

std::string Draw::bytes() {
  auto size = below(8);
  std::string result;
  for (std::size_t i = 0; i < size; ++i) {
    result.push_back(chance(50) ? of({'"', '\\', '\n', '\t', '\0', '#', 'x', '\x7f', '\xff'})
                                : *gen::arbitrary<char>());
  }
  return result;
}

std::string Draw::line() {
  const std::string inside = "abc xyz()'{}\\,=:\t\xc3\xa4";
  std::string result = "a";
  for (std::size_t i = below(20); i > 0; --i) result.push_back(inside[below(inside.size())]);
  if (chance(20)) result += "\"#\\\"#\"";  // in quotes a # is no comment
  return result + "z";
}

std::string Draw::word() {
  const std::string letters = "abcXYZ019._-";
  std::string result;
  for (std::size_t i = 1 + below(12); i > 0; --i) result.push_back(letters[below(letters.size())]);
  return result;
}

std::string Draw::identifier() {
  const std::string letters = "abcXYZ019_";
  std::string result(1, letters[below(6)]);
  for (std::size_t i = below(31); i > 0; --i) result.push_back(letters[below(letters.size())]);
  return result;
}

Text Draw::text() {
  Text text;
  for (std::size_t i = below(4); i > 0; --i) {
    if (chance(30)) {
      text.pieces.emplace_back(Sequence{1 + below(2000), *gen::arbitrary<std::uint32_t>()});
    } else {
      text.pieces.emplace_back(Repeat{chance(50) ? 1 : 1 + below(2000), bytes() + "."});
    }
  }
  return text;
}

Credentials Draw::credentials(bool all) {
  auto id = [&] { return chance(70) ? static_cast<std::uint32_t>(below(3) * 500) : 0xfffffffe; };
  auto named = [&] { return all || chance(50); };
  Credentials c;
  if (named()) c.uid = id();
  if (named()) c.gid = id();
  if (named()) {
    c.groups.emplace();
    for (std::size_t i = below(4); i > 0; --i) c.groups->push_back(id());
  }
  if (named()) c.caps = static_cast<Capabilities>(below(16));
  if (named()) c.ruid = id();
  if (named()) c.fsgid = id();
  return c;
}

void Draw::actors(std::vector<Actor>& actors, bool observed) {
  for (std::size_t i = below(6); i > 0; --i) {
    std::string name = identifier();
    if (name == "end" || std::find(names.begin(), names.end(), name) != names.end()) continue;
    names.push_back(name);
    Actor actor{name, {}, {}, {}};
    if (!actors.empty() && chance(30)) {
      const Actor& other = actors[below(actors.size())];
      actor.process = other.process.empty() ? other.name : other.process;
    } else {
      actor.credentials = credentials(observed);
    }
    actors.push_back(actor);
  }
}

// ---------------------------------------------------------------------------------------------------
// arguments

std::string Draw::path(bool may_be_absolute) {
  std::string result = may_be_absolute && chance(30) ? "/" : "";
  for (std::size_t i = below(3); i > 0; --i)
    result += of<const char*>({"a/", "./", "...", "\xff\"", "#", " "});
  return result + "f";
}

Flags Draw::flags() {
  if (chance(20)) return *gen::arbitrary<std::uint32_t>();
  Flags flags = chance(50) ? of<Flags>({0, 0600, 0666, 0777, 07}) : 0;
  for (Flags f = flag::ipc_creat; f <= flag::msg_copy; f <<= 1) flags |= chance(30) ? f : 0;
  return flags;
}

Signal Draw::signal() { return static_cast<Signal>(below(static_cast<std::size_t>(Signal::cont) + 1)); }

// In a block each actor has its own variables: they begin with its name.
std::string Draw::some_variable() {
  std::vector<std::string> usable;
  for (const std::string& v : variables_) {
    if (!in_block_ || v.rfind("v" + actor_ + "_", 0) == 0) usable.push_back(v);
  }
  return usable.empty() ? "" : usable[below(usable.size())];
}

IdExpr Draw::id() {
  std::string variable = chance(70) ? some_variable() : "";
  std::int64_t value = variable.empty() || chance(30) ? number32() : 0;
  if (!variable.empty()) value = std::max<std::int64_t>(value, -INT32_MAX);
  return {variable, value};
}

IdExpr Draw::key() {
  std::string variable = chance(30) ? some_variable() : "";
  return {variable, variable.empty() ? number32() : 0};
}

MessageArgument Draw::message() {
  if (chance(20)) return of({BadPointer::null, BadPointer::unmapped});
  return Message{number(), text(), chance(20)};
}

BufferArgument Draw::buffer() {
  if (chance(20)) return of({BadPointer::null, BadPointer::unmapped});
  if (chance(20)) return ReadOnlyBuffer{};
  if (chance(30)) return Buffer{below((16u << 20) + 1)};
  return Buffer{};
}

SettingArgument Draw::setting() {
  if (chance(20)) return of({BadPointer::null, BadPointer::unmapped});
  return Setting{*gen::arbitrary<std::uint32_t>(), *gen::arbitrary<std::uint32_t>(), flags(),
                 static_cast<std::uint64_t>(number())};
}

// -------------------------------------------------------------------------------------------------------
// steps

Action Draw::action_of_anyone() {
  auto limit = [&] { return static_cast<Limit>(below(static_cast<std::size_t>(Limit::auto_msgmni) + 1)); };
  switch (below(16)) {
    case 0:
    case 1: return Msgsnd{id(), message(), static_cast<std::uint64_t>(number()), flags()};
    case 2:
    case 3: return Msgrcv{id(), buffer(), static_cast<std::uint64_t>(number()), number(), flags()};
    case 4: return MsgctlSet{id(), setting()};
    case 5: {
      int number = chance(70) ? of({0, 2, 3, 11, 12, 13}) : number32();
      return Msgctl{id(), number == command::ipc_set ? 0 : number, buffer()};
    }
    case 6: return Msgget{key(), flags()};
    case 7: return Ftok{path(true), number32()};
    case 8: return Shmget{key(), static_cast<std::uint64_t>(number()), flags()};
    case 9: return Table{};
    case 10: return GetLimit{limit()};
    case 11: return SetLimit{limit(), number()};
    case 12: return Create{path(false)};
    case 13: return Link{path(false), path(false), chance(50)};
    case 14: return Unlink{path(false)};
    default: return Mkdir{path(false), flags()};
  }
}

Action Draw::action_of_actor() {
  switch (below(6)) {
    case 0: {
      Become become{credentials(false)};
      if (become.credentials == Credentials{}) become.credentials.uid = 1;
      return become;
    }
    case 1: return Handler{signal(), static_cast<Disposition>(below(4))};
    case 2: return Mask{signal(), chance(50)};
    case 3: return Exit{static_cast<int>(below(256))};
    case 4: return Exec{};
    default: return Unshare{};
  }
}

Action Draw::action_of_conductor() {
  if (names.empty() || chance(30)) return Tick{};
  return Kill{names[below(names.size())], signal()};
}

Step Draw::step() {
  actor_ = names.empty() || chance(15) ? "" : names[below(names.size())];
  Step step{actor_, {}, Tick{}, {}};
  bool own = chance(25);
  step.action = !own ? action_of_anyone() : actor_.empty() ? action_of_conductor() : action_of_actor();
  bool kept = std::holds_alternative<Msgget>(step.action) || std::holds_alternative<Ftok>(step.action) ||
              std::holds_alternative<Shmget>(step.action);
  if (kept && !actor_.empty() && chance(80) && actor_.size() < 25) {
    step.variable = "v" + actor_ + "_" + std::to_string(below(3));
    bool known = std::find(variables_.begin(), variables_.end(), step.variable) != variables_.end();
    if (!known) variables_.push_back(step.variable);
  }
  return step;
}

rc::Gen<Scenario> arbitrary_scenario() {
  return gen::exec([] {
    Draw draw;
    Scenario scenario;
    scenario.name = draw.word();
    if (draw.chance(50)) scenario.title = draw.line();
    for (std::size_t i = draw.below(3); i > 0; --i) scenario.clauses.push_back(draw.word());
    for (std::size_t i = draw.below(3); i > 0; --i) scenario.seeds.push_back(draw.word());
    draw.actors(scenario.actors, false);
    for (std::size_t i = draw.below(20); i > 0; --i) {
      if (draw.chance(85)) {
        scenario.items.emplace_back(draw.step());
        continue;
      }
      draw.enter_block();
      Concurrent block;
      for (std::size_t steps = 1 + draw.below(5); steps > 0; --steps) block.steps.push_back(draw.step());
      draw.leave_block();
      scenario.items.emplace_back(block);
    }
    return scenario;
  });
}

}  // namespace svmq::property
