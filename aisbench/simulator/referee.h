// The interface of referee.c, for referee_server.pyx.
#ifndef AISBENCH_REFEREE_H
#define AISBENCH_REFEREE_H

#include <stdint.h>

// Serves on the listening socket until `lifeline` ends; `tokens_each` is the default length of an answer.
// Returns 0, or an errno.
int referee_serve(int listener, int lifeline, int64_t ttft_us, int64_t itl_us, int tokens_each);

#endif
