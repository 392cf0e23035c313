/* A parent and its child talk over a queue of libsvmq. */
#include <stdio.h>
#include <stdlib.h>
#include <svmq/svmq.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
  long type;
  char text[32];
};

int main(void) {
  struct message message = {3, "hello"};
  int queue = svmq_msgget(IPC_PRIVATE, 0600);
  if (queue < 0) return perror("svmq_msgget"), EXIT_FAILURE;
  if (fork() == 0) {
    ssize_t length = svmq_msgrcv(queue, &message, sizeof message.text, -5, 0); /* sleeps until there is one */
    printf("received %.*s of type %ld\n", (int)length, message.text, message.type);
    return length < 0;
  }
  if (svmq_msgsnd(queue, &message, 5, 0) != 0) perror("svmq_msgsnd");
  int status = 0;
  wait(&status);
  svmq_msgctl(queue, IPC_RMID, NULL);
  return status != 0;
}
