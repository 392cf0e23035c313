// The variation points one by one: each value does what its name says.
#include <map>

#include "world.hpp"

namespace svmq::model {
namespace {

using Answers = std::set<std::string>;
const Memory bad{.valid = false, .writable = false, .text = 0};
const Memory header_only{.valid = true, .writable = true, .text = 0};

std::string varied_linux(const std::string& points) { return "linux-6.18 " + points; }

void fill(World& world, std::int64_t id, std::initializer_list<std::int64_t> types) {
  for (const std::int64_t type : types) ASSERT_EQ(world.call(0, send(id, type, std::to_string(type))), "0");
}

// -----------------------------------------------------------------------------------------------------
// selection

// Turns red if -3 finds the wrong one of 4, 3, 1, 2: lowest, first that fits, first of at least 3, lowest
// below 3.
TEST(NegativeType, WhatMinusThreeTakes) {
  const std::map<std::string, std::string> expected{{"lowest", "1 {1, 1}"},
                                                    {"first-fit", "1 {3, 3}"},
                                                    {"reversed", "1 {4, 4}"},
                                                    {"strictly-below", "1 {1, 1}"}};
  for (const auto& [value, answer] : expected) {
    World world(varied_linux("negative-type=" + value));
    const std::int64_t id = world.make(0);
    fill(world, id, {4, 3, 1, 2});
    EXPECT_EQ(world.allowed(0, receive(id, 9, -3, IPC_NOWAIT_)), Answers{answer}) << value;
  }
}

// Turns red if the bound itself is taken where only lower types are.
TEST(NegativeType, StrictlyBelowNeverTakesTheBound) {
  World world(varied_linux("negative-type=strictly-below"));
  const std::int64_t id = world.make(0);
  fill(world, id, {2});
  EXPECT_EQ(world.allowed(0, receive(id, 9, -2, IPC_NOWAIT_)), Answers{"ENOMSG"});
  EXPECT_EQ(world.allowed(0, receive(id, 9, -3, IPC_NOWAIT_)), Answers{"1 {2, 2}"});
}

// Turns red if LONG_MIN selects otherwise than the profile says, or `any` leaves an alternative out.
TEST(MostNegative, WhatLongMinTakes) {
  const std::map<std::string, Answers> expected{{"widest", {"1 {1, 1}"}},
                                                {"nothing", {"ENOMSG"}},
                                                {"oldest", {"1 {2, 2}"}},
                                                {"any", {"1 {1, 1}", "ENOMSG", "1 {2, 2}"}}};
  for (const auto& [value, answers] : expected) {
    World world(varied_linux("most-negative=" + value));
    const std::int64_t id = world.make(0);
    fill(world, id, {2, 1});
    EXPECT_EQ(world.allowed(0, receive(id, 9, INT64_MIN, IPC_NOWAIT_)), answers) << value;
  }
}

// Turns red if a selector is compared in full where only an int of it counts.
TEST(SelectorWidth, TypeTwoToThe32PlusOne) {
  const std::int64_t wide = (1ll << 32) + 1;
  for (const auto& [value, answer] : std::map<std::string, std::string>{
           {"long", "ENOMSG"}, {"int", "1 {1, 1}"}, {"negative-int", "ENOMSG"}}) {
    World world(varied_linux("selector-width=" + value));
    const std::int64_t id = world.make(0);
    fill(world, id, {1});
    EXPECT_EQ(world.allowed(0, receive(id, 9, wide, IPC_NOWAIT_)), Answers{answer}) << value;
  }
}

// Turns red if MSG_EXCEPT means something where the bit is unknown.
TEST(Except, Ignored) {
  World world(varied_linux("except=ignored"));
  const std::int64_t id = world.make(0);
  fill(world, id, {5, 6});
  EXPECT_EQ(world.call(0, receive(id, 9, 6, IPC_NOWAIT_ | MSG_EXCEPT_)), "1 {6, 6}");
}

// Turns red if MSG_COPY copies where the bit is unknown, or minds the length where it does not.
TEST(Copy, IgnoredOrOfAnyLength) {
  World ignoring(varied_linux("copy=ignored"));
  fill(ignoring, ignoring.make(0), {5});
  EXPECT_EQ(ignoring.call(0, receive(0, 9, 5, IPC_NOWAIT_ | MSG_COPY_)), "1 {5, 5}");
  EXPECT_EQ(ignoring.queue().messages.size(), 0u);
  World whole(varied_linux("copy=any-length"));
  fill(whole, whole.make(0), {5});
  EXPECT_EQ(whole.call(0, receive(0, 0, 0, IPC_NOWAIT_ | MSG_COPY_)), "1 {5, 5}");
  EXPECT_EQ(whole.queue().messages.size(), 1u);
}

// ----------------------------------------------------------------------------------------------- what is
// received

// Turns red if a long message is refused where it is cut, or is left on the queue.
TEST(TooLong, TruncatesAndConsumes) {
  World world(varied_linux("too-long=truncates"));
  const std::int64_t id = world.make(0);
  world.call(0, send(id, 1, "abc"));
  EXPECT_EQ(world.call(0, receive(id, 1, 0, IPC_NOWAIT_)), "1 {1, a}");
  EXPECT_EQ(world.queue().messages.size(), 0u);
}

// Turns red if the bytes are right where they are miscounted, or the other way round.
TEST(TruncatedBytes, WholeOrDelivered) {
  for (const auto& [value, left] : std::map<std::string, std::uint64_t>{{"whole", 0}, {"delivered", 2}}) {
    World world(varied_linux("truncated-bytes=" + value));
    const std::int64_t id = world.make(0);
    world.call(0, send(id, 1, "abc"));
    world.call(0, receive(id, 1, 0, IPC_NOWAIT_ | MSG_NOERROR_));
    EXPECT_EQ(world.queue().cbytes, left) << value;
  }
}

// Turns red if a message that the buffer cannot take is lost where it is kept.
TEST(FaultingReceive, Kept) {
  World world(varied_linux("faulting-receive=kept"));
  const std::int64_t id = world.make(0);
  fill(world, id, {1});
  EXPECT_EQ(world.call(0, ReceiveRequest{.id = id, .memory = bad, .size = 9}), "EFAULT");
  EXPECT_EQ(world.queue().messages.size(), 1u);
  EXPECT_EQ(world.queue().lrpid, Pid{});
}

// Turns red if the buffer is looked at too late: on an empty queue.
TEST(ReceivePointer, FaultFirst) {
  World world(varied_linux("receive-pointer=fault-first"));
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(0, ReceiveRequest{.id = id, .memory = bad, .size = 9, .flags = IPC_NOWAIT_}),
            "EFAULT");
}

// Turns red if a failure that scribbles is said to leave the buffer alone.
TEST(FailedReceive, TypeOverwritten) {
  for (const auto& [value, touches] :
       std::map<std::string, bool>{{"untouched", false}, {"type-overwritten", true}}) {
    World world(varied_linux("failed-receive=" + value));
    const std::int64_t id = world.make(0);
    world.call(0, send(id, 1, "abc"));
    const State end = world.endings(0, receive(id, 1, 0)).front();
    EXPECT_EQ(World::answer(end, 0), "E2BIG");
    EXPECT_EQ(end.actor(0).result->may_touch, touches) << value;
  }
}

TEST(HugeReceive, AboveSsizeMax) {
  const std::map<std::string, Answers> expected{{"einval", {"EINVAL"}},
                                                {"either", {"EINVAL", "ENOMSG"}},
                                                {"accepted", {"ENOMSG"}},
                                                {"above-msgmax", {"EINVAL"}}};
  for (const auto& [value, answers] : expected) {
    World world(varied_linux("huge-receive=" + value));
    const std::int64_t id = world.make(0);
    EXPECT_EQ(world.allowed(0, receive(id, UINT64_MAX, 0, IPC_NOWAIT_)), answers) << value;
    EXPECT_EQ(world.allowed(0, receive(id, 8193, 0, IPC_NOWAIT_)),
              Answers{value == "above-msgmax" ? "EINVAL" : "ENOMSG"})
        << value;
  }
}

// ----------------------------------------------------------------------------------------------------------
// sending

// Turns red if an order looks at the message before the queue, or the other way round: a bad type, bad text,
// unknown queue.
TEST(SendOrder, WhoIsFirst) {
  struct Case {
    const char* order;
    const char* type_on_full_queue;
    const char* text_of_no_queue;
    const char* nothing_readable;
  };
  for (const Case& c : {Case{"message-then-queue", "EINVAL", "EFAULT", "EFAULT"},
                        {"type-then-queue", "EAGAIN", "EINVAL", "EFAULT"},
                        {"length-then-queue", "EAGAIN", "EINVAL", "EINVAL"},
                        {"queue-length-access", "EAGAIN", "EINVAL", "EINVAL"},
                        {"queue-access-length", "EAGAIN", "EINVAL", "EINVAL"},
                        {"short-message-then-queue", "EINVAL", "EFAULT", "EFAULT"},
                        {"length-message-queue", "EINVAL", "EFAULT", "EFAULT"}}) {
    World world(varied_linux(std::string("send-order=") + c.order));
    const std::int64_t id = world.make(0);
    world.state.change(0).qbytes = 0;
    EXPECT_EQ(world.allowed(0, send(id, 0, "x", IPC_NOWAIT_)), Answers{c.type_on_full_queue}) << c.order;
    EXPECT_EQ(world.allowed(0, SendRequest{.id = 99, .memory = header_only, .type = 1, .size = 5}),
              Answers{c.text_of_no_queue})
        << c.order;
    EXPECT_EQ(world.allowed(0, SendRequest{.id = 99, .memory = bad, .type = 1, .size = 5}),
              Answers{c.nothing_readable})
        << c.order;
  }
}

// Turns red if a late check is forgotten once there is room, or leaves a message behind.
TEST(SendOrder, LateChecksAreMade) {
  World world(varied_linux("send-order=type-then-queue"), 3);
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(0, send(id, 0, "x")), "EINVAL");
  world.call(0, set(id, 1000, 1000, 0600, 1));
  world.call(0, send(id, 1, "x"));
  EXPECT_EQ(world.call(1, send(id, 0, "y")), "asleep");  // it sleeps first
  world.state = world.endings(0, receive(id, 9, 0)).front();
  EXPECT_EQ(World::answer(world.state, 1), "EINVAL");
  EXPECT_EQ(world.queue().messages.size(), 0u);
  EXPECT_TRUE(world.queue().senders.empty());
}

// Turns red if the length is compared with the other limit.
TEST(LengthLimit, SystemOrQueue) {
  struct Case {
    const char* limit;
    const char* above_queue;
    const char* above_system;
  };
  for (const Case& c : {Case{"system", "EAGAIN", "EINVAL"},
                        {"queue", "EINVAL", "EINVAL"},
                        {"system-and-queue", "EINVAL", "EINVAL"},
                        {"none", "EAGAIN", "EAGAIN"}}) {
    World world(varied_linux(std::string("length-limit=") + c.limit));
    const std::int64_t id = world.make(0);
    world.call(0, set(id, 1000, 1000, 0600, 3));
    EXPECT_EQ(world.allowed(0, send(id, 1, "four", IPC_NOWAIT_)), Answers{c.above_queue}) << c.limit;
    EXPECT_EQ(world.allowed(0, send(id, 1, std::string(9000, 'x'), IPC_NOWAIT_)), Answers{c.above_system})
        << c.limit;
  }
}

// Turns red if a sleeper does not notice that its message will never fit.
TEST(ShrunkLimit, FailsOrWaits) {
  for (const auto& [value, answer] :
       std::map<std::string, std::string>{{"waits", "asleep"}, {"fails", "EINVAL"}}) {
    World world(varied_linux("sender-wake=all shrunk-limit=" + value), 2);
    const std::int64_t id = world.make(0);
    world.call(0, set(id, 1000, 1000, 0600, 4));
    world.call(0, send(id, 1, "abcd"));
    ASSERT_EQ(world.call(1, send(id, 1, "efgh")), "asleep");
    world.call(0, set(id, 1000, 1000, 0600, 2));
    EXPECT_EQ(World::answer(world.state, 1), answer) << value;
  }
}

// Turns red if an over-full queue has room where it has none, or none where a subtraction wraps round.
TEST(Overfull, NoRoomOrPlenty) {
  for (const auto& [value, answer] :
       std::map<std::string, std::string>{{"no-room", "EAGAIN"}, {"wraps-round", "0"}}) {
    World world(varied_linux("room=bytes-and-unknown-count overfull=" + value));
    const std::int64_t id = world.make(0);
    world.call(0, send(id, 1, "abc"));
    world.call(0, set(id, 1000, 1000, 0600, 2));
    EXPECT_EQ(world.allowed(0, send(id, 1, "", IPC_NOWAIT_)), Answers{answer}) << value;
  }
}

// Turns red if the pool is a queue's own: another queue's messages use it up.
TEST(Room, PoolOfAllQueues) {
  World world(varied_linux("room=bytes-and-pool"));
  const std::int64_t first = world.make(0), second = world.make(0);
  for (int i = 0; i < 40; ++i) world.call(0, send(first, 1, ""));
  EXPECT_EQ(world.allowed(0, send(second, 1, "", IPC_NOWAIT_)), Answers{"EAGAIN"});
  world.call(0, receive(first, 0, 0));
  EXPECT_EQ(world.allowed(0, send(second, 1, "", IPC_NOWAIT_)), Answers{"0"});
}

// Turns red if a newcomer passes the one who sleeps, or the lock outlives its holder.
TEST(QueueLock, FirstSleeperKeepsOthersOut) {
  World world(varied_linux("queue-lock=first-sleeper"), 3);
  const std::int64_t id = world.make(0);
  world.call(0, set(id, 1000, 1000, 0600, 4));
  world.call(0, send(id, 1, "abc"));
  ASSERT_EQ(world.call(1, send(id, 1, "def")), "asleep");
  EXPECT_EQ(world.allowed(2, send(id, 1, "", IPC_NOWAIT_)), Answers{"EAGAIN"});
  signal(world.profile(), world.state, 1, Signal::kill);
  die(world.state, 1);
  EXPECT_EQ(world.allowed(2, send(id, 1, "", IPC_NOWAIT_)), Answers{"0"});
}

TEST(HugeSend, Undefined) {
  World world(varied_linux("huge-send=undefined"));
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.allowed(0, SendRequest{.id = id, .size = 1ull << 33}), Answers{"any"});
  EXPECT_EQ(world.allowed(0, send(id, 1, "x")), Answers{"0"});
}

// -------------------------------------------------------------------------------------------------------
// identifiers

// Turns red if another scheme's numbers come out: the first three, and the one after the second was removed.
TEST(Identifiers, FirstNumbers) {
  const std::map<std::string, std::vector<std::int64_t>> expected{
      {"cyclic", {0, 1, 2, 3}},
      {"lowest-index", {0, 32769, 65538, 98305}},
      {"slot-sequence-15", {65536, 65537, 65538, 131073}},
      {"slot-sequence-16", {65536, 65537, 65538, 131073}},
      {"counter", {1, 2, 3, 4}}};
  for (const auto& [value, ids] : expected) {
    World world(varied_linux("identifiers=" + value));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(world.make(0), ids[i]) << value;
    EXPECT_EQ(world.call(0, control(ids[1], IPC_RMID_)), "0");
    EXPECT_EQ(world.make(0), ids[3]) << value;
  }
}

// Turns red if 16 bits of sequence number never become a sign, or a negative identifier then denotes nothing.
TEST(Identifiers, SixteenBitsBecomeNegative) {
  World world("xnu");
  world.state.spaces[0].slot_sequences = {0x7fff};
  const std::int64_t id = world.make(0);
  EXPECT_EQ(id, INT32_MIN);
  EXPECT_EQ(world.call(0, send(id, 1, "x")), "0");
  EXPECT_EQ(world.call(0, receive(id, 9, 0)), "1 {1, x}");
  world = World("freebsd");
  world.state.spaces[0].slot_sequences = {0x7fff};
  EXPECT_EQ(world.make(0), 0);
}

// Turns red if an old identifier is told apart where it is not, or not where it is.
TEST(StaleIdentifier, IndexInUseAgain) {
  const std::map<std::string, Answers> expected{{"einval", {"EINVAL"}},
                                                {"eidrm-if-reused", {"EIDRM"}},
                                                {"reaches-new-queue", {"0"}},
                                                {"einval-or-eidrm", {"EIDRM", "EINVAL"}}};
  for (const auto& [value, answers] : expected) {
    World world(varied_linux("identifiers=lowest-index stale-identifier=" + value));
    const std::int64_t old = world.make(0);
    world.call(0, control(old, IPC_RMID_));
    EXPECT_EQ(world.allowed(0, send(old, 1, "x")).contains("EINVAL"), true) << value;  // the index is free
    world.make(0);
    EXPECT_EQ(world.allowed(0, send(old, 1, "x")), answers) << value;
  }
}

TEST(UnknownRemoval, Ignored) {
  World world(varied_linux("unknown-removal=ignored"));
  EXPECT_EQ(world.call(0, control(77, IPC_RMID_)), "0");
}

TEST(NextIdentifier, WhoMayWish) {
  for (const auto& [value, answer] :
       std::map<std::string, std::string>{{"wish", "0"}, {"sys-admin-only", "EACCES"}}) {
    World world(varied_linux("next-identifier=" + value));
    world.become(0, {.uid = 0, .gid = 0, .fsgid = 0, .checkpoint_restore = true});
    EXPECT_EQ(world.call(0, LimitRequest{Limit::msg_next_id, 5}), answer) << value;
  }
}

TEST(NextBound, OpenAboveTheRange) {
  World world(varied_linux("next-bound=open"));
  world.become(0, {.uid = 0, .gid = 0, .fsgid = 0, .sys_admin = true});
  for (int i = 0; i < 2; ++i) {
    world.call(0, LimitRequest{Limit::msg_next_id, 32767});
    if (i == 0) world.make(0);
  }
  EXPECT_EQ(world.allowed(0, GetRequest{0, 0}), (Answers{"ENOSPC", "0"}));
}

// --------------------------------------------------------------------------------------------------------
// permission

// Turns red if a reading of msgflg lets in whom another keeps out. The queue: mode 0640, its owner and a
// stranger ask.
TEST(OpenTest, WhoOpensWhat) {
  struct Case {
    const char* test;
    const char* owner_0600;
    const char* owner_0100;
    const char* stranger_0600;
    const char* stranger_0004;
  };
  for (const Case& c : {Case{"union-of-triads", "0", "EACCES", "EACCES", "EACCES"},
                        {"user-triad", "0", "EACCES", "EACCES", "0"},
                        {"user-triad-without-execute", "0", "0", "EACCES", "0"},
                        {"user-triad-execute-refused", "0", "EACCES", "EACCES", "0"},
                        {"whole-mode", "0", "EACCES", "0", "EACCES"},
                        {"other-triad", "0", "0", "0", "EACCES"}}) {
    World world(varied_linux(std::string("open-test=") + c.test));
    world.call(0, GetRequest{5, 0640 | IPC_CREAT_});
    world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
    EXPECT_EQ(world.allowed(0, GetRequest{5, 0600}), Answers{c.owner_0600}) << c.test;
    EXPECT_EQ(world.allowed(0, GetRequest{5, 0100}), Answers{c.owner_0100}) << c.test;
    EXPECT_EQ(world.allowed(1, GetRequest{5, 0600}), Answers{c.stranger_0600}) << c.test;
    EXPECT_EQ(world.allowed(1, GetRequest{5, 0004}), Answers{c.stranger_0004}) << c.test;
  }
}

// Turns red if even root is refused only sometimes: nobody is granted an execute there.
TEST(OpenTest, ExecuteRefusedToTheSuperuser) {
  World world("freebsd");
  world.call(0, GetRequest{5, 0777 | IPC_CREAT_});
  world.become(1, {.uid = 0, .gid = 0, .fsgid = 0});
  EXPECT_EQ(world.allowed(1, GetRequest{5, 0100}), Answers{"EACCES"});
  EXPECT_EQ(world.allowed(1, GetRequest{5, 0600}), Answers{"0"});
}

TEST(OpenOrder, AccessFirst) {
  World world(varied_linux("open-order=access-first"));
  world.call(0, GetRequest{5, 0600 | IPC_CREAT_});
  world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
  EXPECT_EQ(world.call(1, GetRequest{5, 0600 | IPC_CREAT_ | IPC_EXCL_}), "EACCES");
}

// Turns red if another group counts. The queue: owner's group 20, creator's 21, mode 0040.
TEST(GroupSet, WhoIsAMember) {
  struct Case {
    const char* set;
    bool fsgid, gid, supplementary, creators;
  };
  for (const Case& c : {Case{"fs-and-supplementary", true, false, true, true},
                        {"effective-and-supplementary", false, true, true, true},
                        {"owner-group-only", false, true, true, false},
                        {"separate-checks", false, true, true, true}}) {
    World world(varied_linux(std::string("group-set=") + c.set));
    const std::int64_t id = world.make(0, 0040);
    Queue& queue = world.state.change(0);
    queue.gid = 20, queue.cgid = 21;
    const auto may = [&](Credentials who) {
      world.become(1, std::move(who));
      return world.allowed(1, receive(id, 9, 0, IPC_NOWAIT_)) == Answers{"ENOMSG"};
    };
    EXPECT_EQ(may({.uid = 7, .gid = 9, .fsgid = 20}), c.fsgid) << c.set;
    EXPECT_EQ(may({.uid = 7, .gid = 20, .fsgid = 9}), c.gid) << c.set;
    EXPECT_EQ(may({.uid = 7, .gid = 9, .fsgid = 9, .groups = {20}}), c.supplementary) << c.set;
    EXPECT_EQ(may({.uid = 7, .gid = 21, .fsgid = 21}), c.creators) << c.set;
  }
}

TEST(Privileges, Superuser) {
  World world(varied_linux("privileges=superuser"));
  const std::int64_t id = world.make(0, 0);
  world.become(1, {.uid = 0, .gid = 0, .fsgid = 0});
  EXPECT_EQ(world.call(1, send(id, 1, "x")), "0");
  EXPECT_EQ(world.call(1, set(id, 0, 0, 0, 99999)), "0");
  world.become(1,
               {.uid = 7, .gid = 7, .fsgid = 7, .ipc_owner = true, .sys_admin = true, .sys_resource = true});
  EXPECT_EQ(world.call(1, send(id, 1, "x")), "EACCES");
  EXPECT_EQ(world.call(1, control(id, IPC_RMID_)), "EPERM");
}

// Turns red if the creator keeps reading and writing, or loses ownership as well.
TEST(GiveAway, CreatorLosesAccess) {
  World world(varied_linux("give-away=creator-loses-access"));
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(0, set(id, 7, 7, 0600, 100)), "0");
  EXPECT_EQ(world.call(0, send(id, 1, "x")), "EACCES");
  EXPECT_EQ(world.call(0, control(id, IPC_RMID_)), "0");
}

TEST(Stranger, WhatItIsTold) {
  for (const auto& [value, answer] : std::map<std::string, std::string>{
           {"eperm", "EPERM"}, {"eacces", "EACCES"}, {"removal-ignored", "0"}}) {
    World world(varied_linux("stranger=" + value));
    const std::int64_t id = world.make(0);
    world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
    EXPECT_EQ(world.call(1, control(id, IPC_RMID_)), answer) << value;
    EXPECT_FALSE(world.queue().removed) << value;
  }
}

// -----------------------------------------------------------------------------------------------------------
// waiting

// Turns red if a receiver that waited has a right to the message, or nobody is woken.
TEST(Delivery, QueuedAndWoken) {
  for (const char* value : {"wake-all", "wake-one"}) {
    World world(varied_linux(std::string("delivery=") + value), 3);
    const std::int64_t id = world.make(0);
    world.call(1, receive(id, 9, 0));
    world.call(2, receive(id, 9, 0));
    Answers ends;
    for (const State& end : world.endings(0, send(id, 1, "m")))
      ends.insert(World::answer(end, 1) + " " + World::answer(end, 2));
    EXPECT_EQ(ends, (Answers{"1 {1, m} asleep", "asleep 1 {1, m}"})) << value;
  }
}

// Turns red if the wake-up dies with a receiver that is too small.
TEST(Delivery, WakeUpIsPassedOn) {
  World world(varied_linux("delivery=wake-one"), 3);
  const std::int64_t id = world.make(0);
  world.call(1, receive(id, 0, 0));
  world.call(2, receive(id, 9, 0));
  Answers ends;
  for (const State& end : world.endings(0, send(id, 1, "m")))
    ends.insert(World::answer(end, 1) + " " + World::answer(end, 2));
  EXPECT_EQ(ends, (Answers{"E2BIG 1 {1, m}", "asleep 1 {1, m}"}));
}

TEST(Restart, Restarts) {
  World world(varied_linux("sa-restart=restarts"));
  const std::int64_t id = world.make(0);
  world.call(1, HandlerRequest{Signal::usr1, Disposition::restart});
  world.call(1, receive(id, 9, 0));
  signal(world.profile(), world.state, 1, Signal::usr1);
  Answers answers;
  for (const State& end : world.endings(world.state)) answers.insert(World::answer(end, 1));
  EXPECT_EQ(answers, Answers{"asleep"});
}

// Turns red if stop and continue are invisible where they end the call.
TEST(Stop, Interrupts) {
  World world(varied_linux("stop=interrupts"));
  const std::int64_t id = world.make(0);
  world.call(1, receive(id, 9, 0));
  signal(world.profile(), world.state, 1, Signal::stop);
  world.state = world.endings(world.state).front();
  settle(world.state);
  signal(world.profile(), world.state, 1, Signal::cont);
  world.state = world.endings(world.state).front();
  EXPECT_EQ(World::answer(world.state, 1), "EINTR");
}

// Turns red if a sender that lost its permission and does not fit is woken where only those that fit are, or
// is not where all are.
TEST(SenderWake, WhoNotices) {
  for (const auto& [value, answer] :
       std::map<std::string, std::string>{{"fitting", "asleep"}, {"all", "EACCES"}}) {
    World world(varied_linux("sender-wake=" + value), 2);
    const std::int64_t id = world.make(0, 0666);
    world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
    world.call(0, set(id, 1000, 1000, 0666, 2));
    world.call(0, send(id, 1, "ab"));
    ASSERT_EQ(world.call(1, send(id, 1, "cd")), "asleep");
    world.call(0, set(id, 1000, 1000, 0600, 2));
    EXPECT_EQ(World::answer(world.state, 1), answer) << value;
  }
}

// Turns red if a raised limit wakes somebody where it wakes nobody; or if a poll does not find the room.
TEST(SetWakes, WhoGoesOn) {
  const std::map<std::string, Answers> expected{{"wakes-and-retests", {"0"}},
                                                {"may-retest", {"0", "asleep"}},
                                                {"nobody", {"asleep"}},
                                                {"senders-poll", {"0"}}};
  for (const auto& [value, answers] : expected) {
    World world(varied_linux("set-wakes=" + value), 2);
    const std::int64_t id = world.make(0);
    world.call(0, set(id, 1000, 1000, 0600, 1));
    ASSERT_EQ(world.call(1, send(id, 1, "ab")), "asleep");
    Answers ends;
    for (const State& end : world.endings(0, set(id, 1000, 1000, 0600, 2)))
      ends.insert(World::answer(end, 1));
    EXPECT_EQ(ends, answers) << value;
  }
}

TEST(Recheck, AfterTheSleep) {
  const std::map<std::string, Answers> expected{
      {"on-wake", {"EACCES"}}, {"may", {"EACCES", "asleep"}}, {"never", {"asleep"}}};
  for (const auto& [value, answers] : expected) {
    World world(varied_linux("recheck=" + value), 2);
    const std::int64_t id = world.make(0, 0666);
    world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
    world.call(1, receive(id, 9, 0));
    Answers ends;
    for (const State& end : world.endings(0, set(id, 1000, 1000, 0600, 100)))
      ends.insert(World::answer(end, 1));
    EXPECT_EQ(ends, answers) << value;
  }
}

TEST(RemovedSleeper, EidrmOrEinval) {
  World world(varied_linux("removed-sleeper=eidrm-or-einval"), 3);
  const std::int64_t id = world.make(0);
  world.call(1, receive(id, 9, 0));
  world.call(2, receive(id, 9, 0));
  Answers ends;
  for (const State& end : world.endings(0, control(id, IPC_RMID_)))
    ends.insert(World::answer(end, 1) + " " + World::answer(end, 2));
  EXPECT_EQ(ends, (Answers{"EIDRM EIDRM", "EIDRM EINVAL", "EINVAL EIDRM", "EINVAL EINVAL"}));
}

// ------------------------------------------------------------------------------------------------------------
// msgctl

// Turns red if a raise is refused to whom it is free, or the other way round. The queue's limit is 100,
// msgmnb 16384.
TEST(Qbytes, WhoMayRaise) {
  struct Case {
    const char* rule;
    Answers raise, above, lower;
  };
  for (const Case& c : {Case{"capped-by-msgmnb", {"0"}, {"EPERM"}, {"0"}},
                        {"raise-may-be-refused", {"0", "EPERM"}, {"0", "EPERM"}, {"0"}},
                        {"raise-refused", {"EPERM"}, {"EPERM"}, {"0"}},
                        {"unchecked", {"0"}, {"0"}, {"0"}}}) {
    World world(varied_linux(std::string("qbytes=") + c.rule));
    const std::int64_t id = world.make(0);
    world.state.change(0).qbytes = 100;
    EXPECT_EQ(world.allowed(0, set(id, 1000, 1000, 0600, 101)), c.raise) << c.rule;
    EXPECT_EQ(world.allowed(0, set(id, 1000, 1000, 0600, 16385)), c.above) << c.rule;
    EXPECT_EQ(world.allowed(0, set(id, 1000, 1000, 0600, 99)), c.lower) << c.rule;
  }
}

TEST(QbytesCeiling, CutToMsgmnb) {
  for (const auto& [value, stored] :
       std::map<std::string, std::uint64_t>{{"none", 20000}, {"msgmnb", 16384}}) {
    World world(varied_linux("qbytes-ceiling=" + value));
    world.become(0, {.uid = 0, .gid = 0, .fsgid = 0, .sys_resource = true});
    const std::int64_t id = world.make(0);
    EXPECT_EQ(world.call(0, set(id, 0, 0, 0600, 20000)), "0");
    EXPECT_EQ(world.queue().qbytes, stored) << value;
  }
}

TEST(QbytesZero, AllowedOrNot) {
  const std::map<std::string, Answers> expected{
      {"allowed", {"0"}}, {"either", {"0", "EINVAL"}}, {"refused", {"EINVAL"}}, {"ignored", {"0"}}};
  for (const auto& [value, answers] : expected) {
    World world(varied_linux("qbytes-zero=" + value));
    const std::int64_t id = world.make(0);
    EXPECT_EQ(world.allowed(0, set(id, 1000, 1000, 0, 0)), answers) << value;
    if (value != "ignored") continue;
    world.call(0, set(id, 1000, 1000, 0, 0));
    EXPECT_EQ(world.queue().mode, 0600u);  // nothing of it counts
  }
}

TEST(QbytesWidth, LongIsNotCut) {
  World world(varied_linux("qbytes-width=long"));
  world.become(0, {.uid = 0, .gid = 0, .fsgid = 0, .sys_resource = true});
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(0, set(id, 0, 0, 0600, (1ull << 32) + 5)), "0");
  EXPECT_EQ(world.queue().qbytes, (1ull << 32) + 5);
}

TEST(BadIds, StoredOrRefused) {
  const std::map<std::string, Answers> expected{
      {"einval", {"EINVAL"}}, {"either", {"0", "EINVAL"}}, {"stored", {"0"}}};
  for (const auto& [value, answers] : expected) {
    World world(varied_linux("bad-ids=" + value));
    const std::int64_t id = world.make(0);
    EXPECT_EQ(world.allowed(0, set(id, UINT32_MAX, 1000, 0600, 100)), answers) << value;
  }
}

// Turns red if two of buffer, identifier and owner are looked at in another order.
TEST(SetOrder, BufferIdentifierOwner) {
  struct Case {
    const char* order;
    const char* negative;
    const char* unknown;
    const char* stranger;
  };
  for (const Case& c : {Case{"sign-then-buffer", "EINVAL", "EFAULT", "EFAULT"},
                        {"buffer-first", "EFAULT", "EFAULT", "EFAULT"},
                        {"queue-owner-buffer", "EINVAL", "EINVAL", "EPERM"},
                        {"queue-buffer-ids", "EINVAL", "EINVAL", "EINVAL"}}) {
    World world(varied_linux(std::string("set-order=") + c.order));
    const std::int64_t id = world.make(0);
    world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
    EXPECT_EQ(world.call(1, SetRequest{.id = -1, .memory = bad}), c.negative) << c.order;
    EXPECT_EQ(world.call(1, SetRequest{.id = id + 1, .memory = bad}), c.unknown) << c.order;
    EXPECT_EQ(world.call(1, SetRequest{.id = id, .memory = bad}), c.stranger) << c.order;
  }
}

TEST(StatOrder, BufferFirst) {
  for (const auto& [value, answer] :
       std::map<std::string, std::string>{{"queue-first", "EINVAL"}, {"buffer-first", "EFAULT"}}) {
    World world(varied_linux("stat-order=" + value));
    EXPECT_EQ(world.call(0, ControlRequest{77, IPC_STAT_, bad}), answer) << value;
  }
}

TEST(ReceiverPid, Zero) {
  World world(varied_linux("receiver-pid=zero"));
  const std::int64_t id = world.make(0);
  fill(world, id, {1});
  world.call(0, receive(id, 9, 0));
  EXPECT_EQ(world.queue().lrpid, Pid{});
  world.call(1, receive(id, 9, 0));
  fill(world, id, {1});
  EXPECT_EQ(world.queue().lrpid, Pid{});
}

TEST(ModeBits, WhichAreOpen) {
  for (const auto& [value, bits] :
       std::map<std::string, std::uint32_t>{{"nine", 0}, {"lock-bit", 01000}, {"open", ~0777u}}) {
    World world(varied_linux("mode-bits=" + value));
    const std::int64_t id = world.make(0);
    EXPECT_EQ(world.endings(0, control(id, IPC_STAT_)).front().actor(0).result->rows[0].open_mode, bits)
        << value;
  }
}

TEST(Information, PresentOrNot) {
  struct Case {
    const char* value;
    const char* info;
    const char* stat;
    const char* any;
  };
  for (const Case& c : {Case{"full", "1", "0", "0"},
                        {"undefined", "any", "any", "any"},
                        {"without-stat-any", "1", "0", "EINVAL"},
                        {"answers-zero", "0", "0", "0"},
                        {"absent", "EINVAL", "EINVAL", "EINVAL"}}) {
    World world(varied_linux(std::string("information=") + c.value));
    world.make(0);
    world.make(0);
    EXPECT_EQ(world.call(0, control(1, IPC_INFO_)), c.info) << c.value;
    EXPECT_EQ(world.call(0, control(1, MSG_STAT_)), c.stat) << c.value;
    EXPECT_EQ(world.call(0, control(1, MSG_STAT_ANY_)), c.any) << c.value;
  }
}

TEST(CommandBits, LowByte) {
  World world(varied_linux("command-bits=low-byte"));
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(0, control(id, IPC_STAT_ | 0x100)), "0");
}

// ------------------------------------------------------------------------------------------------- limits
// and domains

TEST(Limits, DefaultsAndDoors) {
  EXPECT_EQ(initial_limits(*find_profile("freebsd")),
            (Limits{.msgmax = 16384, .msgmnb = 2048, .msgmni = 40}));
  EXPECT_EQ(initial_limits(*find_profile("linux-2.6.24")).msgmni, 16);
  World world(varied_linux("limit-files=read-only"));
  world.become(0, {.uid = 0, .gid = 0, .fsgid = 0});
  EXPECT_EQ(world.call(0, LimitRequest{Limit::msgmnb, 5}), "any");
  EXPECT_EQ(world.call(0, LimitRequest{Limit::msgmnb, std::nullopt}), "16384");
}

// Turns red if a system without namespaces gives somebody an empty set of queues.
TEST(Isolation, OneForAll) {
  World world("freebsd");
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(0, UnshareRequest{}), "any");
  EXPECT_EQ(world.call(0, send(id, 1, "x")), "0");
}

// ---------------------------------------------------------------------------------------------------------
// processes

// Turns red if a signal to a process that has ended succeeds.
TEST(Kill, NobodyIsLeft) {
  World world("linux-6.18");
  die(world.state, 1);
  EXPECT_EQ(world.allowed(0, KillRequest{1, Signal::usr1}), Answers{"ESRCH"});
  world = World("linux-6.18");
  EXPECT_EQ(world.allowed(0, KillRequest{1, Signal::winch}), Answers{"0"});
}

}  // namespace
}  // namespace svmq::model
