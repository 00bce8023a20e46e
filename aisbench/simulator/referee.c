// A server that streams chat completions at set times and records its own arrival times, TTFT and ITL, so that a load
// client's report can be compared with what really happened. It is written in C and shares no code with the client.
//
// It has one thread with epoll, and one write per token. `ttft` runs from reading the request to having written its
// first token. `ttft_wire` begins earlier, at the kernel's receive timestamp of the request, so it includes the time
// that the request waited unread while this server was busy; so does `e2e_wire`. `tpot` is the mean gap of an answer.
// With ITL_US 0, tokens are sent without a pause.
// GET /truth returns the figures (JSON, times in ms), GET /reset clears them. After GET /fail/WAY/EVERY each EVERYth
// request fails in that way (ways[] below); the figures are then those of the other requests, and `failed` counts these.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "referee.h"

enum { READ_ROOM = 1 << 16, MOST_EVENTS = 1024 };

// Those up to HTTP_429 take the place of the answer, the others happen half-way through it.
enum { GOOD, RESET, HTTP_500, HTTP_429, CUT, STALL, MALFORMED, ERROR_EVENT, CUT_CHUNK, WAYS };
static const char *const ways[WAYS] = {"good", "reset", "http-500", "http-429", "cut", "stall", "malformed", "error-event", "cut-chunk"};

typedef struct {
    int fd, heap_at, way;     // heap_at -1: no answer is being sent; way: how it will fail
    int sent, total, stuck;   // sent, total: tokens; stuck: the socket is full, waiting for EPOLLOUT
    int64_t due_ns, arrived_ns, wire_ns, first_ns, last_ns;
    char *in; size_t in_bytes, in_room;
    char *out; size_t out_at, out_bytes, out_room;
} Client;

typedef struct { double *values; size_t count, room; } Sample;

static int64_t ttft_ns, itl_ns;
static int default_tokens, epoll_fd, active, peak;
static Client **heap; static int heap_size, heap_room;
static Sample ttfts, wire_ttfts, itls, tpots, e2els, wire_e2els, arrivals;
static int64_t tokens, first_ns, last_ns, failed;
static int way, every, until_next;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *grown(void *memory, size_t need, size_t *room, size_t each) {
    if (need <= *room) return memory;
    *room = need * 2 + 64;
    memory = realloc(memory, *room * each);
    if (!memory) abort();
    return memory;
}

static void note(Sample *s, double value) {
    s->values = grown(s->values, s->count + 1, &s->room, sizeof(double));
    s->values[s->count++] = value;
}

// A heap of the answers being sent, with the one whose token is due first at the top.

static void put_at(int i, Client *c) { heap[i] = c; c->heap_at = i; }

static void sift_up(int i) {
    Client *c = heap[i];
    for (; i > 0 && heap[(i - 1) / 2]->due_ns > c->due_ns; i = (i - 1) / 2) put_at(i, heap[(i - 1) / 2]);
    put_at(i, c);
}

static void sift_down(int i) {
    Client *c = heap[i];
    for (int child; (child = 2 * i + 1) < heap_size; i = child) {
        if (child + 1 < heap_size && heap[child + 1]->due_ns < heap[child]->due_ns) child++;
        if (heap[child]->due_ns >= c->due_ns) break;
        put_at(i, heap[child]);
    }
    put_at(i, c);
}

static void heap_add(Client *c) {
    size_t room = heap_room;
    heap = grown(heap, heap_size + 1, &room, sizeof *heap);
    heap_room = room;
    put_at(heap_size++, c);
    sift_up(heap_size - 1);
}

static void heap_drop(Client *c) {
    int i = c->heap_at;
    Client *last = heap[--heap_size];
    c->heap_at = -1;
    if (last == c) return;
    put_at(i, last);
    sift_up(i);
    sift_down(last->heap_at);
}

// Output

static void watch(Client *c, int out) {
    struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
    c->stuck = out;
}

static void flush(Client *c) {
    while (c->out_at < c->out_bytes) {
        ssize_t n = write(c->fd, c->out + c->out_at, c->out_bytes - c->out_at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            if (!c->stuck) watch(c, 1);
            return;
        }
        if (n < 0) break;  // the client has disconnected; read_from will notice
        c->out_at += n;
    }
    c->out_at = c->out_bytes = 0;
    if (c->stuck) watch(c, 0);
}

static void say(Client *c, const char *text, size_t n) {
    c->out = grown(c->out, c->out_bytes + n, &c->out_room, 1);
    memcpy(c->out + c->out_bytes, text, n);
    c->out_bytes += n;
}

static void say_event(Client *c, const char *json, int n) {
    char head[32];
    int m = snprintf(head, sizeof head, "%x\r\ndata: ", n + 8);
    say(c, head, m);
    say(c, json, n);
    say(c, "\n\n\r\n", 4);
}

#define ENVELOPE "{\"id\":\"chatcmpl-%d\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"referee\",\"choices\":["
#define CHOICE "{\"index\":0,\"delta\":{%s},\"logprobs\":null,\"finish_reason\":%s}]}"

static void say_token(Client *c) {
    char json[512], delta[64];
    int last = c->sent + 1 == c->total;
    if (c->sent == 0) {
        const char *head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        say(c, head, strlen(head));
        say_event(c, json, snprintf(json, sizeof json, ENVELOPE CHOICE, c->fd, "\"role\":\"assistant\",\"content\":\"\"", "null"));
    }
    snprintf(delta, sizeof delta, "\"content\":\" tok%d\"", c->sent % 1000);
    say_event(c, json, snprintf(json, sizeof json, ENVELOPE CHOICE, c->fd, delta, last ? "\"length\"" : "null"));
    if (last) {
        say_event(c, json, snprintf(json, sizeof json, ENVELOPE "],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":%d,\"total_tokens\":%d}}",
                                    c->fd, c->total, c->total + 7));
        say(c, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", 24);
    }
}

static void give_token(Client *c) {
    int first = c->sent == 0;
    say_token(c);
    flush(c);
    c->sent++;
    int64_t now = now_ns();
    if (c->way) {
        c->due_ns += itl_ns;
        sift_down(c->heap_at);
        return;
    }
    tokens++;
    note(first ? &ttfts : &itls, (now - (first ? c->arrived_ns : c->last_ns)) / 1e6);
    if (first) {
        note(&wire_ttfts, (now - c->wire_ns) / 1e6);
        c->first_ns = now;
    }
    c->last_ns = last_ns = now;
    if (c->sent == c->total) {
        note(&e2els, (now - c->arrived_ns) / 1e6);
        note(&wire_e2els, (now - c->wire_ns) / 1e6);
        if (c->total > 1) note(&tpots, (now - c->first_ns) / 1e6 / (c->total - 1));
        heap_drop(c);
        active--;
    } else {
        c->due_ns += itl_ns;
        sift_down(c->heap_at);
    }
}

// The pages

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int describe(char *out, const char *name, Sample *s) {
    double sum = 0;
    for (size_t i = 0; i < s->count; i++) sum += s->values[i];
    qsort(s->values, s->count, sizeof(double), ascending);
#define AT(share) (s->count ? s->values[(size_t)((s->count - 1) * (share))] : 0.0)
    return sprintf(out, "\"%s\":{\"n\":%zu,\"mean_ms\":%.4f,\"p50_ms\":%.4f,\"p90_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f}",
                   name, s->count, s->count ? sum / s->count : 0.0, AT(0.5), AT(0.9), AT(0.99), AT(1.0));
}

static void respond(Client *c, const char *status, const char *type, const char *body) {
    char head[200];
    say(c, head, snprintf(head, sizeof head, "HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %zu\r\n\r\n", status, type, strlen(body)));
    say(c, body, strlen(body));
    flush(c);
}

static void tell(Client *c) {
    char out[4096];
    double sum = 0, squares = 0;
    size_t gaps = arrivals.count > 1 ? arrivals.count - 1 : 0;
    for (size_t i = 0; i < gaps; i++) sum += arrivals.values[i + 1] - arrivals.values[i];
    double mean = gaps ? sum / gaps : 0;
    for (size_t i = 0; i < gaps; i++) {
        double off = arrivals.values[i + 1] - arrivals.values[i] - mean;
        squares += off * off;
    }
    int n = sprintf(out, "{\"requests\":%zu,\"done\":%zu,\"failed\":%lld,\"tokens\":%lld,\"peak_concurrency\":%d,\"active\":%d,\"span_s\":%.6f,"
                         "\"arrival_rate\":%.3f,\"gap_cv\":%.4f,", arrivals.count, e2els.count, (long long)failed, (long long)tokens, peak, active,
                    (last_ns - first_ns) / 1e9, mean > 0 ? 1 / mean : 0, mean > 0 ? sqrt(squares / gaps) / mean : 0);
    n += describe(out + n, "ttft", &ttfts);
    out[n++] = ',';
    n += describe(out + n, "ttft_wire", &wire_ttfts);
    out[n++] = ',';
    n += describe(out + n, "itl", &itls);
    out[n++] = ',';
    n += describe(out + n, "tpot", &tpots);
    out[n++] = ',';
    n += describe(out + n, "e2e", &e2els);
    out[n++] = ',';
    n += describe(out + n, "e2e_wire", &wire_e2els);
    strcpy(out + n, "}\n");
    respond(c, "200 OK", "application/json", out);
}

static void forget(void) {
    ttfts.count = wire_ttfts.count = itls.count = tpots.count = e2els.count = wire_e2els.count = arrivals.count = 0;
    tokens = first_ns = last_ns = failed = 0;
    peak = active;
}

// Obeys GET /fail/WAY/EVERY.
static const char *fail_as(const char *path) {
    const char *slash = strchr(path, '/');
    for (int i = 0; slash && i < WAYS; i++)
        if (strlen(ways[i]) == (size_t)(slash - path) && !strncmp(path, ways[i], slash - path)) {
            way = i;
            every = until_next = atoi(slash + 1);
            return "200 OK";
        }
    return "400 Bad Request";
}

// Requests

static int asked_tokens(const char *body, size_t n) {
    static const char *const names[] = {"\"max_completion_tokens\":", "\"max_tokens\":"};
    for (int i = 0; i < 2; i++) {
        const char *found = memmem(body, n, names[i], strlen(names[i]));
        if (found) return atoi(found + strlen(names[i]));
    }
    return default_tokens;
}

static void begin(Client *c, const char *body, size_t n) {
    c->arrived_ns = now_ns();
    c->due_ns = c->arrived_ns + ttft_ns;
    c->total = asked_tokens(body, n);
    if (c->total < 1) c->total = default_tokens;
    c->sent = 0;
    c->way = GOOD;
    if (way && --until_next <= 0) { c->way = way; until_next = every; }
    if (!first_ns) first_ns = c->arrived_ns;
    note(&arrivals, c->arrived_ns / 1e9);
    if (++active > peak) peak = active;
    heap_add(c);
}

static void take_requests(Client *c) {
    while (c->heap_at < 0) {
        char *end = memmem(c->in, c->in_bytes, "\r\n\r\n", 4);
        if (!end) return;
        size_t head = end + 4 - c->in;
        *end = 0;
        char *length = strcasestr(c->in, "\r\ncontent-length:");
        size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
        *end = '\r';
        if (c->in_bytes < head + body) return;
        if (!strncmp(c->in, "POST /v1/chat/completions ", 26)) begin(c, c->in + head, body);
        else if (!strncmp(c->in, "GET /truth", 10)) tell(c);
        else if (!strncmp(c->in, "GET /reset", 10)) { forget(); respond(c, "200 OK", "text/plain", "ok"); }
        else if (!strncmp(c->in, "GET /fail/", 10)) respond(c, fail_as(c->in + 10), "text/plain", "");
        else if (strncmp(c->in, "GET ", 4)) respond(c, "404 Not Found", "application/json", "{\"detail\":\"Not Found\"}");
        else respond(c, "200 OK", "application/json", "{\"object\":\"list\",\"data\":[{\"id\":\"referee\",\"object\":\"model\"}]}");
        c->in_bytes -= head + body;
        memmove(c->in, c->in + head + body, c->in_bytes);
    }
}

// read() that also returns when the kernel received the bytes, as a time of CLOCK_MONOTONIC.
static ssize_t stamped_read(int fd, char *into, size_t room, int64_t *received_ns) {
    char control[64];
    struct iovec io = {into, room};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &m, 0);
    struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    *received_ns = now_ns();
    if (h && h->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec real, *stamp = (struct timespec *)CMSG_DATA(h);
        clock_gettime(CLOCK_REALTIME, &real);
        *received_ns += (stamp->tv_sec - real.tv_sec) * 1000000000LL + stamp->tv_nsec - real.tv_nsec;
    }
    return n;
}

static void leave(Client *c) {
    if (c->heap_at >= 0) { heap_drop(c); active--; }
    close(c->fd);
    free(c->in);
    free(c->out);
    free(c);
}

static int fails_now(Client *c) {
    return c->way && c->sent >= (c->way <= HTTP_429 ? 0 : c->total / 2);
}

static void fail(Client *c) {
    static const char broken[] = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x", error[] = "{\"error\":{\"message\":\"broken\",\"code\":500}}";
    struct linger at_once = {1, 0};
    heap_drop(c);
    active--;
    failed++;
    if (c->way == HTTP_500) respond(c, "500 Internal Server Error", "application/json", error);
    else if (c->way == HTTP_429) respond(c, "429 Too Many Requests\r\nretry-after: 1", "application/json", error);
    else if (c->way == MALFORMED) { say_event(c, broken, sizeof broken - 1); flush(c); }
    else if (c->way == ERROR_EVENT) { say_event(c, error, sizeof error - 1); say(c, "0\r\n\r\n", 5); flush(c); }
    else if (c->way == CUT_CHUNK) { say(c, "400\r\ndata: {", 12); flush(c); }
    if (c->way == RESET || c->way == CUT) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (c->way == RESET || c->way == CUT || c->way == CUT_CHUNK) leave(c);
    else take_requests(c);
}

static void read_from(Client *c) {
    int64_t received_ns;
    for (;;) {
        c->in = grown(c->in, c->in_bytes + READ_ROOM + 1, &c->in_room, 1);
        ssize_t n = stamped_read(c->fd, c->in + c->in_bytes, READ_ROOM, &received_ns);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0 || (n < 0 && errno != EAGAIN)) { leave(c); return; }
        if (n > 0) { c->in_bytes += n; c->wire_ns = received_ns; }
        if (n < READ_ROOM) break;
    }
    take_requests(c);
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
        Client *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->heap_at = -1;
        // Touched now, so that the first request does not wait for page faults.
        c->in = grown(c->in, READ_ROOM + 1, &c->in_room, 1);
        memset(c->in, 0, c->in_room);
        c->out = grown(c->out, 4096, &c->out_room, 1);
        memset(c->out, 0, c->out_room);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
    }
}

int referee_serve(int listener, int lifeline, int64_t ttft_us, int64_t itl_us, int tokens_each) {
    ttft_ns = ttft_us * 1000;
    itl_ns = itl_us * 1000;
    default_tokens = tokens_each;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if ((epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0) return errno;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &listener}, events[MOST_EVENTS];
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e)) return errno;
    e.data.ptr = &lifeline;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, lifeline, &e)) return errno;
    for (;;) {
        struct timespec wait, *until = NULL;
        if (heap_size) {
            int64_t left = heap[0]->due_ns - now_ns();
            if (left < 0) left = 0;
            wait = (struct timespec){left / 1000000000, left % 1000000000};
            until = &wait;
        }
        int ready = epoll_pwait2(epoll_fd, events, MOST_EVENTS, until, NULL);
        for (int i = 0; i < ready; i++) {
            void *at = events[i].data.ptr;
            if (at == &lifeline) return 0;
            if (at == &listener) { accept_all(listener); continue; }
            Client *c = at;
            if (events[i].events & EPOLLOUT) flush(c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_from(c);
        }
        // At most one token per answer before sockets are polled again. An answer whose socket is full waits.
        int64_t now = now_ns();
        for (int turns = heap_size; turns > 0 && heap_size && heap[0]->due_ns <= now; turns--) {
            Client *c = heap[0];
            if (fails_now(c)) fail(c);
            else if (c->out_bytes - c->out_at > 1 << 18) { c->due_ns = now + 200000; sift_down(0); }
            else {
                give_token(c);
                if (c->heap_at < 0) take_requests(c);
            }
        }
    }
}
