/* The processes of scenarios. Most stand from one scenario to the next: to fork, to end and to reap one costs
 * more than all else of a short scenario.
 *
 * A standing process plays the actor of its number in every scenario. Between two it is idle, and goes back
 * to what it was when it was forked: credentials, handlers, mask, namespace (worker_return()). Where that
 * cannot be, it is replaced: after exec(), after it was stopped, has died or hung, or where the system gives
 * no way back. A process with threads is made for its scenario alone. */
#ifndef SVMQ_AGENT_POOL_H
#define SVMQ_AGENT_POOL_H

#include "stage.h"

/* Sends every process of the scenario into it. A standing one may be given its first order at once. False if
 * one of them could not be started. */
bool pool_begin(struct stage* stage);
/* Waits until all have entered; who has been replaced on the way has not got its first order. */
bool pool_entered(struct stage* stage);

/* After the scenario: processes that sleep in a call are recalled, those that cannot stand any longer end. */
void pool_leave(struct stage* stage);

/* Ends all that stand. */
void pool_end(struct conductor* conductor);

#endif
