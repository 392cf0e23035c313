// Copies from and to memory of the program that may not be there.
//
// The copy is one routine of known instruction addresses; a SIGSEGV or SIGBUS inside it ends it early. Such
// faults anywhere else go on to the handler that the program had installed. A third kind is handled too: a
// fault inside a mapping of ours whose file somebody has cut short; the mapping is then replaced by private
// zero pages, which no check of the library accepts as a queue.
//
// Thread-safe. signals.h brings the faults here.
#pragma once

#include <csignal>
#include <cstddef>

namespace svmq::guarded {

bool read(void* to, const void* from_program, std::size_t size);   // false: EFAULT; `to` holds a prefix
bool write(void* to_program, const void* from, std::size_t size);  // false: EFAULT; a prefix has been written
std::size_t unread(void* to, const void* from_program,
                   std::size_t size);  // as read: how many bytes are missing
bool readable(const void* in_program, std::size_t size);

// Called with each fault: is it one of ours, and mended?
bool handle(int signal, const siginfo_t* info, void* context);

// Announces a mapping of a file that others can cut short, and takes it back before it is unmapped.
void watch(void* mapping, std::size_t size);
void unwatch(void* mapping);

}  // namespace svmq::guarded
