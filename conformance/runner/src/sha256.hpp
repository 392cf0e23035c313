// SHA-256 (FIPS 180-4), by which results name the histories that stand beside them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace svmq::runner {

class Sha256 {
 public:
  void add(std::string_view bytes);
  std::string hex() &&;  // of all that was added; once

 private:
  void block(const unsigned char* bytes);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> rest_{};  // of the bytes, what is no whole block yet
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

std::string sha256(std::string_view bytes);  // 64 hexadecimal digits

}  // namespace svmq::runner
