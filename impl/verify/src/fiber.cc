#include "fiber.h"

#include <cstdint>

// The registers that a call preserves, on the stack that is left and from the one that is entered.
asm(R"(
  .text
  .p2align 4
  .globl svmq_verify_switch
  .type svmq_verify_switch, @function
svmq_verify_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size svmq_verify_switch, .-svmq_verify_switch

  .type svmq_verify_begin, @function
svmq_verify_begin:
  movq %r13, %rdi
  call *%r12
  ud2
  .size svmq_verify_begin, .-svmq_verify_begin
)");
extern "C" const char svmq_verify_begin[];

namespace svmq::verify {

void Fiber::prepare(void (*entry)(void*), void* argument) {
  auto* word = reinterpret_cast<std::uintptr_t*>(top());
  *--word = 0;  // two: the stack is aligned where a function is called
  *--word = 0;
  *--word = reinterpret_cast<std::uintptr_t>(svmq_verify_begin);
  *--word = 0;                                           // rbp
  *--word = 0;                                           // rbx
  *--word = reinterpret_cast<std::uintptr_t>(entry);     // r12
  *--word = reinterpret_cast<std::uintptr_t>(argument);  // r13
  *--word = 0;                                           // r14
  *--word = 0;                                           // r15
  at = word;
}

}  // namespace svmq::verify
