# Perl's own calls, IPC::Msg and the functions of IPC::SysV.
use strict;
use warnings;
use Errno qw(EACCES EAGAIN E2BIG EEXIST EIDRM EINTR EINVAL ENOENT ENOMSG);
use IPC::Msg;
use IPC::SysV qw(IPC_CREAT IPC_EXCL IPC_NOWAIT IPC_PRIVATE IPC_RMID IPC_STAT MSG_NOERROR S_IRUSR S_IWUSR ftok);

my $checks = 0;
sub check { my ($good, $what) = @_; $good or die "$what: $!\n"; ++$checks }

my $queue = IPC::Msg->new(IPC_PRIVATE, S_IRUSR | S_IWUSR) or die "IPC::Msg->new: $!\n";
check($queue->snd(5, "five"), "snd");
check($queue->snd(3, "three"), "snd");
my $stat = $queue->stat;
check($stat->qnum == 2 && $stat->lspid == $$ && ($stat->mode & 0777) == 0600, "stat");
my $text;
check($queue->rcv($text, 100, 5, IPC_NOWAIT) == 5 && $text eq "five", "rcv by type");
check(!defined $queue->rcv($text, 2, 3, IPC_NOWAIT) && $! == E2BIG, "too long");
check($queue->rcv($text, 2, -9, MSG_NOERROR) == 3 && $text eq "th", "cut");
check(!defined $queue->rcv($text, 100, 0, IPC_NOWAIT) && $! == ENOMSG, "empty");
check($queue->set(qbytes => 10), "set");
check($queue->stat->qbytes == 10, "qbytes");
check($queue->snd(1, "x" x 10, IPC_NOWAIT), "snd");
check(!$queue->snd(1, "x", IPC_NOWAIT) && $! == EAGAIN, "full");

# A child waits for what its parent sends, then for room that its parent makes.
my $child = fork // die "fork: $!\n";
if (!$child) {
  exit 1 unless $queue->rcv($text, 100, 7) == 7 && $text eq "child";
  exit($queue->snd(8, "answer") ? 0 : 2);
}
check($queue->rcv($text, 100, 1) == 1, "rcv");
check($queue->snd(7, "child"), "snd");
check($queue->rcv($text, 100, 8) == 8 && $text eq "answer", "answer");
waitpid $child, 0;
check($? == 0, "child");

# A signal ends the wait.
{
  local $SIG{ALRM} = sub { };
  alarm 1;
  check(!defined $queue->rcv($text, 100, 0) && $! == EINTR, "signal");
}
# So does the removal.
$child = fork // die "fork: $!\n";
exit(!defined $queue->rcv($text, 100, 0) && $! == EIDRM ? 0 : 1) if !$child;
select undef, undef, undef, 0.01 while !grep { /^State:\s+S/ } do { open my $f, '<', "/proc/$child/status" or die; <$f> };
select undef, undef, undef, 0.1;
check($queue->remove, "remove");
waitpid $child, 0;
check($? == 0, "removal");

my $key = ftok($0, 1);
check(!defined msgget($key, 0) && $! == ENOENT, "msgget of nothing");
my $id = msgget($key, IPC_CREAT | IPC_EXCL | 0600);
check(defined $id, "msgget");
check(!defined msgget($key, IPC_CREAT | IPC_EXCL | 0600) && $! == EEXIST, "msgget again");
check(msgsnd($id, pack("l! a*", 4, "built in"), 0), "msgsnd");
check(msgrcv($id, $text, 100, 0, 0) && (unpack "l! a*", $text)[1] eq "built in", "msgrcv");
check(msgctl($id, IPC_STAT, my $data), "msgctl");
check(msgctl($id, IPC_RMID, 0), "IPC_RMID");
check(!defined msgctl($id, IPC_STAT, $data) && $! == EINVAL, "gone");
print "$checks checks\n";
