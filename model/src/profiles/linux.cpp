// Linux: 6.18 as experiments have shown it (X), and older kernels as their sources differ from it.
#include "profiles.hpp"

namespace svmq::model {
namespace {

constexpr Profile current{
    .name = "linux-6.18",
    .summary = "Linux 6.18, 64 bit, exactly",

    .error_order = {ErrorOrder::fixed, "X"},
    .bad_pointers = {BadPointers::fault, "X"},
    .send_order = {SendOrder::message_then_queue,
                   "ksys_msgsnd, do_msgsnd: mtype, length, id, type, text, then the queue; X"},
    .open_order = {OpenOrder::existence_first, "ipcget_public; X"},
    .set_order = {SetOrder::sign_then_buffer,
                  "ksys_msgctl, ipcctl_obtain_check: EFAULT before id and ownership; X"},
    .stat_order = {StatOrder::queue_first, "msgctl_stat; X"},
    .receive_pointer = {ReceivePointer::last, "do_msgrcv: null buffer, empty queue: ENOMSG; X"},

    .length_limit = {LengthLimit::system, "do_msgsnd: msgmax, whatever msg_qbytes; X"},
    .shrunk_limit = {ShrunkLimit::waits, "msg_fits_inqueue; X"},
    .room = {Room::bytes_and_count, "msg_fits_inqueue; X"},
    .overfull = {Overfull::no_room, "msg_fits_inqueue; X"},
    .queue_lock = {QueueLock::none, "do_msgsnd: barging allowed; X"},
    .huge_send = {HugeSend::as_any_length, "do_msgsnd: EINVAL; X"},
    .default_limits = {DefaultLimits::m8192_16384_32000, "msg_init_ns; X"},
    .limit_files = {LimitFiles::writable, "ipc_permissions; X"},
    .auto_msgmni = {AutoMsgmni::inert, "proc_ipc_auto_msgmni; X"},

    .identifiers = {Identifiers::cyclic, "ipc_idr_alloc; X"},
    .stale_identifier = {StaleIdentifier::einval, "ipc_obtain_object_check; X"},
    .unknown_removal = {UnknownRemoval::einval, "ipcctl_obtain_check; X"},
    .next_identifier = {NextIdentifier::wish, "ipc_idr_alloc, ipc_permissions; X"},
    .next_bound = {NextBound::enospc, "ipc_idr_alloc; X"},

    .open_test = {OpenTest::union_of_triads, "ipcget_public, ipcperms; X"},
    .group_set = {GroupSet::fs_and_supplementary, "ipcperms, in_group_p; X"},
    .privileges = {Privileges::capabilities,
                   "CAP_IPC_OWNER, CAP_SYS_ADMIN in the namespace's owner, CAP_SYS_RESOURCE initially; X"},
    .give_away = {GiveAway::complete, "ipcperms: uid or cuid; X"},
    .stranger = {Stranger::eperm, "ipcctl_obtain_check; X"},

    .delivery = {Delivery::hand_off, "pipelined_send: to the oldest waiter that matches; X"},
    .negative_type = {NegativeType::lowest, "find_msg; X, 1.1 million random receives"},
    .most_negative = {MostNegative::widest, "convert_mode; X"},
    .selector_width = {SelectorWidth::long_, "convert_mode; X"},
    .too_long = {TooLong::e2big, "do_msgrcv: the message stays; X"},
    .truncated_bytes = {TruncatedBytes::whole, "do_msgrcv; X"},
    .failed_receive = {FailedReceive::untouched, "do_msgrcv; X"},
    .faulting_receive = {FaultingReceive::lost, "do_msgrcv: copied out after the dequeue; X"},
    .huge_receive = {HugeReceive::einval, "do_msgrcv; X"},
    .except = {Except::selects, "convert_mode, testmsg; X"},
    .copy = {Copy::copies, "prepare_copy, copy_msg; X"},

    .signal_or_room = {SignalOrRoom::signal_first, "do_msgsnd: signal_pending before another turn"},
    .sa_restart = {Restart::interrupts, "do_msgsnd, do_msgrcv: ERESTARTNOHAND; X"},
    .stop = {Stop::restarts_call, "ERESTARTNOHAND: begins anew, place lost; X"},
    .sender_wake = {SenderWake::fitting, "ss_wakeup; X"},
    .set_wakes = {SetWakes::wakes_and_retests, "msgctl_down: expunge_all, ss_wakeup; X"},
    .recheck = {Recheck::on_wake, "do_msgsnd, do_msgrcv: ipcperms in the loop; X"},
    .removed_sleeper = {RemovedSleeper::eidrm, "expunge_all, ss_wakeup; X"},

    .qbytes = {QbytesRule::capped_by_msgmnb, "msgctl_down: only above msgmnb; X"},
    .qbytes_ceiling = {QbytesCeiling::none, "msgctl_down: any int, with CAP_SYS_RESOURCE"},
    .qbytes_zero = {QbytesZero::allowed, "msgctl_down; X"},
    .qbytes_width = {QbytesWidth::int_, "msgctl_down: an int parameter, 2^32+5 becomes 5; X"},
    .bad_ids = {BadIds::einval, "ipc_update_perm; X"},
    .receiver_pid = {ReceiverPid::thread_on_hand_off, "pipelined_send; X"},
    .mode_bits = {ModeBits::nine, "msgctl_stat; X"},
    .information = {Information::full, "msgctl_info, msgctl_stat; X"},
    .command_bits = {CommandBits::all, "ksys_msgctl: IPC_STAT|0x100 is EINVAL; X"},
    .table = {Table::lists, "sysvipc_msg_proc_show; X"},

    .namespace_scope = {NamespaceScope::thread, "unshare: nsproxy of the task; X"},
    .isolation = {Isolation::ipc_namespace, "create_ipc_ns; X"},
};

// A profile like another one, but for what `change` says.
template <class Change>
constexpr Profile derived(Profile from, std::string_view name, std::string_view summary, Change change) {
  from.name = name;
  from.summary = summary;
  change(from);
  return from;
}

constexpr Profile v5_10 = derived(current, "linux-5.10", "Linux 5.10", [](Profile& p) {
  p.next_bound = {NextBound::open, "ipc_idr_alloc without an upper bound; bounded in recent kernels"};
});

constexpr Profile v4_19 =
    derived(v5_10, "linux-4.19",
            "Linux 4.19: identifiers of the lowest index, with a new sequence number each", [](Profile& p) {
              p.identifiers = {Identifiers::lowest_index,
                               "ipc_addid before 5.1: commit \"conserve sequence numbers\""};
              p.next_identifier = {NextIdentifier::sys_admin_only, "before CAP_CHECKPOINT_RESTORE, 5.9"};
            });

constexpr Profile v4_4 = derived(
    v4_19, "linux-4.4", "Linux 4.4: before 4.9's wake-ups, 4.10's LONG_MIN and 4.17's MSG_STAT_ANY",
    [](Profile& p) {
      p.most_negative = {MostNegative::any, "unknown: the negation overflowed before 4.10 (convert_mode)"};
      p.sender_wake = {SenderWake::all, "ss_wakeup before 4.9: every waiting sender after each receive"};
      p.stat_order = {StatOrder::any,
                      "unknown: sys_msgctl before 4.14 refused a null buffer first, other bad ones last"};
      p.qbytes_width = {QbytesWidth::any, "unknown: cut to an int between 2.6.24 and 4.14 (msgctl_down)"};
      p.information = {Information::without_stat_any, "before MSG_STAT_ANY, 4.17"};
    });

constexpr Profile v3_14 = derived(
    v4_4, "linux-3.14", "Linux 3.14: EIDRM for an identifier whose index is in use again", [](Profile& p) {
      p.stale_identifier = {StaleIdentifier::eidrm_if_reused, "ipc_obtain_object_check before 4.2"};
      p.default_limits = {DefaultLimits::unknown,
                          "unknown: scaled with memory and namespaces before 3.19 (recompute_msgmni)"};
      p.auto_msgmni = {AutoMsgmni::undefined, "recompute_msgmni: active before 3.19"};
    });

constexpr Profile v2_6_24 =
    derived(v3_14, "linux-2.6.24", "Linux 2.6.24: without MSG_COPY and msg_next_id", [](Profile& p) {
      p.copy = {Copy::ignored, "before MSG_COPY, 3.8: the bit means nothing"};
      p.next_identifier = {NextIdentifier::undefined, "before msg_next_id, 3.8"};
      p.qbytes_width = {QbytesWidth::long_, "msgctl_down of the 2.6.24 tree"};
      p.default_limits = {DefaultLimits::m8192_16384_16, "MSGMNI 16 before 2.6.25"};
      p.huge_receive = {HugeReceive::einval,
                        "do_msgrcv: (long)msgsz < 0; the loader cut lengths to an int before 3.13"};
    });

// qemu-user: this kernel's queues behind a layer that looks at arguments itself.
constexpr Profile emulated =
    derived(current, "qemu-user", "qemu-user 7.2 on Linux 6.18, as observed", [](Profile& p) {
      p.send_order = {
          SendOrder::header_then_message,
          "do_msgsnd: msgsz < 0 EINVAL, EFAULT on the header, then the host; the text is not checked; obs"};
      p.huge_send = {HugeSend::undefined, "do_msgsnd: ENOMEM, or dies copying unmapped memory; obs"};
      p.stat_order = {StatOrder::buffer_first, "do_msgctl: EFAULT before EACCES; obs"};
      p.set_order = {SetOrder::buffer_first, "do_msgctl: EFAULT even for id -1; obs"};
      p.receive_pointer = {ReceivePointer::fault_first, "do_msgrcv: null buffer, empty queue: EFAULT; obs"};
      p.failed_receive = {FailedReceive::type_overwritten,
                          "do_msgrcv: the type word holds garbage after E2BIG; obs"};
      p.information = {Information::without_stat_any, "do_msgctl: no MSG_STAT_ANY; obs"};
      p.command_bits = {CommandBits::low_byte, "do_msgctl: cmd masked to 8 bits; obs"};
      p.receiver_pid = {ReceiverPid::zero, "lrpid always reads 0, a slip of layout; obs"};
    });

}  // namespace

constinit const Profile linux_6_18 = current;
constinit const Profile linux_5_10 = v5_10;
constinit const Profile linux_4_19 = v4_19;
constinit const Profile linux_4_4 = v4_4;
constinit const Profile linux_3_14 = v3_14;
constinit const Profile linux_2_6_24 = v2_6_24;
constinit const Profile qemu_user = emulated;

}  // namespace svmq::model
