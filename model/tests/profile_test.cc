// Profiles as data: complete, named as the enumerators are, and every value of every point is some behaviour
// of its own.
#include <set>

#include "world.hpp"

namespace svmq::model {
namespace {

// Turns red for a cell that was forgotten: it would have the first value and no evidence.
TEST(Profiles, EveryCellHasEvidence) {
  EXPECT_EQ(profile_names().size(), 17u);
  for (const std::string_view name : profile_names())
    for (const VariationPoint& point : variation_points()) {
      const Profile& profile = *find_profile(name);
      ASSERT_LT(point.value(profile), point.values.size()) << name << ' ' << point.name;
      EXPECT_NE(point.evidence(profile), "") << name << ' ' << point.name;
    }
}

// Turns red for a field of the record without a variation point, or with two: waivers could not name it.
TEST(Profiles, EveryPointIsAField) {
  std::set<std::string_view> names;
  for (const VariationPoint& point : variation_points()) {
    EXPECT_TRUE(names.insert(point.name).second) << point.name;
    EXPECT_GE(point.values.size(), 2u) << point.name;
    for (std::size_t value = 0; value < point.values.size(); ++value) {
      const auto changed = varied(*find_profile("linux-6.18"),
                                  std::string(point.name) + "=" + std::string(point.values[value]));
      ASSERT_TRUE(changed) << point.name;
      EXPECT_EQ(point.value(*changed), value) << point.name;
      for (const VariationPoint& other : variation_points())
        if (other.name != point.name) {
          EXPECT_EQ(other.value(*changed), other.value(*find_profile("linux-6.18")))
              << point.name << other.name;
        }
    }
  }
  EXPECT_EQ(names.size() * sizeof(Cell<Room>), sizeof(Profile) - 2 * sizeof(std::string_view));
}

// Turns red if an unknown cell is settled by accident: what nobody knows may be any of it.
TEST(Profiles, UnknownIsShownAndOpen) {
  const std::set<std::string_view> open{"any", "either", "may-not-suffice", "open", "unknown", "undefined"};
  std::size_t cells = 0;
  for (const std::string_view name : profile_names())
    for (const VariationPoint& point : variation_points()) {
      const Profile& profile = *find_profile(name);
      if (point.shown(profile) != "unknown") continue;
      ++cells;
      EXPECT_TRUE(open.contains(point.values[point.value(profile)]))
          << name << ' ' << point.name << ' ' << point.values[point.value(profile)];
    }
  EXPECT_GT(cells, 20u);
}

}  // namespace
}  // namespace svmq::model
