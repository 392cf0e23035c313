#include "svmq/model/types.hpp"

namespace svmq::model {

std::string_view name(Errno error) {
  switch (error) {
    case Errno::none: return "";
    case Errno::e2big: return "E2BIG";
    case Errno::eacces: return "EACCES";
    case Errno::eagain: return "EAGAIN";
    case Errno::eexist: return "EEXIST";
    case Errno::efault: return "EFAULT";
    case Errno::eidrm: return "EIDRM";
    case Errno::eintr: return "EINTR";
    case Errno::einval: return "EINVAL";
    case Errno::eloop: return "ELOOP";
    case Errno::enoent: return "ENOENT";
    case Errno::enomem: return "ENOMEM";
    case Errno::enomsg: return "ENOMSG";
    case Errno::enospc: return "ENOSPC";
    case Errno::enosys: return "ENOSYS";
    case Errno::enotdir: return "ENOTDIR";
    case Errno::eperm: return "EPERM";
    case Errno::esrch: return "ESRCH";
  }
  return "";
}

}  // namespace svmq::model
