#include "svmq/shrink/c_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "c_step.hpp"
#include "c_text.hpp"
#include "steps.hpp"
#include "svmq/judge/outcomes.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::shrink {
namespace {

using namespace language;

constexpr std::size_t most_outcomes = 5000;

const char* const includes = R"C(#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
)C";

// The steps with what the program must know of each.
struct Plan {
  struct Entry {
    const Step* step;
    int item;
  };
  std::vector<Entry> entries;
  bool concurrent = false;

  explicit Plan(const Scenario& scenario) {
    int item = 0;
    for (const Item& i : scenario.items) {
      if (const auto* step = std::get_if<Step>(&i)) {
        entries.push_back({step, item});
      } else {
        concurrent = true;
        for (const Step& inner : std::get<Concurrent>(i).steps) entries.push_back({&inner, item});
      }
      ++item;
    }
  }
};

// Where the deviation stands: the number of the step that deviated, and behind which item that was seen.
struct Where {
  int step = -1, item = -1;
};

Where find_deviation(const Plan& plan, const History& history, std::size_t event, const std::string& who) {
  std::map<std::string, std::size_t> begun;  // steps of each actor so far
  Where where;
  const auto begin = [&](const std::string& actor) {
    std::size_t nth = ++begun[actor];
    for (std::size_t k = 0; k < plan.entries.size(); ++k) {
      if (plan.entries[k].step->actor != actor || --nth > 0) continue;
      where.item = std::max(where.item, plan.entries[k].item);
      if (actor == who) where.step = static_cast<int>(k);
      return;
    }
  };
  for (std::size_t e = 0; e <= event && e < history.events.size(); ++e) {
    const auto& what = history.events[e].what;
    if (const auto* call = std::get_if<Call>(&what)) begin(call->step.actor);
    if (const auto* complete = std::get_if<Complete>(&what)) begin(complete->step.actor);
    if (const auto* skipped = std::get_if<Skipped>(&what)) begin(skipped->step.actor);
  }
  return where;
}

// The actor of "A: msgsnd(…)", or of "A" alone.
std::string actor_of(const judge::Deviation& deviation) {
  const std::size_t colon = deviation.step.find(": ");
  if (colon != std::string::npos) return deviation.step.substr(0, colon);
  return deviation.step.find('(') == std::string::npos ? deviation.step : "";
}

// What stands behind "= " as a value; nothing for "asleep" and the like.
std::optional<Result> parse_result(const History& history, Step step, const std::string& text) {
  step.variable.clear();
  if (IdExpr* expression = expression_of(step.action)) *expression = IdExpr{};
  History frame = history;
  frame.events.assign(1, {Clock{1}, {}});
  std::string whole = print(frame);
  whole.resize(whole.rfind("end\n"));
  whole += print(step) + " = " + text + "\nend\n";
  auto parsed = parse_histories(whole, "allowed");
  auto* histories = std::get_if<std::vector<History>>(&parsed);
  if (histories == nullptr || histories->empty() || histories->front().events.empty()) return std::nullopt;
  const auto* complete = std::get_if<Complete>(&histories->front().events.back().what);
  return complete != nullptr ? std::optional(complete->result) : std::nullopt;
}

std::set<std::string> differing_fields(const Result& left, const Result& right) {
  std::set<std::string> names;
  if (left.records.empty() || right.records.empty()) return names;
  for (const auto& [name, value] : left.records.front().fields) {
    const auto other = right.records.front().fields.find(name);
    if (other != right.records.front().fields.end() && other->second != value) names.insert(name);
  }
  for (const auto& [name, pid] : left.records.front().pids) {
    const auto other = right.records.front().pids.find(name);
    if (other != right.records.front().pids.end() && !(other->second == pid)) names.insert(name);
  }
  return names;
}

// What is expected, and of which fields of a record.
struct Expectation {
  Where where;
  std::vector<std::string> allowed;
  std::set<std::string> fields;
  bool touched = false;
};

std::optional<Expectation> expectation(const Finding& finding, const Plan& plan) {
  Expectation result;
  result.where = find_deviation(plan, finding.history, finding.deviation.event, actor_of(finding.deviation));
  if (result.where.step < 0) return std::nullopt;
  const Step& step = *plan.entries[static_cast<std::size_t>(result.where.step)].step;
  const std::optional<Result> observed = parse_result(finding.history, step, finding.deviation.observed);
  std::vector<std::optional<Result>> allowed;
  for (const judge::Allowed& one : finding.deviation.allowed) {
    allowed.push_back(parse_result(finding.history, step, one.result));
    if (observed && allowed.back()) result.fields.merge(differing_fields(*observed, *allowed.back()));
  }
  result.touched = observed && observed->touched;
  for (std::size_t i = 0; i < allowed.size(); ++i)
    result.allowed.push_back(allowed[i] ? shown(*allowed[i], result.fields)
                                        : finding.deviation.allowed[i].result);
  const bool visible = !observed || std::find(result.allowed.begin(), result.allowed.end(),
                                              shown(*observed, result.fields)) == result.allowed.end();
  return visible ? std::optional(result) : std::nullopt;
}

std::string list_of(const std::vector<std::string>& strings) {
  std::string list;
  for (const std::string& text : strings) list += "    " + c_string(text) + ",\n";
  return list;
}

class Program {
 public:
  explicit Program(const Finding& finding) : finding_(finding), plan_(finding.scenario) {
    for (const Actor& actor : finding.scenario.actors)
      actors_.emplace(actor.name, static_cast<int>(actors_.size()));
    for (const Plan::Entry& entry : plan_.entries)
      if (!entry.step->variable.empty())
        variables_.emplace(entry.step->variable, static_cast<int>(variables_.size()));
  }

  std::string write() {
    check();
    const std::string own = steps() + credentials();
    return head() + declarations() + c_runtime + actor_names(own) + c_helpers(own) + own + main_function();
  }

 private:
  // Sets `check_`: the function that says whether the deviation shows.
  void check() {
    if (!plan_.concurrent) return check_step();
    const auto outcomes = judge::outcomes(finding_.scenario, finding_.profile, most_outcomes);
    if (!outcomes) throw NotInC{"more outcomes than a program should list"};
    std::vector<std::string> lines;
    for (const judge::Outcome& outcome : *outcomes) {
      std::string line;
      for (const auto& result : outcome)
        line += (std::holds_alternative<Result>(result) ? shown(std::get<Result>(result), {})
                                                        : std::get<std::string>(result)) +
                "\n";
      lines.push_back(std::move(line));
    }
    check_ = fmt::format(
        "static const char *const allowed[] = {{\n{}}};\n\n/* All results together must be one of the "
        "outcomes of the model. */\n"
        "static int deviates(void) {{\n  char all[step_count * 642], *at = all;\n"
        "  for (int k = 0; k < step_count; k++) at += sprintf(at, \"%s\\n\", plan[k].is_id && "
        "shared->outcome[k].text[0] != '-' ? \"id\" : shared->outcome[k].text);\n"
        "  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)\n    if (!strcmp(all, allowed[i])) "
        "return 0;\n"
        "  for (int k = 0; k < step_count; k++) printf(\"  %s = %s\\n\", plan[k].text, "
        "shared->outcome[k].text);\n"
        "  printf(\"expected: one of the %zu outcomes that the model allows\\n\", sizeof allowed / sizeof "
        "*allowed);\n  return 1;\n}}\n",
        list_of(lines));
  }

  void check_step() {
    const std::optional<Expectation> found = expectation(finding_, plan_);
    if (!found) throw NotInC{"what deviates is not visible in the results of one call"};
    expected_ = *found;
    check_ = fmt::format(
        "static const char *const allowed[] = {{\n{}    NULL}};\n\nstatic int deviates(void) {{\n  const "
        "char *seen = observed;\n  int wrong = 1;\n"
        "  for (int k = 0; k < step_count; k++)\n    printf(\"%c %s = %s\\n\", k == {} ? '>' : ' ', "
        "plan[k].text, k == {} ? seen : shared->outcome[k].text);\n"
        "  for (int i = 0; allowed[i]; i++) {{\n    printf(\"%s %s\\n\", i ? \"or      \" : \"expected\", "
        "allowed[i]);\n    if (!strcmp(seen, allowed[i])) wrong = 0;\n  }}\n"
        "  printf(\"observed %s\\n\", seen);\n  return wrong;\n}}\n",
        list_of(expected_.allowed), expected_.where.step, expected_.where.step);
  }

  std::string head() const {
    std::string text = fmt::format("/* {}\n *\n", c_comment(finding_.headline));
    std::string scenario = print(finding_.scenario);
    for (std::size_t at = 0; at < scenario.size();) {
      const std::size_t end = scenario.find('\n', at);
      text += fmt::format(" *   {}\n", c_comment(scenario.substr(at, end - at)));
      at = end + 1;
    }
    text += fmt::format(
        " *\n * {}\n *\n * cc {}x.c -o x && ./x\n * Exit status: 1 the deviation shows, 0 it does not, 2 it "
        "cannot be tried here.\n */\n",
        c_comment(finding_.reproduce), threads() ? "-pthread " : "");
    return text + includes + (threads() ? "#include <pthread.h>\n" : "");
  }

  bool threads() const {
    return std::ranges::any_of(finding_.scenario.actors,
                               [](const Actor& actor) { return !actor.process.empty(); });
  }

  // Only who prints a process id needs them.
  std::string actor_names(const std::string& program) const {
    if (program.find(" pid_field(") == std::string::npos) return "";
    std::string names;
    for (const Actor& actor : finding_.scenario.actors) names += c_string(actor.name) + ", ";
    return fmt::format("\nstatic const char *const actor_name[] = {{{}}};\n", names);
  }

  std::string declarations() const {
    std::string owners;
    for (const Actor& actor : finding_.scenario.actors) {
      owners += fmt::format("{}, ", actor.process.empty() ? -1 : actors_.at(actor.process));
    }
    std::string text =
        fmt::format("\nenum {{ actor_count = {}, step_count = {}, variable_count = {}, item_count = {} }};\n",
                    actors_.size(), plan_.entries.size(), variables_.size(), finding_.scenario.items.size());
    text += fmt::format("static const int thread_of[] = {{{}}}; /* -1: a process */\n\n", owners);
    for (std::size_t k = 0; k < plan_.entries.size(); ++k)
      text += fmt::format("static void step_{}(char *at);\n", k);
    text +=
        "\n/* actor -1 is this program itself; steps of one item run at the same time */\n"
        "static const struct { int actor, item, is_id; void (*run)(char *); const char *text; } plan[] = {\n";
    for (std::size_t k = 0; k < plan_.entries.size(); ++k) {
      const Step& step = *plan_.entries[k].step;
      text += fmt::format("    {{{}, {}, {}, step_{}, {}}},\n",
                          step.actor.empty() ? -1 : actors_.at(step.actor), plan_.entries[k].item,
                          std::holds_alternative<Msgget>(step.action) ? 1 : 0, k, c_string(print(step)));
    }
    text +=
        "};\n\nstatic void become_actor(int actor);\n#ifdef __linux__\n#define THREAD_ID "
        "syscall(SYS_gettid)\n"
        "#define SIGNAL_THREAD(a, s) syscall(SYS_tgkill, shared->process[a], (int)shared->thread[a], "
        "s)\n#else\n#define THREAD_ID 1\n"
        "#define SIGNAL_THREAD(a, s) kill(shared->process[a], s)\n#endif\n";
    if (threads())
      text +=
          "static pthread_t a_thread;\n#define START_THREAD(t) pthread_create(&a_thread, NULL, thread_main, "
          "(void *)(intptr_t)(t))\n";
    else
      text += "#define START_THREAD(t) ((void)thread_main)\n";
    return text + "static void *thread_main(void *);\n";
  }

  std::string steps() const {
    const StepContext context{variables_, actors_, expected_.fields, expected_.touched};
    std::string text;
    for (std::size_t k = 0; k < plan_.entries.size(); ++k) {
      const Step& step = *plan_.entries[k].step;
      text += fmt::format("\n/* {} */\nstatic void step_{}(char *at) {{\n{}}}\n", c_comment(print(step)), k,
                          c_step(step, context));
    }
    return text;
  }

  std::string credentials() const {
    std::string text = "\nstatic void become_actor(int actor) {\n  switch (actor) {\n";
    for (const Actor& actor : finding_.scenario.actors) {
      const std::string code = actor.process.empty() ? c_credentials(actor.credentials) : "";
      if (!code.empty()) text += fmt::format("  case {}:\n{}    break;\n", actors_.at(actor.name), code);
    }
    return text + "  default: break;\n  }\n}\n";
  }

  std::string main_function() const {
    const std::string look =
        plan_.concurrent ? ""
                         : fmt::format("    if (item == {}) strcpy(observed, shared->outcome[{}].text);\n",
                                       expected_.where.item, expected_.where.step);
    return fmt::format(
        "\n{}{}\n/* The scenario once, on queues of its own. */\nstatic int once(void) {{\n  memset(shared, "
        "0, sizeof *shared);\n"
        "  for (int v = 0; v < variable_count; v++) shared->variable[v] = -1;\n  start();\n"
        "  for (int item = 0; item < item_count; item++) {{\n    begin_item(item);\n{}  }}\n"
        "  int wrong = deviates();\n  stop();\n  return wrong;\n}}\n\n"
        "int main(void) {{\n  setvbuf(stdout, NULL, _IONBF, 0);\n#ifdef CLONE_NEWIPC\n  if "
        "(unshare(CLONE_NEWIPC)) fprintf(stderr, \"in the present IPC namespace: %s\\n\", "
        "strerror(errno));\n#endif\n"
        "  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n "
        " if (shared == MAP_FAILED) no_way(\"mmap\");\n"
        "  int wrong = 0;\n  time_t until = time(NULL) + {};\n  long rounds = 0;\n  do wrong = once(), "
        "rounds++; while (!wrong && time(NULL) < until);\n"
        "  printf(\"%s (%ld rounds)\\n\", wrong ? \"the deviation shows\" : \"no deviation\", rounds);\n  "
        "return wrong;\n}}\n",
        plan_.concurrent ? "" : "static char observed[640] = \"not come to\";\n", check_, look,
        plan_.concurrent ? "60" : "0");
  }

  const Finding& finding_;
  Plan plan_;
  std::map<std::string, int> actors_, variables_;
  Expectation expected_;
  std::string check_;
};

}  // namespace

std::variant<std::string, NotInC> c_program(const Finding& finding) {
  try {
    return Program(finding).write();
  } catch (NotInC& reason) {
    return std::move(reason);
  }
}

}  // namespace svmq::shrink
