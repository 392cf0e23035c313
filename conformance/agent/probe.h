/* What the system under test and the agent's own rights have, found out by conducting small scenarios. */
#ifndef SVMQ_AGENT_PROBE_H
#define SVMQ_AGENT_PROBE_H

#include "conduct.h"

/* One line per need: "NEED yes", "NEED yes: what of it is missing", or "NEED no: reason". */
void probe_capabilities(struct conductor* conductor, struct string* out);

#endif
