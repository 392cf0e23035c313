// Puts a scenario together: a theme begins it, moves go on, a look at what has become of the queues ends it.
#include "svmq/generate/generate.hpp"

#include <algorithm>

#include "src/moves.hpp"

namespace svmq::generate {
namespace {

std::vector<const Theme*> all_themes() {
  return {&select_theme(),  &full_theme(),   &permission_theme(), &lifecycle_theme(),
          &signals_theme(), &faults_theme(), &limits_theme()};
}

bool available(const Draft& draft, const char* need) { return !need || draft.available(need); }

const Theme& choose_theme(Draft& draft) {
  std::vector<const Theme*> themes = all_themes();
  std::vector<int> weights;
  for (const Theme* theme : themes) {
    auto wished = draft.options.weights.find(theme->name);
    int weight = wished == draft.options.weights.end() ? theme->weight : std::max(wished->second, 0);
    weights.push_back(available(draft, theme->need) ? weight : 0);
  }
  if (std::all_of(weights.begin(), weights.end(), [](int weight) { return weight == 0; }))
    return select_theme();
  return *themes[draft.random.weighted(weights)];
}

// One move of the table, another one where the first makes no sense now; false if several made none.
bool write_move(Draft& draft, std::span<const Move> moves) {
  std::vector<int> weights;
  for (const Move& move : moves) weights.push_back(available(draft, move.need) ? move.weight : 0);
  for (int attempt = 0; attempt < 8; ++attempt) {
    if (moves[draft.random.weighted(weights)].write(draft)) return true;
  }
  return false;
}

void write_block(Draft& draft) {
  if (draft.world.idle() < 2) return;
  draft.begin_block();
  std::size_t before = draft.steps(), steps = 3 + draft.random.below(4);
  while (draft.steps() < before + steps && write_move(draft, concurrent_moves())) {
  }
  draft.end_block();
}

language::Scenario write_race(Draft& draft) {
  const Theme& theme = race_theme();
  theme.begin(draft);
  const std::size_t steps = draft.random.chance(70) ? 4 + draft.random.below(9) : 12 + draft.random.below(29);
  draft.begin_block();
  const std::size_t before = draft.steps();
  while (draft.steps() < before + steps && write_move(draft, theme.moves)) {
  }
  draft.end_block();
  for (int i = 0; i < 3; ++i) write_move(draft, observing_moves());
  return draft.finish();
}

}  // namespace

std::vector<std::string> themes() {
  std::vector<std::string> names;
  for (const Theme* theme : all_themes()) names.emplace_back(theme->name);
  return names;
}

language::Scenario generate(std::uint64_t seed, std::uint64_t index, const Options& options) {
  Draft draft(seed, index, options);
  if (options.races) return write_race(draft);
  auto most = static_cast<std::size_t>(std::clamp(options.steps, 8, 4000));
  std::size_t steps = 7 + draft.random.below(most - 7);  // one less than most, as some moves write two
  std::size_t observing = 1 + draft.random.below(2);
  const Theme& theme = choose_theme(draft);
  theme.begin(draft);
  bool concurrent = draft.random.chance(options.concurrent_percent);
  std::size_t block_at = draft.steps() + draft.random.below(5);
  while (draft.steps() + observing < steps) {
    if (concurrent && draft.steps() >= block_at && draft.steps() + 7 + observing <= most) {
      concurrent = false;
      write_block(draft);
    } else if (!write_move(draft, draft.random.chance(75) ? theme.moves : common_moves()) &&
               !write_move(draft, common_moves())) {
      break;
    }
  }
  for (std::size_t i = 0; i < observing; ++i) write_move(draft, observing_moves());
  return draft.finish();
}

}  // namespace svmq::generate
