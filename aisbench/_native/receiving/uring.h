/* One io_uring that watches sockets: it receives from them into a ring of buffers, and says when they can be written.
 *
 * By system calls, as liburing is not installed everywhere. What each call means: io_uring_setup(2), io_uring_enter(2),
 * io_uring_register(2), and io_uring_prep_recvmsg_multishot(3). With headers older than Linux 6.1, `uring_open` refuses.
 */
#ifndef AISBENCH_URING_H
#define AISBENCH_URING_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif

enum {
    URING_BUFFERS = 1024,         /* a power of two */
    URING_BUFFER_BYTES = 4096,
    /* Not a power of two: else the starts of all buffers would compete for the same lines of the cache. */
    URING_BUFFER_STRIDE = URING_BUFFER_BYTES + 320,
    /* The kernel uses the buffers that it has in turn, so few of them stay in the cache. It gets more when it runs out. */
    URING_BUFFERS_AT_A_TIME = 128,
    URING_CONTROL_BYTES = CMSG_SPACE(sizeof(struct timespec)),
    URING_SUBMISSIONS = 256,
    URING_COMPLETIONS = 4096,
    /* How many sockets one call receives from at least, if so many have received (IO_LOCAL_TW_DEFAULT_MAX). */
    URING_AT_A_TIME = 20,
};

typedef struct {
    uint64_t tag;       /* of the request that this completes */
    int result;         /* bytes, bits of poll(2), or a negative errno */
    int more;           /* whether the request goes on */
    int buffer;         /* the one that was filled; -1: none */
} UringCompletion;

#ifdef IORING_SETUP_DEFER_TASKRUN

typedef struct {
    int fd;
    int wake_fd;        /* an eventfd: the ring's own descriptor is not readable when there is only work to do */
    unsigned *sq_head, *sq_tail, *sq_flags, sq_mask;
    unsigned queued;    /* requests that the kernel was not told of yet */
    unsigned *cq_head, *cq_tail, *cq_flags, cq_mask;
    struct io_uring_sqe *requests;
    struct io_uring_cqe *completions;
    struct io_uring_buf_ring *free_buffers;
    uint16_t given;     /* how often a buffer was given to the kernel */
    int in_use;         /* how many buffers are used, the first ones */
    char *buffers;
    struct msghdr shape;
    void *rings;
    size_t rings_bytes, requests_bytes;
} Uring;

static inline void uring_give(Uring *ring, int buffer) {
    struct io_uring_buf *one = &ring->free_buffers->bufs[ring->given & (URING_BUFFERS - 1)];
    one->addr = (uint64_t)(uintptr_t)(ring->buffers + (size_t)buffer * URING_BUFFER_STRIDE);
    one->len = URING_BUFFER_BYTES;
    one->bid = (uint16_t)buffer;
    __atomic_store_n(&ring->free_buffers->tail, ++ring->given, __ATOMIC_RELEASE);
}

/* Has more buffers in use, if there are more. */
static inline void uring_grow(Uring *ring) {
    int i;
    for (i = 0; i < URING_BUFFERS_AT_A_TIME && ring->in_use < URING_BUFFERS; i++)
        uring_give(ring, ring->in_use++);
}

/* Frees everything; does nothing when it is called again. */
static void uring_unmap(Uring *ring) {
    if (ring->rings != NULL)
        munmap(ring->rings, ring->rings_bytes);
    if (ring->requests != NULL)
        munmap(ring->requests, ring->requests_bytes);
    if (ring->free_buffers != NULL)
        munmap(ring->free_buffers, URING_BUFFERS * sizeof(struct io_uring_buf));
    if (ring->buffers != NULL)
        munmap(ring->buffers, (size_t)URING_BUFFERS * URING_BUFFER_STRIDE);
    if (ring->fd >= 0)
        close(ring->fd);
    if (ring->wake_fd >= 0)
        close(ring->wake_fd);
    memset(ring, 0, sizeof(*ring));
    ring->fd = ring->wake_fd = -1;
}

/* Frees everything, and returns the errno of the call that has failed. */
static int uring_failed(Uring *ring) {
    int problem = errno;
    uring_unmap(ring);
    return problem;
}

static void *uring_map(size_t bytes, int fd, off_t offset) {
    int how = fd >= 0 ? MAP_SHARED | MAP_POPULATE : MAP_PRIVATE | MAP_ANONYMOUS;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how, fd, offset);
    return at == MAP_FAILED ? NULL : at;
}

/* 0, or the errno for which there is no ring. */
static int uring_open(Uring *ring) {
    struct io_uring_params params;
    struct io_uring_buf_reg reg;
    size_t sq_bytes, cq_bytes;
    char *rings;
    int i;
    memset(ring, 0, sizeof(*ring));
    ring->fd = -1;
    ring->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ring->wake_fd < 0)
        return errno;
    memset(&params, 0, sizeof(params));
    /* The work of receiving waits until this thread asks for it, in `uring_enter`: no interruptions, one thread. */
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                   IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
    params.cq_entries = URING_COMPLETIONS;
    ring->fd = (int)syscall(__NR_io_uring_setup, URING_SUBMISSIONS, &params);
    if (ring->fd < 0)
        return uring_failed(ring);
    sq_bytes = params.sq_off.array + params.sq_entries * sizeof(unsigned);
    cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    ring->rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
    ring->requests_bytes = params.sq_entries * sizeof(struct io_uring_sqe);
    ring->rings = uring_map(ring->rings_bytes, ring->fd, IORING_OFF_SQ_RING);
    ring->requests = uring_map(ring->requests_bytes, ring->fd, IORING_OFF_SQES);
    ring->free_buffers = uring_map(URING_BUFFERS * sizeof(struct io_uring_buf), -1, 0);
    ring->buffers = uring_map((size_t)URING_BUFFERS * URING_BUFFER_STRIDE, -1, 0);
    memset(&reg, 0, sizeof(reg));
    reg.ring_addr = (uint64_t)(uintptr_t)ring->free_buffers;
    reg.ring_entries = URING_BUFFERS;
    if (ring->rings == NULL || ring->requests == NULL || ring->free_buffers == NULL || ring->buffers == NULL ||
        syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_PBUF_RING, &reg, 1) != 0 ||
        syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_EVENTFD, &ring->wake_fd, 1) != 0)
        return uring_failed(ring);
    rings = ring->rings;
    ring->sq_head = (unsigned *)(rings + params.sq_off.head);
    ring->sq_tail = (unsigned *)(rings + params.sq_off.tail);
    ring->sq_flags = (unsigned *)(rings + params.sq_off.flags);
    ring->sq_mask = params.sq_entries - 1;
    ring->cq_head = (unsigned *)(rings + params.cq_off.head);
    ring->cq_tail = (unsigned *)(rings + params.cq_off.tail);
    ring->cq_flags = (unsigned *)(rings + params.cq_off.flags);
    ring->cq_mask = params.cq_entries - 1;
    ring->completions = (struct io_uring_cqe *)(rings + params.cq_off.cqes);
    for (i = 0; i < (int)params.sq_entries; i++)
        ((unsigned *)(rings + params.sq_off.array))[i] = (unsigned)i;
    uring_grow(ring);
    ring->shape.msg_controllen = URING_CONTROL_BYTES;
    return 0;
}

/* Whether the kernel has work that only `uring_enter` does. */
static inline int uring_has_work(Uring *ring) {
    unsigned flags = __atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE);
    return ring->queued > 0 || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

/* From here on `wake_fd` is not readable; what is completed is about to be taken anyway. */
static inline void uring_quiet(Uring *ring) {
    uint64_t count;
    __atomic_store_n(ring->cq_flags, IORING_CQ_EVENTFD_DISABLED, __ATOMIC_SEQ_CST);
    if (read(ring->wake_fd, &count, sizeof(count)) < 0)
        return;
}

/* From here on `wake_fd` becomes readable when there is something to do, also for what came in the meantime. */
static inline void uring_loud(Uring *ring) {
    uint64_t one = 1;
    __atomic_store_n(ring->cq_flags, 0, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (uring_has_work(ring) && write(ring->wake_fd, &one, sizeof(one)) < 0)
        return;
}

static int uring_call(Uring *ring, unsigned flags) {
    long n = syscall(__NR_io_uring_enter, ring->fd, ring->queued, 0, flags, NULL, 0);
    if (n >= 0)
        ring->queued -= (unsigned)n;
    else if (errno != EINTR && errno != EAGAIN && errno != EBUSY)
        return errno;
    return 0;
}

/* Submits what is queued, and does the kernel's work, some 20 sockets of it; never waits. 0 or an errno. */
static int uring_enter(Uring *ring) { return uring_call(ring, IORING_ENTER_GETEVENTS); }

/* Submits what is queued. 0 or an errno. */
static int uring_submit(Uring *ring) { return uring_call(ring, 0); }

/* A cleared request to fill in, which the next `uring_enter` submits; NULL: the kernel takes no more. */
static struct io_uring_sqe *uring_request(Uring *ring, int op, int fd, uint64_t tag) {
    unsigned tail = *ring->sq_tail;
    struct io_uring_sqe *request;
    if (tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) > ring->sq_mask) {
        if (uring_enter(ring) != 0 || tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) > ring->sq_mask)
            return NULL;
    }
    request = &ring->requests[tail & ring->sq_mask];
    memset(request, 0, sizeof(*request));
    request->opcode = (uint8_t)op;
    request->fd = fd;
    request->user_data = tag;
    return request;
}

static int uring_queue(Uring *ring) {
    __atomic_store_n(ring->sq_tail, *ring->sq_tail + 1, __ATOMIC_RELEASE);
    ring->queued++;
    return 0;
}

/* Queues to receive from `fd` until it ends: a completion for each piece. 0 or an errno. */
static int uring_receive(Uring *ring, int fd, uint64_t tag) {
    struct io_uring_sqe *request = uring_request(ring, IORING_OP_RECVMSG, fd, tag);
    if (request == NULL)
        return EBUSY;
    request->addr = (uint64_t)(uintptr_t)&ring->shape;
    request->ioprio = IORING_RECV_MULTISHOT;
    request->flags = IOSQE_BUFFER_SELECT;
    return uring_queue(ring);
}

/* Queues to say when `fd` can be written: once, or each time that it has become so. 0 or an errno. */
static int uring_poll_out(Uring *ring, int fd, uint64_t tag, int each_time) {
    struct io_uring_sqe *request = uring_request(ring, IORING_OP_POLL_ADD, fd, tag);
    if (request == NULL)
        return EBUSY;
    request->poll32_events = POLLOUT;
    request->len = each_time ? IORING_POLL_ADD_MULTI : 0;
    return uring_queue(ring);
}

/* Queues to end the `uring_poll_out` that has the tag `polled`. 0 or an errno. */
static int uring_poll_no_more(Uring *ring, uint64_t polled, uint64_t tag) {
    struct io_uring_sqe *request = uring_request(ring, IORING_OP_POLL_REMOVE, -1, tag);
    if (request == NULL)
        return EBUSY;
    request->addr = polled;
    return uring_queue(ring);
}

/* Queues to end all requests on `fd`; -1: on all descriptors. 0 or an errno. */
static int uring_cancel(Uring *ring, int fd, uint64_t tag) {
    struct io_uring_sqe *request = uring_request(ring, IORING_OP_ASYNC_CANCEL, fd, tag);
    if (request == NULL)
        return EBUSY;
    request->cancel_flags = IORING_ASYNC_CANCEL_ALL | (fd >= 0 ? IORING_ASYNC_CANCEL_FD : IORING_ASYNC_CANCEL_ANY);
    return uring_queue(ring);
}

/* The next completion; 0: there is none. */
static inline int uring_next(Uring *ring, UringCompletion *next) {
    unsigned head = *ring->cq_head;
    const struct io_uring_cqe *one = &ring->completions[head & ring->cq_mask];
    if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
        return 0;
    next->tag = one->user_data;
    next->result = one->res;
    next->more = (one->flags & IORING_CQE_F_MORE) != 0;
    next->buffer = one->flags & IORING_CQE_F_BUFFER ? (int)(one->flags >> IORING_CQE_BUFFER_SHIFT) : -1;
    __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
    return 1;
}

/* What `buffer` was filled with, and the kernel's stamp (0: none); its size is that of the completion less the head. */
static inline const char *uring_bytes(Uring *ring, int buffer, int64_t *stamp_ns) {
    const char *at = ring->buffers + (size_t)buffer * URING_BUFFER_STRIDE;
    const struct io_uring_recvmsg_out *out = (const struct io_uring_recvmsg_out *)at;
    const struct cmsghdr *control = (const struct cmsghdr *)(out + 1);
    struct timespec stamp;
    *stamp_ns = 0;
    if (out->controllen >= CMSG_LEN(sizeof(stamp)) && control->cmsg_level == SOL_SOCKET &&
        control->cmsg_type == SCM_TIMESTAMPNS) {
        memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
        *stamp_ns = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    }
    return (const char *)(out + 1) + URING_CONTROL_BYTES;
}

enum { URING_HEAD_BYTES = (int)sizeof(struct io_uring_recvmsg_out) + URING_CONTROL_BYTES };

/* Ends all requests, so that no socket is held any longer, and frees everything. */
static void uring_close(Uring *ring) {
    int i;
    if (ring->fd >= 0 && uring_cancel(ring, -1, 0) == 0)
        for (i = 0; i < URING_COMPLETIONS && uring_has_work(ring) && uring_enter(ring) == 0; i++)
            ;
    uring_unmap(ring);
}

#else

typedef struct {
    int fd, wake_fd;
} Uring;

static int uring_open(Uring *ring) {
    ring->fd = ring->wake_fd = -1;
    return ENOSYS;
}

/* Never called, as `uring_open` has refused. */
static inline void uring_give(Uring *ring, int buffer) {}
static inline void uring_grow(Uring *ring) {}
static inline int uring_has_work(Uring *ring) { return 0; }
static inline void uring_quiet(Uring *ring) {}
static inline void uring_loud(Uring *ring) {}
static inline int uring_enter(Uring *ring) { return ENOSYS; }
static inline int uring_submit(Uring *ring) { return ENOSYS; }
static inline int uring_receive(Uring *ring, int fd, uint64_t tag) { return ENOSYS; }
static inline int uring_poll_out(Uring *ring, int fd, uint64_t tag, int each_time) { return ENOSYS; }
static inline int uring_poll_no_more(Uring *ring, uint64_t polled, uint64_t tag) { return ENOSYS; }
static inline int uring_cancel(Uring *ring, int fd, uint64_t tag) { return ENOSYS; }
static inline int uring_next(Uring *ring, UringCompletion *next) { return 0; }
static inline const char *uring_bytes(Uring *ring, int buffer, int64_t *stamp_ns) { return NULL; }
static inline void uring_close(Uring *ring) {}

enum { URING_HEAD_BYTES = 0 };

#endif
#endif
