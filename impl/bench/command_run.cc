// svmq-bench run: measures.
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "commands.h"
#include "mechanisms.h"
#include "processes.h"
#include "tests.h"

namespace svmq::bench {
namespace {

struct Options {
  std::vector<std::string> tests;
  unsigned repetitions = 7;
  bool quick = false, markdown = false;
  std::string json;
  std::vector<std::string> command;
};

bool write_setting(const std::string& path, long value) {
  std::ofstream file(path);
  file << value << std::flush;
  return file.good();
}

// A private IPC namespace with high limits, for the kernel's two kinds of queue; and libsvmq's limits alike.
void prepare(Session& session) {
  constexpr long room = 1L << 25;  // for the tests with the most messages
  if (unshare(CLONE_NEWIPC) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWIPC) != 0)
    session.remark("no private IPC namespace: the limits of this one count");
  write_setting("/proc/sys/kernel/msgmnb", room);
  write_setting("/proc/sys/fs/mqueue/msg_max", 2048);
  rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MSGQUEUE, &most);
  if (svmq_namespace_enter(session.directory.c_str()) != 0 || svmq_limit_set("msgmnb", room) != 0)
    fail("libsvmq: " + session.directory);
}

Json context(const Session& session, const Options& options) {
  utsname system;
  uname(&system);
  std::string processor;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) processor = line.substr(line.find(": ") + 2);
  return {{"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"processor", processor},
          {"cpus", cpus().size()},
          {"command", fmt::format("{}", fmt::join(options.command, " "))},
          {"quick", options.quick},
          {"remarks", session.remarks}};
}

bool chosen(const Options& options, const Test& test) {
  return options.tests.empty() || std::ranges::find(options.tests, test.name) != options.tests.end();
}

void progress(const std::string& text) {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K{}", text);
}

void measure(Session& session, const Options& options) {
  prepare(session);
  for (unsigned i = 0; i < options.repetitions; ++i)
    for (const Test& test : tests) {
      if (!chosen(options, test)) continue;
      progress(fmt::format("{} of {}: {}", i + 1, options.repetitions, test.name));
      test.measure(session);
    }
  progress("");
  session.results.add_growth();
  Json results = session.results.json(context(session, options));
  if (!options.json.empty() && !(std::ofstream(options.json) << results.dump(1) << std::endl))
    fail(options.json);
  fmt::print("{}", tables(results, options.markdown));
  std::fflush(stdout);
  for (const std::string& remark : session.remarks) fmt::print(stderr, "svmq-bench: {}\n", remark);
}

volatile pid_t worker = 0;

// The work is a child's, so that its queues can be removed however it ends.
int run(const Options& options) {
  cpus();
  char directory[] = "/dev/shm/svmq-bench-XXXXXX";
  if (mkdtemp(directory) == nullptr) fail(directory);
  chmod(directory, 01777);
  pid_t parent = getpid(), child = fork();
  if (child > 0) {
    worker = child;
    for (int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, [](int same) { kill(worker, same); });
  }
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(2);
    Session session;
    session.directory = directory;
    session.quick = options.quick;
    try {
      measure(session, options);
      std::fflush(nullptr);
      _exit(0);
    } catch (const std::exception& error) {
      fmt::print(stderr, "svmq-bench: {}\n", error.what());
      _exit(2);
    }
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::filesystem::remove_all(directory);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string explanation() {
  std::string text = "The tests:\n";
  for (const Test& test : tests) text += fmt::format("  {:<16} {}\n", test.name, test.summary);
  return text +
         "\nIn each repetition every mechanism is measured, one next to the other. Printed are medians and, "
         "in brackets, how\n"
         "often better than the kernel in the same repetition (the median of that). Processes are pinned to "
         "cpus. Nothing\n"
         "else should run on them.\n\nExamples:\n"
         "  svmq-bench run                                        everything; takes some minutes\n"
         "  svmq-bench run --test pair --test depth --json r.json\n"
         "  svmq-bench table --markdown r.json";
}

}  // namespace

void Session::remark(const std::string& text) {
  if (std::ranges::find(remarks, text) == remarks.end()) remarks.push_back(text);
}

void add_run(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Measures, and prints the tables");
  std::vector<std::string> names;
  for (const Test& test : tests) names.emplace_back(test.name);
  command->add_option("--test,-t", options->tests, "Only this test (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names));
  command->add_option("--repetitions,-r", options->repetitions, "How often everything is measured")
      ->type_name("N")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command->add_option("--json", options->json, "Write the results to this file")->type_name("FILE");
  command->add_flag("--markdown", options->markdown, "Print the tables for a document");
  command->add_flag("--quick", options->quick,
                    "Only look whether everything works: no figures to be trusted");
  command->footer(explanation());
  command->callback([options, command, &status] {
    options->command = {"svmq-bench", "run"};
    for (const CLI::Option* option : command->get_options())
      for (const std::string& value : option->results())
        options->command.push_back(option->get_name() + "=" + value);
    status = run(*options);
  });
}

}  // namespace svmq::bench
