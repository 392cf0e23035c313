// Who waits on the queues of a namespace of libsvmq, as the system shows it: a thread asleep on a word in a
// queue's file.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <vector>

namespace svmq::runner {

// Queue identifier: process ids. Of other users' processes only root sees any.
std::map<int, std::vector<pid_t>> waiting_processes(const std::filesystem::path& directory);

}  // namespace svmq::runner
