// Small printing functions that the printers share. All append; what they append, the parser reads back.
#pragma once

#include <string>
#include <string_view>

#include "svmq/language/scenario.hpp"

namespace svmq::language {

void append_text(std::string& out, const Text& text);
void append_step(std::string& out, const Step& step);
void append_credentials(std::string& out, const Credentials& credentials);  // one space before each
void append_declaration(std::string& out, const Actor& actor);              // a whole line
void append_octal(std::string& out, Flags bits);                            // a leading 0
std::string one_line(std::string_view text);  // control characters become spaces

// ACTOR: , or nothing for the conductor.
void append_actor(std::string& out, const std::string& actor);

}  // namespace svmq::language
