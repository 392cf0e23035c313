// A copy of the library for each simulated process: the same code, loaded once more, with variables of its
// own. What a process has in private memory is put back to what it was before each execution.
#pragma once

#include <sys/msg.h>

#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

namespace svmq::verify {

// Some memory and what was in it. Pages are remembered from the first time that they are written to.
class Kept {
 public:
  void add(void* begin, std::size_t size);         // whole pages
  void add_always(void* begin, std::size_t size);  // any bytes; put back each time
  void remember();                                 // what is in it now
  void put_back();

 private:
  struct Piece {
    std::byte* at;
    std::size_t size;
    std::vector<std::byte> before;
  };
  struct Range {
    std::byte* begin;
    std::size_t size;
  };
  bool written(void* address);  // a fault: from now on that page is put back
  static void on_fault(int, siginfo_t* info, void*);
  std::vector<Range> ranges_;
  std::vector<Piece> pieces_;
};

class Copy {
 public:
  static constexpr std::size_t private_size = std::size_t{8} << 20;
  explicit Copy(Kept& kept);
  // Loads the library once more, which begins to ask for memory. Throws std::runtime_error.
  void load(const std::string& library, Kept& kept);

  // Zeros of the process's private memory.
  void* allocate(std::size_t size, std::size_t alignment);

  int (*get)(key_t, int);
  int (*send)(int, const void*, std::size_t, int);
  ssize_t (*receive)(int, void*, std::size_t, long, int);
  int (*control)(int, int, msqid_ds*);
  int (*enter)(const char*);
  int (*limit_set)(const char*, long);
  int (*limit_get)(const char*, long*);
  int (*set_action)(int, const struct sigaction*);

 private:
  std::byte* private_;
};

}  // namespace svmq::verify
