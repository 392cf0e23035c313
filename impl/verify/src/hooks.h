// What a copy of the library asks of the world around it: every access to shared memory, every system call
// and every file goes through here. The explorer is that world (machine.h).
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>

namespace svmq::verify {

enum class Order : std::uint8_t { relaxed, acquire, release, both };
enum class Change : std::uint8_t { exchange, bit_or, compare };

class Hooks {
 public:
  virtual std::uint64_t load(const void* at, unsigned size, Order order) = 0;
  virtual void store(void* at, unsigned size, std::uint64_t value, Order order) = 0;
  // A read-modify-write; the former value.
  virtual std::uint64_t change(void* at, unsigned size, Change how, std::uint64_t value,
                               std::uint64_t expected, Order order) = 0;
  virtual void copy(void* to, const void* from, std::size_t size) = 0;  // either may be shared
  virtual void order() = 0;  // between stores of which a death must not see the later one alone
  virtual void fence(Order order) = 0;
  virtual void relax() = 0;
  virtual std::uint64_t ticks() = 0;
  virtual std::uint32_t cpu() = 0;
  virtual std::int64_t time() = 0;
  virtual std::uint64_t random() = 0;
  virtual long system_call(long number, const long* arguments) = 0;  // -errno

  // -errno, too. Directories are all the same one.
  virtual int open(const char* path, int flags) = 0;
  virtual int close(int file) = 0;
  virtual int status(int file, struct stat* out) = 0;
  virtual int resize(int file, off_t size) = 0;
  virtual int unlink(const char* path) = 0;
  virtual int link(const char* from, const char* to) = 0;
  virtual void* map(int file, std::size_t size) = 0;                    // -1: private memory
  virtual void* allocate(std::size_t size, std::size_t alignment) = 0;  // zeros

  virtual int set_handler(int number, const struct sigaction* wanted, struct sigaction* former) = 0;
  virtual void note_thread_end(void (*end)(void*), void* argument) = 0;

 protected:
  ~Hooks() = default;
};

// Defined by the explorer; asked for once by each copy of the library, when it is loaded.
extern "C" Hooks* svmq_verify_hooks();

}  // namespace svmq::verify
