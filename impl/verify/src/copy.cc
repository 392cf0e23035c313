#include "copy.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

struct ThreadLocal {
  std::size_t module, offset;
};
extern "C" void* __tls_get_addr(ThreadLocal*);

namespace svmq::verify {
namespace {

constexpr std::size_t page = 4096;
std::vector<Kept*> all_kept;

std::byte* page_of(void* address) {
  return reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(address) / page * page);
}

struct Variables {
  const char* name;
  std::vector<std::pair<std::byte*, std::size_t>> written;
  std::byte* thread_local_memory = nullptr;
  std::size_t thread_local_size = 0;
};

int visit(dl_phdr_info* info, std::size_t, void* argument) {
  auto& wanted = *static_cast<Variables*>(argument);
  if (strcmp(info->dlpi_name, wanted.name) != 0) return 0;
  std::uintptr_t relro_end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type == PT_GNU_RELRO) relro_end = info->dlpi_addr + part.p_vaddr + part.p_memsz;
  }
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_W) != 0) {
      std::uintptr_t begin = info->dlpi_addr + part.p_vaddr, end = begin + part.p_memsz;
      if (relro_end > begin && relro_end <= end) begin = relro_end;
      begin = begin / page * page;
      end = (end + page - 1) / page * page;
      if (begin < end) wanted.written.emplace_back(reinterpret_cast<std::byte*>(begin), end - begin);
    }
    if (part.p_type == PT_TLS) {
      ThreadLocal first{info->dlpi_tls_modid, 0};  // dlpi_tls_data is empty until somebody has asked so
      wanted.thread_local_memory = static_cast<std::byte*>(__tls_get_addr(&first));
      wanted.thread_local_size = part.p_memsz;
    }
  }
  return 1;
}

}  // namespace

void Kept::add(void* begin, std::size_t size) { ranges_.push_back({static_cast<std::byte*>(begin), size}); }

void Kept::add_always(void* begin, std::size_t size) {
  pieces_.push_back({static_cast<std::byte*>(begin), size, {}});
}

void Kept::remember() {
  if (all_kept.empty()) {
    static std::byte stack[1 << 16];
    stack_t alternate{stack, 0, sizeof stack};
    sigaltstack(&alternate, nullptr);
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
  }
  bool known = false;
  for (Kept* other : all_kept) known = known || other == this;
  if (!known) all_kept.push_back(this);
  for (Piece& piece : pieces_) piece.before.assign(piece.at, piece.at + piece.size);
  for (const Range& range : ranges_) mprotect(range.begin, range.size, PROT_READ);
  for (const Piece& piece : pieces_) {
    if (piece.size == page && page_of(piece.at) == piece.at) mprotect(piece.at, page, PROT_READ | PROT_WRITE);
  }
}

bool Kept::written(void* address) {
  auto* at = static_cast<std::byte*>(address);
  for (const Range& range : ranges_) {
    if (at < range.begin || at >= range.begin + range.size) continue;
    std::byte* begin = page_of(at);
    for (const Piece& piece : pieces_) {
      if (piece.at == begin) return false;
    }
    pieces_.push_back({begin, page, std::vector<std::byte>(begin, begin + page)});
    return mprotect(begin, page, PROT_READ | PROT_WRITE) == 0;
  }
  return false;
}

void Kept::on_fault(int, siginfo_t* info, void*) {
  for (Kept* kept : all_kept) {
    if (kept->written(info->si_addr)) return;
  }
  signal(SIGSEGV, SIG_DFL);
}

void Kept::put_back() {
  for (const Piece& piece : pieces_) memcpy(piece.at, piece.before.data(), piece.size);
}

Copy::Copy(Kept& kept) {
  void* memory =
      mmap(nullptr, private_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory for a process");
  private_ = static_cast<std::byte*>(memory);
  *reinterpret_cast<std::size_t*>(private_) = page;
  kept.add(private_, private_size);
}

void Copy::load(const std::string& library, Kept& kept) {
  // Another file is another library to the loader.
  std::ifstream in(library, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  int file = memfd_create("libsvmq-verify", MFD_CLOEXEC);
  if (bytes.empty() || file < 0 ||
      write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("cannot read " + library);
  std::string path = "/proc/self/fd/" + std::to_string(file);
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, name));
    if (function == nullptr) throw std::runtime_error(library + " has no " + name);
  };
  find(get, "svmq_msgget");
  find(send, "svmq_msgsnd");
  find(receive, "svmq_msgrcv");
  find(control, "svmq_msgctl");
  find(enter, "svmq_namespace_enter");
  find(limit_set, "svmq_limit_set");
  find(limit_get, "svmq_limit_get");
  find(set_action, "svmq_verify_sigaction");
  Variables variables{path.c_str(), {}, nullptr, 0};
  dl_iterate_phdr(visit, &variables);
  for (auto [begin, size] : variables.written) kept.add(begin, size);
  if (variables.written.empty() || variables.thread_local_memory == nullptr)
    throw std::runtime_error("cannot find the variables of " + library);
  kept.add_always(variables.thread_local_memory, variables.thread_local_size);
}

void* Copy::allocate(std::size_t size, std::size_t alignment) {
  auto& used = *reinterpret_cast<std::size_t*>(private_);
  std::size_t begin = (used + alignment - 1) / alignment * alignment;
  if (begin + size > private_size) return nullptr;
  used = begin + size;
  return private_ + begin;
}

}  // namespace svmq::verify
