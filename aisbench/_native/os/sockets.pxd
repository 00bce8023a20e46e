"""The socket calls of the per-event path, and the read that brings the kernel's receive stamp."""
from libc.stdint cimport int64_t
from posix.time cimport timespec

cdef extern from "sys/uio.h" nogil:
    struct iovec:
        void* iov_base
        size_t iov_len

cdef extern from "sys/socket.h" nogil:
    ctypedef unsigned int socklen_t
    struct sockaddr:
        unsigned short sa_family
    struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
        int msg_flags
    struct cmsghdr:
        int cmsg_level
        int cmsg_type
    int c_socket "socket"(int domain, int type, int protocol)
    int c_connect "connect"(int fd, const sockaddr* address, socklen_t n)
    int c_bind "bind"(int fd, const sockaddr* address, socklen_t n)
    int setsockopt(int fd, int level, int name, const void* value, socklen_t n)
    int getsockopt(int fd, int level, int name, void* value, socklen_t* n)
    ssize_t sendmsg(int fd, const msghdr* message, int flags)
    ssize_t recvmsg(int fd, msghdr* message, int flags)
    cmsghdr* CMSG_FIRSTHDR(msghdr* message)
    unsigned char* CMSG_DATA(cmsghdr* header)
    int SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC, SOL_SOCKET, SO_TIMESTAMPNS, SCM_TIMESTAMPNS, SO_ERROR
    int MSG_NOSIGNAL, MSG_DONTWAIT, AF_UNIX

cdef extern from "netinet/in.h" nogil:
    int IPPROTO_TCP, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT

cdef extern from "netinet/tcp.h" nogil:
    int TCP_NODELAY, TCP_INFO

cdef extern from * nogil:
    """
    #include <stdint.h>
    /* The kernel's struct tcp_info (linux/tcp.h, which cannot be included beside netinet/tcp.h), as far as it is used. */
    struct aisbench_tcp_info {
        uint8_t before[120];
        uint64_t bytes_acked;
        uint8_t between[72];
        uint64_t bytes_sent;
        uint64_t bytes_retrans;
    };
    """
    struct aisbench_tcp_info:
        int64_t bytes_acked
        int64_t bytes_sent
        int64_t bytes_retrans


cdef inline int64_t unacknowledged(int fd) noexcept nogil:
    """The number of bytes sent that the peer's kernel never acknowledged; -1: this kernel does not tell (before 4.19)."""
    cdef aisbench_tcp_info info
    cdef socklen_t n = sizeof(info)
    if getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 or n < sizeof(info):
        return -1
    # The acknowledgement of the connection's start counts as one byte.
    return info.bytes_sent - info.bytes_retrans - (info.bytes_acked - 1)


cdef inline ssize_t stamped_recv(int fd, char* buffer, Py_ssize_t room, int64_t* stamp_ns) noexcept nogil:
    """recv, and the kernel's CLOCK_REALTIME receive stamp of the last byte read (0: none)."""
    cdef iovec io
    cdef msghdr message
    cdef char control[64]
    cdef cmsghdr* header
    cdef timespec* stamp
    cdef ssize_t n
    io.iov_base = buffer
    io.iov_len = room
    message.msg_name = NULL
    message.msg_namelen = 0
    message.msg_iov = &io
    message.msg_iovlen = 1
    message.msg_control = control
    message.msg_controllen = sizeof(control)
    message.msg_flags = 0
    stamp_ns[0] = 0
    n = recvmsg(fd, &message, MSG_DONTWAIT)
    if n > 0:
        header = CMSG_FIRSTHDR(&message)
        if header != NULL and header.cmsg_level == SOL_SOCKET and header.cmsg_type == SCM_TIMESTAMPNS:
            stamp = <timespec*>CMSG_DATA(header)
            stamp_ns[0] = <int64_t>stamp.tv_sec * 1_000_000_000 + stamp.tv_nsec
    return n
