// The calls, in the kernel's manner: a result >= 0, or -errno. Signals must not be shielded on entry.
#pragma once

#include <sys/msg.h>
#include <sys/types.h>

#include <cstddef>

#include "svmq/svmq.h"

namespace svmq::calls {

long get(key_t key, int flags);
long send(int id, const void* message, std::size_t size, int flags);
long receive(int id, void* message, std::size_t size, long type, int flags);
long control(int id, int command, void* buffer);
long enter(const char* directory);
long remove_namespace(const char* directory);
long limit_get(const char* name, long* value);
long limit_set(const char* name, long value);
long table(char* text, std::size_t size);
long path(char* text, std::size_t size);
long each(int (*visit)(const char* directory, svmq_ipc ipc, void* context), void* context);

}  // namespace svmq::calls
