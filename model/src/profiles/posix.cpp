// POSIX.1-2017 with the XSI option: every choice that the standard leaves.
#include "profiles.hpp"

namespace svmq::model {

constinit const Profile posix{
    .name = "posix",
    .summary = "POSIX.1-2017 (XSI): every choice that the standard leaves is allowed",

    .error_order = {ErrorOrder::any, "XSH 2.3: the order of errors is unspecified"},
    .bad_pointers = {BadPointers::undefined, "XSH 2.1.1: an invalid pointer is undefined behaviour"},
    .send_order = {SendOrder::message_then_queue, "of no account: see error-order"},
    .open_order = {OpenOrder::existence_first, "of no account: see error-order"},
    .set_order = {SetOrder::sign_then_buffer, "of no account: see error-order"},
    .stat_order = {StatOrder::queue_first, "of no account: see error-order"},
    .receive_pointer = {ReceivePointer::last, "of no account: see bad-pointers"},

    .length_limit = {LengthLimit::system, "msgsnd [EINVAL]: the system-imposed limit"},
    .shrunk_limit = {ShrunkLimit::waits, "msgsnd: until the condition no longer exists"},
    .room = {Room::envelope, "msgsnd: bytes equal to msg_qbytes, messages equal to a system-imposed limit"},
    .overfull = {Overfull::no_room, "msgsnd"},
    .queue_lock = {QueueLock::none, "msgsnd [EAGAIN]: only where there is no room"},
    .huge_send = {HugeSend::as_any_length, "msgsnd [EINVAL]"},
    .default_limits = {DefaultLimits::m8192_16384_32000, "free; a history says what they were"},
    .limit_files = {LimitFiles::writable, "silent: the limits are Linux's, where there are any"},
    .auto_msgmni = {AutoMsgmni::inert, "silent"},

    .identifiers = {Identifiers::any, "msgget: a non-negative integer"},
    .stale_identifier = {StaleIdentifier::einval_or_eidrm, "msgsnd, msgrcv [EINVAL] and [EIDRM]"},
    .unknown_removal = {UnknownRemoval::einval, "msgctl [EINVAL]"},
    .next_identifier = {NextIdentifier::undefined, "none"},
    .next_bound = {NextBound::enospc, "none"},

    .open_test = {OpenTest::at_most_triads, "msgget [EACCES]: as specified by the low-order nine bits"},
    .group_set = {GroupSet::either, "XSH 2.7.1: the effective group id; supplementary groups in practice"},
    .privileges = {Privileges::may_not_suffice,
                   "XBD 3.20: appropriate privileges are implementation-defined"},
    .give_away = {GiveAway::by_creator, "msgctl() [EPERM]; XSH 2.3 lets it be given in more cases"},
    .stranger = {Stranger::eperm, "msgctl [EPERM]"},

    .delivery = {Delivery::wake_all, "silent: any receiver that waits may get it"},
    .negative_type = {NegativeType::lowest, "msgrcv: the first message of the lowest type"},
    .most_negative = {MostNegative::widest, "silent: the absolute value has no representation"},
    .selector_width = {SelectorWidth::long_, "msgrcv: long"},
    .too_long = {TooLong::e2big, "msgrcv [E2BIG]"},
    .truncated_bytes = {TruncatedBytes::whole, "msgrcv: the rest is lost"},
    .failed_receive = {FailedReceive::untouched, "msgrcv: on failure no message is received"},
    .faulting_receive = {FaultingReceive::lost, "of no account: see bad-pointers"},
    .huge_receive = {HugeReceive::either, "msgrcv: above SSIZE_MAX implementation-defined"},
    .except = {Except::undefined, "none"},
    .copy = {Copy::undefined, "none"},

    .signal_or_room = {SignalOrRoom::either, "silent"},
    .sa_restart = {Restart::either, "sigaction: restarted unless otherwise specified; [EINTR] on the pages"},
    .stop = {Stop::either, "silent; must not fail"},
    .sender_wake = {SenderWake::fitting, "silent"},
    .set_wakes = {SetWakes::may_retest, "silent"},
    .recheck = {Recheck::may, "silent"},
    .removed_sleeper = {RemovedSleeper::eidrm, "msgsnd, msgrcv [EIDRM]"},

    .qbytes = {QbytesRule::raise_may_be_refused, "msgctl [EPERM]: raising takes appropriate privileges"},
    .qbytes_ceiling = {QbytesCeiling::none, "msgctl: may be set"},
    .qbytes_zero = {QbytesZero::either, "silent"},
    .qbytes_width = {QbytesWidth::undefined, "silent: more than the system's own numbers can hold"},
    .bad_ids = {BadIds::either, "silent"},
    .receiver_pid = {ReceiverPid::process, "<sys/msg.h>: process ID of last msgrcv"},
    .mode_bits = {ModeBits::nine, "XSH 2.7.1: the low-order nine bits are specified"},
    .information = {Information::undefined, "none"},
    .command_bits = {CommandBits::all, "msgctl [EINVAL]: not a valid command"},
    .table = {Table::undefined, "none"},

    .namespace_scope = {NamespaceScope::either, "none"},
    .isolation = {Isolation::ipc_namespace, "system; where there are namespaces, they are apart"},
};

}  // namespace svmq::model
