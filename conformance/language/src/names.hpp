// The words of the language and what they mean, both ways; every parser and printer looks them up here.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "svmq/language/scenario.hpp"

namespace svmq::language {

template <class T>
struct Named {
  std::string_view name;
  T value;
};

std::span<const Named<Signal>> signal_names();
std::span<const Named<Limit>> limit_names();
std::span<const Named<Disposition>> disposition_names();
std::span<const Named<Capability>> capability_names();
std::span<const Named<Flags>> flag_names();  // without the permission bits
std::span<const Named<int>> command_names();

inline constexpr std::string_view conductor = "conductor";  // who does a step without an actor, in histories

template <class T>
std::optional<T> value_of(std::span<const Named<T>> names, std::string_view name) {
  for (const Named<T>& named : names) {
    if (named.name == name) return named.value;
  }
  return std::nullopt;
}

template <class T>
std::string_view name_of(std::span<const Named<T>> names, T value) {
  for (const Named<T>& named : names) {
    if (named.value == value) return named.name;
  }
  return {};
}

}  // namespace svmq::language
