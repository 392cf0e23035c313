// Where a clause holds: `where` of the catalogue.
#include <array>
#include <stdexcept>

#include "rule.hpp"

namespace svmq::model {
namespace {

struct Condition {
  const VariationPoint* point = nullptr;
  std::uint32_t values = 0;  // a bit for each that will do
};

Condition parsed(std::string_view where) {
  const std::size_t equals = where.find('=');
  const auto point = std::ranges::find(variation_points(), where.substr(0, equals), &VariationPoint::name);
  if (point == variation_points().end()) throw std::invalid_argument("clauses.toml: no such variation point");
  Condition condition{&*point, 0};
  for (std::string_view rest = where.substr(equals + 1); !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('|'));
    const auto value = std::ranges::find(point->values, name);
    if (value == point->values.end()) throw std::invalid_argument("clauses.toml: no such value of a point");
    condition.values |= 1u << (value - point->values.begin());
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  return condition;
}

using Conditions = std::array<std::vector<Condition>, clause_count>;

const Conditions& conditions() {
  static const Conditions all = [] {
    Conditions made;
    for (const ClauseCondition& condition : clause_conditions)
      made[condition.clause].push_back(parsed(condition.where));
    return made;
  }();
  return all;
}

bool hold(const std::vector<Condition>& conditions, const Profile& profile) {
  return std::ranges::all_of(conditions, [&](const Condition& condition) {
    return (condition.values >> condition.point->value(profile) & 1) != 0;
  });
}

}  // namespace

bool holds(const Profile& profile, Clause clause) { return hold(conditions()[clause.number()], profile); }

// Rules name a clause without asking whether it holds in the profile: those that do not are no reasons.
void keep_those_that_hold(const Profile& profile, Clauses& clauses) {
  static const Clauses conditional = [] {
    Clauses some;
    for (std::size_t c = 0; c < clause_count; ++c)
      if (!conditions()[c].empty()) some.add(Clause::at(c));
    return some;
  }();
  bool dropped = false;
  for (const Clause clause : clauses& conditional) {
    if (holds(profile, clause)) continue;
    clauses.remove(clause);
    dropped = true;
  }
  // gen.variation: what the profile has in the place of a clause, its variation points say. POSIX XBD 1.5.
  if (dropped && clauses.empty()) clauses.add("gen.variation");
}

}  // namespace svmq::model
