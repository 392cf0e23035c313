// Moves and themes. A move writes one or a few steps that fit what has happened so far; a theme is a way to
// begin and a table of moves with weights.
#pragma once

#include <span>

#include "src/draft.hpp"

namespace svmq::generate {

struct Move {
  int weight;
  bool (*write)(Draft&);       // false: makes no sense now, nothing was written
  const char* need = nullptr;  // only where this is available
};

struct Theme {
  const char* name;
  int weight;
  void (*begin)(Draft&);  // declares the actors and writes the first steps
  std::span<const Move> moves;
  const char* need = nullptr;
};

const Theme& select_theme();
const Theme& full_theme();
const Theme& permission_theme();
const Theme& lifecycle_theme();
const Theme& signals_theme();
const Theme& faults_theme();
const Theme& limits_theme();
const Theme& race_theme();  // not one of those to choose from

// Moves of every theme, and of several.
std::span<const Move> common_moves();
std::span<const Move> observing_moves();   // near the end
std::span<const Move> concurrent_moves();  // one step each, which may stand in a concurrent block

bool send_something(Draft& draft);
bool receive_something(Draft& draft);
bool sleep_in_receive(Draft& draft);  // an actor that waits for what is not there
bool remove_queue(Draft& draft);
bool change_qbytes(Draft& draft);
bool change_mode(Draft& draft);
bool stat_queue(Draft& draft);

// Processes that are alike: all as the agent is, or all the same user.
void add_alike_processes(Draft& draft, int least);
// The first queue, which everybody has.
std::size_t create_first_queue(Draft& draft);

}  // namespace svmq::generate
