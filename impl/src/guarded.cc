#include "guarded.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
// size_t svmq_guarded_copy(void* to, const void* from, size_t size): the number of bytes not copied.
// 8 to 2048 bytes are copied by overlapping moves, which change neither of the three registers: after a
// fault in one of them all begins again with `rep movsb`, which keeps its count in rcx while it runs, and
// leaves rip at the instruction itself when it faults. It is the faster one for much, and the slower one for
// less where that comes from another processor. In assembly also because a sanitizer must not look at
// these accesses.
asm(R"(
  .text
  .p2align 5
  .hidden svmq_guarded_copy
  .globl svmq_guarded_copy
  .type svmq_guarded_copy, @function
svmq_guarded_copy:
  .cfi_startproc
  cmpq $16, %rdx
  jae 1f
  cmpq $8, %rdx
  jb svmq_guarded_copy_slow
  .hidden svmq_guarded_copy_quick
  .globl svmq_guarded_copy_quick
svmq_guarded_copy_quick:
  movq (%rsi), %rax
  movq -8(%rsi,%rdx), %rcx
  movq %rax, (%rdi)
  movq %rcx, -8(%rdi,%rdx)
  xorl %eax, %eax
  ret
1:
  cmpq $32, %rdx
  ja 2f
  movups (%rsi), %xmm0
  movups -16(%rsi,%rdx), %xmm1
  movups %xmm0, (%rdi)
  movups %xmm1, -16(%rdi,%rdx)
  xorl %eax, %eax
  ret
2:
  cmpq $128, %rdx
  ja 4f
  movups (%rsi), %xmm0
  movups 16(%rsi), %xmm1
  movups -32(%rsi,%rdx), %xmm2
  movups -16(%rsi,%rdx), %xmm3
  cmpq $64, %rdx
  jbe 3f
  movups 32(%rsi), %xmm4
  movups 48(%rsi), %xmm5
  movups -64(%rsi,%rdx), %xmm6
  movups -48(%rsi,%rdx), %xmm7
  movups %xmm4, 32(%rdi)
  movups %xmm5, 48(%rdi)
  movups %xmm6, -64(%rdi,%rdx)
  movups %xmm7, -48(%rdi,%rdx)
3:
  movups %xmm0, (%rdi)
  movups %xmm1, 16(%rdi)
  movups %xmm2, -32(%rdi,%rdx)
  movups %xmm3, -16(%rdi,%rdx)
  xorl %eax, %eax
  ret
4:
  cmpq $2048, %rdx
  ja svmq_guarded_copy_slow
  leaq -64(%rdx), %rax
  xorl %ecx, %ecx
5:
  movups (%rsi,%rcx), %xmm0
  movups 16(%rsi,%rcx), %xmm1
  movups 32(%rsi,%rcx), %xmm2
  movups 48(%rsi,%rcx), %xmm3
  movups %xmm0, (%rdi,%rcx)
  movups %xmm1, 16(%rdi,%rcx)
  movups %xmm2, 32(%rdi,%rcx)
  movups %xmm3, 48(%rdi,%rcx)
  addq $64, %rcx
  cmpq %rax, %rcx
  jb 5b
  movups -64(%rsi,%rdx), %xmm0
  movups -48(%rsi,%rdx), %xmm1
  movups -32(%rsi,%rdx), %xmm2
  movups -16(%rsi,%rdx), %xmm3
  movups %xmm0, -64(%rdi,%rdx)
  movups %xmm1, -48(%rdi,%rdx)
  movups %xmm2, -32(%rdi,%rdx)
  movups %xmm3, -16(%rdi,%rdx)
  xorl %eax, %eax
  ret
  .hidden svmq_guarded_copy_slow
  .globl svmq_guarded_copy_slow
svmq_guarded_copy_slow:
  movq %rdx, %rcx
  .hidden svmq_guarded_copy_at
  .globl svmq_guarded_copy_at
svmq_guarded_copy_at:
  rep movsb
  .hidden svmq_guarded_copy_after
  .globl svmq_guarded_copy_after
svmq_guarded_copy_after:
  movq %rcx, %rax
  ret
  .cfi_endproc
  .size svmq_guarded_copy, .-svmq_guarded_copy
)");
extern "C" std::size_t svmq_guarded_copy(void* to, const void* from, std::size_t size);
extern "C" const char svmq_guarded_copy_quick[];
extern "C" const char svmq_guarded_copy_slow[];
extern "C" const char svmq_guarded_copy_at[];
extern "C" const char svmq_guarded_copy_after[];
#endif

namespace svmq::guarded {
namespace {

struct Watched {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::size_t> size{0};
};
// Read by the signal handler, so never freed; grown by a chain of blocks.
struct WatchedBlock {
  Watched entries[64];
  std::atomic<WatchedBlock*> next{nullptr};
};
WatchedBlock first_block;

bool leave_copy(void* context) {
#if defined(__x86_64__)
  auto* machine = static_cast<ucontext_t*>(context);
  auto at = static_cast<std::uintptr_t>(machine->uc_mcontext.gregs[REG_RIP]);
  auto address = [](const char* label) { return reinterpret_cast<std::uintptr_t>(label); };
  const char* onwards = at == address(svmq_guarded_copy_at) ? svmq_guarded_copy_after : nullptr;
  if (at >= address(svmq_guarded_copy_quick) && at < address(svmq_guarded_copy_slow))
    onwards = svmq_guarded_copy_slow;
  if (onwards == nullptr) return false;
  machine->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(onwards);
  return true;
#else
  (void)context;
  return false;
#endif
}

bool replace_watched(const void* address) {
  auto at = reinterpret_cast<std::uintptr_t>(address);
  for (WatchedBlock* block = &first_block; block != nullptr; block = block->next.load()) {
    for (Watched& entry : block->entries) {
      std::uintptr_t begin = entry.begin.load();
      std::size_t size = entry.size.load();
      if (begin == 0 || at < begin || at - begin >= size) continue;
      return mmap(reinterpret_cast<void*>(begin), size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
    }
  }
  return false;
}

#if !defined(__x86_64__)
std::size_t svmq_guarded_copy(void* to, const void* from, std::size_t size) {
  // Without a routine of our own for this machine the kernel does the copy and checks both sides.
  std::size_t done = 0;
  while (done < size) {
    std::size_t step = size - done < 4096 ? size - done : 4096;
    iovec target{static_cast<char*>(to) + done, step};
    iovec source{const_cast<char*>(static_cast<const char*>(from)) + done, step};
    ssize_t moved = process_vm_writev(getpid(), &source, 1, &target, 1, 0);
    if (moved <= 0) break;
    done += static_cast<std::size_t>(moved);
  }
  return size - done;
}
#endif

}  // namespace

bool handle(int signal, const siginfo_t* info, void* context) {
  // A fault in a mapping of ours first: the copy then goes on, with zeros, and what it found is checked
  // afterwards.
  return (signal == SIGBUS && replace_watched(info->si_addr)) || leave_copy(context);
}

bool readable(const void* in_program, std::size_t size) {
  char piece[4096];
  auto* at = static_cast<const char*>(in_program);
  for (std::size_t here; size != 0; at += here, size -= here) {
    here = size < sizeof piece ? size : sizeof piece;
    if (!read(piece, at, here)) return false;
  }
  return true;
}

std::size_t unread(void* to, const void* from_program, std::size_t size) {
  return svmq_guarded_copy(to, from_program, size);
}

bool read(void* to, const void* from_program, std::size_t size) {
  return svmq_guarded_copy(to, from_program, size) == 0;
}

bool write(void* to_program, const void* from, std::size_t size) {
  return svmq_guarded_copy(to_program, from, size) == 0;
}

void watch(void* mapping, std::size_t size) {
  auto begin = reinterpret_cast<std::uintptr_t>(mapping);
  for (WatchedBlock* block = &first_block;;) {
    for (Watched& entry : block->entries) {
      std::uintptr_t none = 0;
      if (entry.begin.compare_exchange_strong(none, begin)) {
        entry.size.store(size);
        return;
      }
    }
    WatchedBlock* next = block->next.load();
    if (next == nullptr) {
      void* memory = std::calloc(1, sizeof(WatchedBlock));
      if (memory == nullptr) return;
      auto* fresh = static_cast<WatchedBlock*>(memory);
      if (block->next.compare_exchange_strong(next, fresh))
        next = fresh;
      else
        std::free(memory);
    }
    block = next;
  }
}

void unwatch(void* mapping) {
  auto begin = reinterpret_cast<std::uintptr_t>(mapping);
  for (WatchedBlock* block = &first_block; block != nullptr; block = block->next.load()) {
    for (Watched& entry : block->entries) {
      if (entry.begin.load() != begin) continue;
      entry.size.store(0);
      entry.begin.store(0);
      return;
    }
  }
}

}  // namespace svmq::guarded
