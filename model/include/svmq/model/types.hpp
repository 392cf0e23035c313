// The words of the model: clause ids, error names, bytes, three-valued answers, copy-on-write values.
//
// This is a reference, not an implementation: values only, no system call, no clock, no thread, no input or
// output.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "svmq/model/clause_ids.hpp"  // made from clauses.toml

namespace svmq::model {

// A clause of model/clauses.toml: its place there. An id that is not in the catalogue does not compile.
class Clause {
 public:
  consteval Clause(const char* id)
      : number_(find(id)) {}  // NOLINT(google-explicit-constructor): it is its id
  static constexpr Clause at(std::size_t number) { return Clause(static_cast<std::uint16_t>(number)); }

  constexpr const char* id() const { return clause_ids[number_].data(); }  // from a literal: ends with 0
  constexpr std::size_t number() const { return number_; }
  constexpr bool operator==(const Clause&) const = default;

 private:
  constexpr explicit Clause(std::uint16_t number) : number_(number) {}
  static consteval std::uint16_t find(std::string_view id) {
    for (std::uint16_t i = 0; i < clause_count; ++i)
      if (clause_ids[i] == id) return i;
    throw std::invalid_argument("not in the catalogue");
  }
  std::uint16_t number_;
};

// A set of clauses. A step makes many of these: a bit for each clause of the catalogue, in whose order they
// are gone through.
class Clauses {
 public:
  constexpr Clauses() = default;
  constexpr Clauses(std::initializer_list<Clause> clauses) {  // NOLINT(google-explicit-constructor)
    for (const Clause clause : clauses) add(clause);
  }

  constexpr bool has(Clause clause) const { return (words_[word(clause)] & bit(clause)) != 0; }
  constexpr void add(Clause clause) { words_[word(clause)] |= bit(clause); }
  constexpr void add(const Clauses& clauses) {
    for (std::size_t w = 0; w < words; ++w) words_[w] |= clauses.words_[w];
  }
  constexpr void remove(Clause clause) { words_[word(clause)] &= ~bit(clause); }
  constexpr Clauses operator&(const Clauses& other) const {
    Clauses both;
    for (std::size_t w = 0; w < words; ++w) both.words_[w] = words_[w] & other.words_[w];
    return both;
  }
  constexpr bool empty() const { return *this == Clauses(); }
  constexpr bool operator==(const Clauses&) const = default;

  class Iterator {
   public:
    using value_type = Clause;
    using difference_type = std::ptrdiff_t;
    constexpr Iterator() = default;
    constexpr Iterator(const Clauses* of, std::size_t word) : of_(of), word_(word) { find(); }
    constexpr Clause operator*() const {
      return Clause::at(64 * word_ + static_cast<std::size_t>(std::countr_zero(left_)));
    }
    constexpr Iterator& operator++() {
      left_ &= left_ - 1;
      if (left_ == 0) ++word_, find();
      return *this;
    }
    constexpr Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    constexpr bool operator==(const Iterator& other) const {
      return word_ == other.word_ && left_ == other.left_;
    }

   private:
    constexpr void find() {
      while (word_ < words && (left_ = of_->words_[word_]) == 0) ++word_;
    }
    const Clauses* of_ = nullptr;
    std::size_t word_ = 0;
    std::uint64_t left_ = 0;  // of the word
  };
  constexpr Iterator begin() const { return {this, 0}; }
  constexpr Iterator end() const { return {this, words}; }

 private:
  static constexpr std::size_t words = (clause_count + 63) / 64;
  static constexpr std::size_t word(Clause clause) { return clause.number() / 64; }
  static constexpr std::uint64_t bit(Clause clause) { return std::uint64_t{1} << clause.number() % 64; }
  std::uint64_t words_[words] = {};
};

enum class Errno : std::uint8_t {
  none,
  e2big,
  eacces,
  eagain,
  eexist,
  efault,
  eidrm,
  eintr,
  einval,
  eloop,
  enoent,
  enomem,
  enomsg,
  enospc,
  enosys,
  enotdir,
  eperm,
  esrch
};
std::string_view name(Errno error);  // "EINVAL"; "" for none

// An answer that the profile may leave open.
enum class Tri : std::uint8_t { no, yes, maybe };
constexpr Tri when(bool condition) { return condition ? Tri::yes : Tri::no; }

// A value that is copied only when somebody changes it.
template <class T>
class Cow {
 public:
  Cow() : value_(std::make_shared<T>()) {}
  explicit Cow(T value) : value_(std::make_shared<T>(std::move(value))) {}
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  T& write() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }
  bool operator==(const Cow& other) const { return value_ == other.value_ || *value_ == *other.value_; }

 private:
  std::shared_ptr<T> value_;
};

// A vector that is copied only when somebody changes it.
template <class T>
class CowVector {
 public:
  std::size_t size() const { return items_->size(); }
  const T& operator[](std::size_t i) const { return (*items_)[i]; }
  auto begin() const { return items_->begin(); }
  auto end() const { return items_->end(); }
  const T& front() const { return items_->front(); }

  T& operator[](std::size_t i) { return items_.write()[i]; }
  auto begin() { return items_.write().begin(); }
  auto end() { return items_.write().end(); }
  T& front() { return items_.write().front(); }
  T& back() { return items_.write().back(); }
  T& emplace_back() { return items_.write().emplace_back(); }
  void push_back(T item) { items_.write().push_back(std::move(item)); }
  bool operator==(const CowVector&) const = default;

 private:
  Cow<std::vector<T>> items_;
};

// The bytes of a message. Shared, never changed.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string bytes) : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  std::string_view view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }
  std::uint64_t size() const { return bytes_ ? bytes_->size() : 0; }
  Bytes first(std::uint64_t count) const {
    return count >= size() ? *this : Bytes(std::string(view().substr(0, count)));
  }
  bool operator==(const Bytes& other) const { return bytes_ == other.bytes_ || view() == other.view(); }

 private:
  std::shared_ptr<const std::string> bytes_;
};

// The bits of flags and the numbers of commands, as Linux has them.
inline constexpr std::uint32_t IPC_CREAT_ = 01000, IPC_EXCL_ = 02000, IPC_NOWAIT_ = 04000,
                               MSG_NOERROR_ = 010000, MSG_EXCEPT_ = 020000, MSG_COPY_ = 040000;
inline constexpr int IPC_RMID_ = 0, IPC_SET_ = 1, IPC_STAT_ = 2, IPC_INFO_ = 3, MSG_STAT_ = 11,
                     MSG_INFO_ = 12, MSG_STAT_ANY_ = 13;

using ActorIndex = int;  // into State::actors; an actor is a thread, a process's first actor its main thread
using QueueIndex = int;  // into State::queues, in the order of creation; never reused

// Who sent or received last. A thread's own id and its process's id differ but for the main thread.
struct Pid {
  enum Kind : std::uint8_t { nobody, process, thread } kind = nobody;
  ActorIndex actor = -1;  // process: its main thread
  bool operator==(const Pid&) const = default;
};

// A second of the real-time clock of which only bounds are known. Never: {0, 0}.
struct Stamp {
  std::int64_t earliest = 0, latest = 0;
  bool operator==(const Stamp&) const = default;
};

}  // namespace svmq::model
