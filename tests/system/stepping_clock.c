/* Preloaded into a process, sets its system clock forward and back: by an hour in every other stretch of 50 ms.
   The kernel's receive stamps follow, each by when it was made. CLOCK_MONOTONIC stays as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NS 1000000000LL

static int (*real_gettime)(clockid_t, struct timespec *);
static ssize_t (*real_recvmsg)(int, struct msghdr *, int);

__attribute__((constructor)) static void find(void) {
    real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    real_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
}

static void step(struct timespec *at, long long mono_ns) {
    if (mono_ns / 50000000 & 1)
        at->tv_sec += 3600;
}

static long long ns(const struct timespec *at) { return at->tv_sec * NS + at->tv_nsec; }

int clock_gettime(clockid_t clock, struct timespec *at) {
    struct timespec mono;
    int result = real_gettime(clock, at);
    if (result == 0 && clock == CLOCK_REALTIME) {
        real_gettime(CLOCK_MONOTONIC, &mono);
        step(at, ns(&mono));
    }
    return result;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    struct timespec mono, real, stamp;
    ssize_t n = real_recvmsg(fd, message, flags);
    struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(message) : NULL;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS) {
        real_gettime(CLOCK_MONOTONIC, &mono);
        real_gettime(CLOCK_REALTIME, &real);
        memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
        step(&stamp, ns(&stamp) + ns(&mono) - ns(&real));
        memcpy(CMSG_DATA(header), &stamp, sizeof stamp);
    }
    return n;
}
