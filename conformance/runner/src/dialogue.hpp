// Speaking with an agent: text out, blocks of lines in. conformance/PROTOCOL.md is the agreement.
//
// On a console the agent's lines stand behind a marker, and whatever else appears there, as the messages of a
// kernel that boots, is noise. The agent says there when it is ready; nothing is sent before, for a console
// may lose it. Belongs to one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "child.hpp"

namespace svmq::runner {

inline constexpr std::string_view console_marker = "svmq| ";

// What the agent wrote behind the markers of these lines; the text itself if there is no marker in it.
std::string without_markers(std::string text);

class Dialogue {
 public:
  Dialogue(const Program& program, bool console) : child_(program), console_(console), ready_(!console) {}

  void send(const std::string& text) { unsent_ += text; }
  bool ready() const { return ready_; }

  // Writes and reads what can be; blocks for at most `patience` if neither can be done, or an interrupt
  // comes.
  void move(std::chrono::milliseconds patience);

  // The lines up to and with the next "end", if they are there.
  std::optional<std::string> next_block();

  bool closed() const { return closed_; }        // its output: no more will come
  bool restarted() const { return restarted_; }  // on a console: it said that it is ready once more
  std::size_t held() const { return output_.size() + raw_.size(); }
  std::string last_output() const;  // its last line, or of a console without an agent the last noise
  std::string last_error() const;

  // See Child::end. Its input ends first.
  std::string end(std::chrono::milliseconds patience);

 private:
  void take_lines();

  Child child_;
  const bool console_;
  bool ready_, closed_ = false, restarted_ = false;
  std::string unsent_, raw_, output_, errors_, noise_;
  std::size_t searched_ = 0;  // no "end" begins before this place of output_
};

}  // namespace svmq::runner
