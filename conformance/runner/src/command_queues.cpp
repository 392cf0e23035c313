// svmq ls, mk, rm: what ipcs, ipcmk and ipcrm are to the kernel's queues, for libsvmq's.
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "commands.hpp"
#include "console.hpp"
#include "scenario_source.hpp"
#include "settings.hpp"
#include "svmq/svmq.h"
#include "waiting_processes.hpp"

namespace svmq::runner {
namespace {

using Json = nlohmann::ordered_json;

struct Queue {
  int id;
  msqid_ds status;
  std::vector<pid_t> waiters;
};

[[noreturn]] void fail(const std::string& what) {
  throw UsageError(fmt::format("{}: {}", what, std::strerror(errno)));
}

// The namespace of the option, or the default one, which is made if it is not there. Its path.
std::string enter(const std::string& directory) {
  if (!directory.empty()) {
    struct stat status;
    if (stat(directory.c_str(), &status) != 0) fail(directory);
    if (svmq_namespace_enter(directory.c_str()) != 0)
      throw UsageError(fmt::format("{}: not a namespace of libsvmq: {}", directory, std::strerror(errno)));
  }
  std::string path(PATH_MAX, '\0');
  const ssize_t length = svmq_namespace_path(path.data(), path.size());
  if (length < 0) fail("the default namespace cannot be used");
  path.resize(static_cast<std::size_t>(length));
  return path;
}

std::vector<Queue> queues(const std::string& directory) {
  std::vector<Queue> found;
  msginfo information;
  const int last = svmq_msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&information));
  const auto waiting = waiting_processes(directory);
  for (int index = 0; index <= last; ++index) {
    Queue queue;
    queue.id = svmq_msgctl(index, MSG_STAT_ANY, &queue.status);
    if (queue.id < 0) continue;
    const auto waiters = waiting.find(queue.id);
    if (waiters != waiting.end()) queue.waiters = waiters->second;
    found.push_back(std::move(queue));
  }
  return found;
}

std::string user(uid_t id) {
  const passwd* entry = getpwuid(id);
  return entry != nullptr ? entry->pw_name : std::to_string(id);
}

std::vector<std::pair<std::string, long>> limits() {
  std::vector<std::pair<std::string, long>> found;
  for (const char* name : {"msgmax", "msgmnb", "msgmni", "msg_next_id"}) {
    long value = 0;
    if (svmq_limit_get(name, &value) == 0) found.emplace_back(name, value);
  }
  return found;
}

std::string hex(key_t key) { return fmt::format("0x{:08x}", static_cast<unsigned>(key)); }

Json as_json(const Queue& queue) {
  const msqid_ds& status = queue.status;
  const ipc_perm& permission = status.msg_perm;
  return {{"id", queue.id},
          {"key", permission.__key},
          {"owner", {{"uid", permission.uid}, {"gid", permission.gid}}},
          {"creator", {{"uid", permission.cuid}, {"gid", permission.cgid}}},
          {"mode", fmt::format("{:04o}", static_cast<unsigned>(permission.mode))},
          {"messages", status.msg_qnum},
          {"bytes", status.__msg_cbytes},
          {"size", status.msg_qbytes},
          {"last_sender", status.msg_lspid},
          {"last_receiver", status.msg_lrpid},
          {"sent_at", status.msg_stime},
          {"received_at", status.msg_rtime},
          {"changed_at", status.msg_ctime},
          {"waiting_processes", queue.waiters}};
}

const char* name_of(svmq_ipc ipc) {
  return ipc == SVMQ_IPC_PRESENT ? "present" : ipc == SVMQ_IPC_GONE ? "gone" : "unknown";
}

struct Namespace {
  std::string directory;
  svmq_ipc ipc;
};

std::vector<Namespace> namespaces() {
  std::vector<Namespace> found;
  const auto visit = [](const char* directory, svmq_ipc ipc, void* into) {
    static_cast<std::vector<Namespace>*>(into)->push_back({directory, ipc});
    return 0;
  };
  svmq_namespace_each(visit, &found);
  return found;
}

// ------------------------------------------------------------------------------------------------------- ls

struct ListOptions {
  std::string directory;
  bool json = false, namespaces = false;
};

void list_namespaces(bool json) {
  Json all = Json::array();
  for (const Namespace& each : namespaces()) {
    all.push_back({{"directory", each.directory}, {"ipc_namespace", name_of(each.ipc)}});
    if (!json) say(fmt::format("{:<8} {}\n", name_of(each.ipc), each.directory));
  }
  if (json) say(all.dump(2) + "\n");
}

void list_queues(const std::string& directory) {
  say(fmt::format("namespace {}\n", directory));
  for (const auto& [name, value] : limits()) say(fmt::format("{} {}  ", name, value));
  say("\n\n");
  say(fmt::format("{:>10} {:<10} {:<10} {:>5} {:>9} {:>10} {:>10} {:>9} {:>9}  {}\n", "id", "key", "owner",
                  "mode", "messages", "bytes", "of", "sender", "receiver", "waiting processes"));
  for (const Queue& queue : queues(directory)) {
    const msqid_ds& status = queue.status;
    say(fmt::format("{:>10} {:<10} {:<10} {:>5o} {:>9} {:>10} {:>10} {:>9} {:>9}  {}\n", queue.id,
                    hex(status.msg_perm.__key), user(status.msg_perm.uid),
                    static_cast<unsigned>(status.msg_perm.mode), status.msg_qnum, status.__msg_cbytes,
                    status.msg_qbytes, status.msg_lspid, status.msg_lrpid, fmt::join(queue.waiters, " ")));
  }
  const auto all = namespaces();
  const auto gone =
      std::count_if(all.begin(), all.end(), [](const Namespace& each) { return each.ipc == SVMQ_IPC_GONE; });
  if (gone > 0)
    say(fmt::format("\n{} left behind by IPC namespaces that are gone: svmq rm --left-behind\n", gone));
}

int list(const ListOptions& options) {
  if (options.namespaces) {
    list_namespaces(options.json);
    return conform;
  }
  const std::string directory = enter(options.directory);
  if (!options.json) {
    list_queues(directory);
    return conform;
  }
  Json all = {{"namespace", directory}, {"limits", Json::object()}, {"queues", Json::array()}};
  for (const auto& [name, value] : limits()) all["limits"][name] = value;
  for (const Queue& queue : queues(directory)) all["queues"].push_back(as_json(queue));
  say(all.dump(2) + "\n");
  return conform;
}

// ------------------------------------------------------------------------------------------------------- mk

struct MakeOptions {
  std::string directory, key, mode = "0644";
  std::optional<std::uint64_t> size;
};

// A number as C has it. Throws UsageError.
long number(const std::string& text, int base, const char* what) {
  char* end = nullptr;
  errno = 0;
  const long value = std::strtol(text.c_str(), &end, base);
  if (text.empty() || *end != '\0' || errno != 0) throw UsageError(fmt::format("{} is no {}", text, what));
  return value;
}

int make(const MakeOptions& options) {
  enter(options.directory);
  const auto mode = static_cast<int>(number(options.mode, 8, "mode, as 0600 is"));
  if (mode < 0 || mode > 0777) throw UsageError(fmt::format("{} is no mode, as 0600 is", options.mode));
  const key_t key = options.key.empty() ? static_cast<key_t>(std::random_device()() | 1)
                                        : static_cast<key_t>(number(options.key, 0, "key"));
  const int id = svmq_msgget(key, IPC_CREAT | IPC_EXCL | mode);
  if (id < 0) fail(fmt::format("key {}", hex(key)));
  msqid_ds status;
  if (options.size) {
    const bool read = svmq_msgctl(id, IPC_STAT, &status) == 0;
    status.msg_qbytes = *options.size;
    if (!read || svmq_msgctl(id, IPC_SET, &status) != 0) {
      const int error = errno;
      svmq_msgctl(id, IPC_RMID, nullptr);
      errno = error;
      fail(fmt::format("a size of {}", *options.size));
    }
  }
  say(fmt::format("{}\n", id));
  return conform;
}

// ------------------------------------------------------------------------------------------------------- rm

struct RemoveOptions {
  std::string directory;
  std::vector<std::string> ids, keys;
  bool all = false, left_behind = false, whole = false;
};

// False, and says so, if it cannot be removed.
bool remove_queue(int id, const std::string& name) {
  if (id >= 0 && svmq_msgctl(id, IPC_RMID, nullptr) == 0) return true;
  warn(fmt::format("{}: {}", name, std::strerror(errno)));
  return false;
}

bool remove_namespace(const std::string& directory) {
  if (svmq_namespace_remove(directory.c_str()) == 0) {
    say(directory + "\n");
    return true;
  }
  warn(fmt::format("{}: {}", directory, std::strerror(errno)));
  return false;
}

int remove(const RemoveOptions& options) {
  bool good = true;
  if (options.ids.empty() && options.keys.empty() && !options.all && !options.left_behind && !options.whole)
    throw UsageError("rm: nothing was named; see svmq rm --help");
  if (options.left_behind) {
    for (const Namespace& each : namespaces())
      if (each.ipc == SVMQ_IPC_GONE) good = remove_namespace(each.directory) && good;
  }
  if (options.ids.empty() && options.keys.empty() && !options.all && !options.whole)
    return good ? conform : usage;
  const std::string directory = enter(options.directory);
  for (const std::string& id : options.ids)
    good = remove_queue(static_cast<int>(number(id, 10, "identifier")), fmt::format("queue {}", id)) && good;
  for (const std::string& key : options.keys)
    good =
        remove_queue(svmq_msgget(static_cast<key_t>(number(key, 0, "key")), 0), fmt::format("key {}", key)) &&
        good;
  if (options.all) {
    for (const Queue& queue : queues(directory))
      good = remove_queue(queue.id, fmt::format("queue {}", queue.id)) && good;
  }
  if (options.whole) good = remove_namespace(directory) && good;
  return good ? conform : usage;
}

constexpr const char* directory_help =
    "The namespace in this directory; else the default one, as for programs";

constexpr const char* list_explanation = R"(
Of a queue: who waits, as far as you may know it (root knows all). Of a namespace (--namespaces): whether the IPC namespace that it
was made for is there; only root learns that it is gone, and since Linux 6.18.

Exit status: 0 done; 2 wrong usage, or there is no such namespace.)";

constexpr const char* remove_explanation = R"(
Exit status: 0 all of it was removed; 2 wrong usage, or something was not.

Examples:
  svmq rm 0 --key 0x2a     two queues
  svmq rm --all            every queue of the default namespace
  svmq rm --left-behind    namespaces of IPC namespaces that are gone)";

}  // namespace

void add_queues(CLI::App& app, int& status) {
  const auto listing = std::make_shared<ListOptions>();
  CLI::App* ls = app.add_subcommand("ls", "Lists libsvmq's queues, their limits, owners and waiters");
  ls->add_option("--namespace", listing->directory, directory_help)->type_name("DIR");
  ls->add_flag("--namespaces", listing->namespaces, "Lists the namespaces instead");
  ls->add_flag("--json", listing->json, "For programs");
  ls->footer(list_explanation);
  ls->callback([listing, &status] { status = list(*listing); });

  const auto making = std::make_shared<MakeOptions>();
  CLI::App* mk = app.add_subcommand("mk", "Makes a queue of libsvmq and prints its identifier");
  mk->add_option("--key", making->key, "Its key, as 42 or 0x2a; else a random one")->type_name("KEY");
  mk->add_option("--mode", making->mode, "Its mode")->type_name("MODE")->capture_default_str();
  mk->add_option("--size", making->size, "Its msg_qbytes; else the limit msgmnb")
      ->type_name("BYTES")
      ->check(whole_number);
  mk->add_option("--namespace", making->directory, directory_help)->type_name("DIR");
  mk->footer("\nExit status: 0 done; 2 wrong usage, or it could not be made.");
  mk->callback([making, &status] { status = make(*making); });

  const auto removing = std::make_shared<RemoveOptions>();
  CLI::App* rm = app.add_subcommand("rm", "Removes queues of libsvmq");
  rm->add_option("ID", removing->ids, "Identifiers");
  rm->add_option("--key", removing->keys, "The queue of this key (repeatable)")
      ->type_name("KEY")
      ->allow_extra_args(false);
  rm->add_flag("--all", removing->all, "Every queue");
  rm->add_flag("--whole", removing->whole, "The namespace, with every queue and its limits");
  rm->add_flag("--left-behind", removing->left_behind, "Every default namespace whose IPC namespace is gone");
  rm->add_option("--namespace", removing->directory, directory_help)->type_name("DIR");
  rm->footer(remove_explanation);
  rm->callback([removing, &status] { status = remove(*removing); });
}

}  // namespace svmq::runner
