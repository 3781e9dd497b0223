// SPDX-License-Identifier: MIT
// Debian's libhiredis: hiredis PORT
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

static redisReply* must(redisReply* reply) {
  if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
    fprintf(stderr, "%s\n", reply == NULL ? "no reply" : reply->str);
    exit(1);
  }
  return reply;
}

static long long integer(redisReply* reply) {
  const long long value = must(reply)->integer;
  freeReplyObject(reply);
  return value;
}

static void print_string(const char* name, redisReply* reply) {
  printf("\"%s\":\"%s\",", name, must(reply)->str);
  freeReplyObject(reply);
}

int main(int argc, char** argv) {
  redisContext* client = redisConnect("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0);
  if (client == NULL || client->err) return 1;
  printf("{");
  print_string("begin", redisCommand(client, "ECHO begin"));
  printf("\"ceil\":%lld,", integer(redisCommand(client, "CEIL %s", "4.40")));
  print_string("text", redisCommand(client, "TEXT %s", "HELLO world"));
  redisAppendCommand(client, "CEIL 1.5");
  redisAppendCommand(client, "CEIL 2.5");
  redisReply* pipelined[2] = {NULL, NULL};
  for (int i = 0; i < 2; ++i) redisGetReply(client, (void**)&pipelined[i]);
  printf("\"pipelined\":[%lld,", integer(pipelined[0]));
  printf("%lld],", integer(pipelined[1]));
  if (redisCommand(client, "ECHO cut") == NULL && redisReconnect(client) != REDIS_OK) return 1;
  print_string("again", redisCommand(client, "ECHO again"));
  redisReply* last = must(redisCommand(client, "ECHO end"));
  printf("\"end\":\"%s\"}\n", last->str);
  freeReplyObject(last);
  redisFree(client);
  return 0;
}
