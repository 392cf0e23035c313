/* Results of calls as text. */
#ifndef SVMQ_AGENT_RESULT_H
#define SVMQ_AGENT_RESULT_H

#include "worker.h"

void result_stat(struct string* out, const struct worker* worker, const struct msqid_ds* status);
void result_info(struct string* out, const void* info);
/* Rows of the table; returns how many, or -1 if the text is not such a table. */
int result_table(struct string* out, const struct worker* worker, char* text);

#endif
