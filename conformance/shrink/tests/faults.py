"""Faults for a copy of libsvmq: each is one small change of its source, and what it is called by.

A fault whose text is not in the source any more must be written anew; `Workshop.build` says so.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Fault:
    name: str
    file: str
    old: str
    new: str


FAULTS = [
    Fault("wrong bound in negative selection", "queue.cc",
          "type->value.get() > wanted.type ?", "type->value.get() >= wanted.type ?"),
    Fault("first fitting instead of lowest type", "queue.cc",
          "      Index group = types_.lowest();\n",
          "      for (Index at = first; at != none;) {\n"
          "        Message* seen = space_.message(at);\n"
          "        if (seen == nullptr || wanted.accepts(seen->type.get())) return at;\n"
          "        at = seen->tile.next.get();\n"
          "      }\n"
          "      Index group = types_.lowest();\n"),
    Fault("wake-up lost on removal", "queue.cc", "  wake_all(all.senders, wakeups);\n", ""),
    Fault("all senders woken but one", "queue.cc",
          "if (room_for(candidate->size.get())) {",
          "if (room_for(candidate->size.get()) && (next != none || at == head().state.senders.first.get())) {"),
    Fault("EAGAIN for ENOMSG", "exchange.cc",
          "if ((request.flags & IPC_NOWAIT) != 0) return -ENOMSG;", "if ((request.flags & IPC_NOWAIT) != 0) return -EAGAIN;"),
    Fault("room not given back after truncation", "exchange.cc",
          "        queue.receive(index, seat.member, locked.wakeups);\n",
          "        queue.receive(index, seat.member, locked.wakeups);\n"
          "        auto& bytes = queue.space().state().bytes;\n"
          "        if (found->size.get() > request.size) bytes.set(bytes.get() + found->size.get() - request.size);\n"),
    Fault("lrpid not set on hand-off", "queue.cc",
          "space_.state().receiver.set(\n            candidate->process.get());", ""),
    Fault("E2BIG consumes the message", "exchange.cc",
          "if (found->size.get() > request.size && !any_length) return -E2BIG;",
          "if (found->size.get() > request.size && !any_length) {\n"
          "          queue.receive(index, seat.member, locked.wakeups);\n"
          "          note_hand(seat, index);\n"
          "          member_of(seat).reads.set(0);\n"
          "          return -E2BIG;\n"
          "        }"),
    Fault("stale identifier accepted", "namespace.cc",
          "      if (slot == nullptr || slot->id.get() != id) {\n        error = EINVAL;\n        return nullptr;\n      }\n",
          "      if (slot == nullptr) {\n        error = EINVAL;\n        return nullptr;\n      }\n      id = slot->id.get();\n"),
    Fault("group permission ignored", "caller.cc", "allowed = triad(queue.mode, 3);", "allowed = triad(queue.mode, 0);"),
]

# What it found before it gave the lock away it takes for granted afterwards.
RACE = Fault("lock released too early", "exchange.cc",
             "        queue.receive(index, seat.member, locked.wakeups);\n",
             "        locked.unlock();\n"
             "        locked.lock();\n"
             "        if (locked.gone()) return -EIDRM;\n"
             "        if (queue.find(wanted) != index) {\n"
             "          std::size_t length = found->size.get() < request.size ? found->size.get() : request.size;\n"
             "          const std::byte* taken = queue.space().at(index) + type_offset;\n"
             "          return guarded::write(to, taken, sizeof(long) + length) ? static_cast<long>(length) : -EFAULT;\n"
             "        }\n"
             "        queue.receive(index, seat.member, locked.wakeups);\n")


class Workshop:
    """Builds libsvmq with faults, one at a time, from a tree that is the project's but for a copy of impl/src."""

    def __init__(self, folder: Path):
        tree, self._build = folder / "tree", folder / "build"
        self._sources = tree / "impl" / "src"
        self._sources.parent.mkdir(parents=True)
        for place, of in ((tree, SOURCE), (tree / "impl", SOURCE / "impl")):
            for entry in of.iterdir():
                if entry.name not in ("impl", "src", "build") and not entry.name.startswith("."):
                    (place / entry.name).symlink_to(entry)
        shutil.copytree(SOURCE / "impl" / "src", self._sources)
        self._run("cmake", "-S", tree, "-B", self._build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_UNITY_BUILD=ON",
                  "-DBUILD_TESTING=OFF")

    def build(self, fault: Fault) -> Path:
        """The folder of libsvmq and of the preload library, with this fault and no other."""
        file = self._sources / fault.file
        sound = file.read_text()
        count = sound.count(fault.old)
        assert count == 1, f"{fault.name}: the text to change is {count} times in {fault.file}, not once: write the fault anew"
        file.write_text(sound.replace(fault.old, fault.new))
        try:
            self._run("cmake", "--build", self._build, "-j", "2", "--target", "svmq", "svmq-preload")
        finally:
            file.write_text(sound)
        return self._build / "lib"

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CCACHE_NOHASHDIR": "1"})
        assert done.returncode == 0, done.stdout + done.stderr
