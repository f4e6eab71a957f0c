/* Stands before the system's resolver in a test: the name `rebind.test` has the addresses in DNS_ANSWERS, one for each
   look-up in turn, and DNS_LOG gets a line for each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int asked;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  int (*system_one)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
      dlsym(RTLD_NEXT, "getaddrinfo");
  const char *answers = getenv("DNS_ANSWERS");
  if (!name || strcmp(name, "rebind.test") || !answers) return system_one(name, service, hints, found);
  char copy[256], *rest = NULL;
  snprintf(copy, sizeof copy, "%s", answers);
  char *answer = strtok_r(copy, " ", &rest);
  for (int turn = asked++; turn > 0 && answer; turn--) answer = strtok_r(NULL, " ", &rest);
  if (!answer) return EAI_NONAME;
  const char *path = getenv("DNS_LOG");
  FILE *log = path ? fopen(path, "a") : NULL;
  if (log) {
    fprintf(log, "%s\n", answer);
    fclose(log);
  }
  return system_one(answer, service, hints, found);
}
