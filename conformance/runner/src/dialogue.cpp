#include "dialogue.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "interrupt.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t errors_kept = 2000;
constexpr std::string_view ready_word = "ready ";

enum class Stream { open, closed };

Stream read_into(int descriptor, std::string& text) {
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n = read(descriptor, block.data(), block.size());
    if (n > 0) {
      text.append(block.data(), static_cast<std::size_t>(n));
      if (static_cast<std::size_t>(n) < block.size()) return Stream::open;
    } else if (n == 0) {
      return Stream::closed;
    } else if (errno != EINTR) {
      return errno == EAGAIN ? Stream::open : Stream::closed;
    }
  }
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "";
  const std::size_t newline = text.rfind('\n', end);
  const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
  return text.substr(begin, end - begin + 1);
}

// Lines of at most so many bytes are quoted in messages.
std::string shortened(std::string line) {
  constexpr std::size_t longest = 200;
  if (line.size() > longest) line = line.substr(0, longest) + "…";
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return line;
}

}  // namespace

std::string without_markers(std::string text) {
  if (text.find(console_marker) == std::string::npos) return text;
  std::string lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin),
                      end = newline == std::string::npos ? text.size() : newline;
    const std::size_t marker = text.substr(begin, end - begin).rfind(console_marker);
    if (marker != std::string::npos) {
      std::string line =
          text.substr(begin + marker + console_marker.size(), end - begin - marker - console_marker.size());
      if (line.ends_with('\r')) line.pop_back();
      if (!line.starts_with(ready_word)) lines += line + "\n";
    }
    begin = end + 1;
  }
  return lines;
}

void Dialogue::take_lines() {
  for (std::size_t newline; (newline = raw_.find('\n')) != std::string::npos; raw_.erase(0, newline + 1)) {
    std::string line = raw_.substr(0, newline);
    while (line.ends_with('\r')) line.pop_back();
    const std::size_t marker = line.rfind(console_marker);
    if (marker == std::string::npos) {
      if (!line.empty()) noise_ = line;
      continue;
    }
    line.erase(0, marker + console_marker.size());
    if (line.starts_with(ready_word)) {
      restarted_ = ready_;
      ready_ = true;
    } else {
      output_ += line + "\n";
    }
  }
}

void Dialogue::move(std::chrono::milliseconds patience) {
  const bool sends = ready_ && !unsent_.empty();
  std::array<pollfd, 4> descriptors{pollfd{child_.output(), POLLIN, 0}, pollfd{child_.errors(), POLLIN, 0},
                                    pollfd{sends ? child_.input() : -1, POLLOUT, 0},
                                    pollfd{interrupt::descriptor(), POLLIN, 0}};
  poll(descriptors.data(), descriptors.size(), static_cast<int>(patience.count()));
  if (descriptors[2].revents != 0 && write_some(child_.input(), unsent_) == Sent::refused) unsent_.clear();
  if (descriptors[1].revents != 0) read_into(child_.errors(), errors_);
  if (errors_.size() > errors_kept) errors_.erase(0, errors_.size() - errors_kept);
  if (descriptors[0].revents == 0) return;
  closed_ = read_into(child_.output(), console_ ? raw_ : output_) == Stream::closed;
  if (console_) take_lines();
}

std::optional<std::string> Dialogue::next_block() {
  static constexpr std::string_view closing = "\nend\n";
  const std::size_t found = output_.find(closing, searched_);
  if (found == std::string::npos) {
    searched_ = output_.size() < closing.size() ? 0 : output_.size() - closing.size() + 1;
    return std::nullopt;
  }
  std::string text = output_.substr(0, found + closing.size());
  output_.erase(0, text.size());
  searched_ = 0;
  return text;
}

std::string Dialogue::last_output() const {
  const std::string line = last_line(output_);
  return shortened(line.empty() ? noise_ : line);
}

std::string Dialogue::last_error() const { return shortened(last_line(errors_)); }

std::string Dialogue::end(std::chrono::milliseconds patience) {
  child_.close_input();
  std::string death = child_.end(patience);
  read_into(child_.errors(), errors_);
  return death;
}

}  // namespace svmq::runner
