#include "msgsnd_order.hpp"

#include "identifier.hpp"
#include "permission.hpp"

namespace svmq::model {
namespace {

// msgsnd.E.EFAULT.type: the type cannot be read. Linux ksys_msgsnd, before anything else; not in the
// standard.
Tri type_unreadable(const View&, const SendRequest& r) { return when(!r.memory.valid); }

// A length with the sign bit set.
Tri negative_length(const View&, const SendRequest& r) { return when(r.size > INT64_MAX); }

// msgsnd.E.EINVAL.size: longer than the system's limit, or above what a length can be. POSIX [EINVAL]; Linux
// do_msgsnd. Elsewhere it is the queue's own limit that counts.
Tri too_long(const View& v, const SendRequest& r) {
  const LengthLimit limit = v.ask(v.profile.length_limit);
  const QueueIndex q = v.queue_of(r.id);
  const bool system = limit == LengthLimit::system || limit == LengthLimit::system_and_queue;
  const bool queue = limit == LengthLimit::queue || limit == LengthLimit::system_and_queue;
  if (system && r.size > static_cast<std::uint64_t>(v.space().limits.msgmax)) return Tri::yes;
  return when(queue && q >= 0 && r.size > v.state.queue(q).qbytes);
}

// id.negative: a negative identifier, of msgsnd and msgrcv. POSIX [EINVAL]; Linux do_msgsnd, do_msgrcv.
Tri negative(const View& v, const SendRequest& r) { return when(r.id < 0 && v.queue_of(r.id) < 0); }

// msgsnd.E.EINVAL.mtype: a type below 1. POSIX [EINVAL]; Linux do_msgsnd.
Tri bad_type(const View&, const SendRequest& r) { return when(r.memory.valid && r.type < 1); }

// msgsnd.E.EFAULT.text: the text cannot be read. Linux load_msg, before the queue is looked up.
// msgsnd.E.EFAULT.none: a message without text has none to read.
Tri text_unreadable(const View&, const SendRequest& r) { return when(r.memory.text < r.size); }

constexpr std::uint64_t short_text = 8192;
Tri short_text_unreadable(const View&, const SendRequest& r) {
  return when(r.memory.text < r.size && r.size <= short_text);
}

// msgsnd.E.EINVAL.id: no such queue. POSIX [EINVAL]; Linux msq_obtain_object_check.
Tri unknown(const View& v, const SendRequest& r) { return when(v.queue_of(r.id) < 0); }

// msgsnd.E.EIDRM.race: removed between its look-up and its lock. POSIX [EIDRM]; Linux do_msgsnd.
Tri removed(const View& v, const SendRequest& r) { return is_removed(v, r.id); }

// msgsnd.E.EACCES: no permission to write. POSIX [EACCES]; Linux do_msgsnd.
Tri forbidden(const View& v, const SendRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  return q < 0 ? Tri::no : denied(grants(v, v.state.queue(q), Access::write));
}

using C = Check<SendRequest>;
constexpr C type_word{"msgsnd.E.EFAULT.type", Errno::efault, type_unreadable};
constexpr C sign{"msgsnd.E.EINVAL.size", Errno::einval, negative_length};
constexpr C length{"msgsnd.E.EINVAL.size", Errno::einval, too_long};
constexpr C id_sign{"id.negative", Errno::einval, negative};
constexpr C type{"msgsnd.E.EINVAL.mtype", Errno::einval, bad_type};
constexpr C text{"msgsnd.E.EFAULT.text", Errno::efault, text_unreadable};
constexpr C text_if_short{"msgsnd.E.EFAULT.text", Errno::efault, short_text_unreadable};
constexpr C gone{"msgsnd.E.EIDRM.race", Errno::eidrm, removed};
constexpr C no_queue{"msgsnd.E.EINVAL.id", Errno::einval, unknown};
constexpr C access{"msgsnd.E.EACCES", Errno::eacces, forbidden};

// The order of Linux: ksys_msgsnd, do_msgsnd.
constexpr C message_then_queue[] = {type_word, length, id_sign, type, text, gone, no_queue, access};

constexpr C type_then_queue[] = {type_word, id_sign, gone, no_queue, access, length};
constexpr C value_and_text[] = {type, text};

constexpr C length_then_queue[] = {sign, id_sign, gone, no_queue, access, length};
constexpr C queue_length_access[] = {id_sign, gone, no_queue, length, access};
constexpr C queue_access_length[] = {id_sign, gone, no_queue, access, length};
constexpr C whole_message[] = {type_word, type, text};

constexpr C short_message_then_queue[] = {type_word, type,     text_if_short, id_sign,
                                          gone,      no_queue, length,        access};
constexpr C text_alone[] = {text};

constexpr C length_message_queue[] = {length, type_word, text, id_sign, gone, no_queue, type, access};
constexpr C header_then_message[] = {sign, type_word, length, id_sign, type, gone, no_queue, access};

}  // namespace

SendChecks send_checks(const View& view) {
  constexpr std::span<const C> none;
  if (view.profile.error_order == ErrorOrder::any) return {message_then_queue, none};
  switch (view.ask(view.profile.send_order)) {
    case SendOrder::message_then_queue: return {message_then_queue, none};
    case SendOrder::type_then_queue: return {type_then_queue, value_and_text};
    case SendOrder::length_then_queue: return {length_then_queue, whole_message};
    case SendOrder::queue_length_access: return {queue_length_access, whole_message};
    case SendOrder::queue_access_length: return {queue_access_length, whole_message};
    case SendOrder::short_message_then_queue: return {short_message_then_queue, text_alone};
    case SendOrder::length_message_queue: return {length_message_queue, none};
    case SendOrder::header_then_message: return {header_then_message, none};
    case SendOrder::any: break;
  }
  return {message_then_queue, none};
}

}  // namespace svmq::model
