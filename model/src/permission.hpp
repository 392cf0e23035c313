// Who may do what with a queue: section "permissions" of the catalogue.
#pragma once

#include "rule.hpp"

namespace svmq::model {

constexpr Tri denied(Tri granted) { return granted == Tri::maybe ? Tri::maybe : when(granted == Tri::no); }

enum class Access : std::uint32_t { read = 4, write = 2 };

// Does the queue grant this access? maybe: the profile leaves open which groups count.
Tri grants(const View& view, const Queue& queue, Access access);

// Does the queue grant what msgget asks for with these flags?
Tri grants_open(const View& view, const Queue& queue, std::uint32_t flags);

// May change (IPC_SET) and remove (IPC_RMID) it. perm.owner
Tri owns(const View& view, const Queue& queue);
Clauses why_owner(const View& view, const Queue& queue);

// The clauses behind an answer: which class of users the caller is in, or which privilege it needed.
Clauses why_class(const View& view, const Queue& queue);
Clauses why_granted(const View& view, const Queue& queue, Access access);

}  // namespace svmq::model
