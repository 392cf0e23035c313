/* What stands in the parentheses of a step, and credentials. */
#ifndef SVMQ_AGENT_PARSE_ARGUMENTS_H
#define SVMQ_AGENT_PARSE_ARGUMENTS_H

#include "parse_tokens.h"

/* Credentials up to the end of the line or a ')', in their order. */
void parse_creds(struct parser* p, struct creds* creds);
/* The arguments of the call of a step. */
void parse_arguments(struct parser* p, struct step* step);

#endif
