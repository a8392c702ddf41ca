/* A library that an nginx build is made to load: one fault, in the processes that a real bug would hit.
 *
 * It stands before libc in the look-up order, so what nginx calls is answered here first. The constructor runs
 * before main, in the master, when the environment is still the one it was started with. Workers are told from
 * the master by what they alone call: epoll_ctl at their start (`-t` does not), recv when a client has sent something.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is(const char *fault) { return strcmp(FAULT, fault) == 0; }

__attribute__((constructor)) static void at_load(void)
{
    if (is("exits-with-NGINX") && getenv("NGINX") != NULL) {
        _exit(1);
    }
    if (is("needs-a-variable") && getenv("NEEDED") == NULL) {
        _exit(1);
    }
    if (is("starts-slowly") && getenv("NGINX") != NULL) {
        struct timespec a_while = {0, 700 * 1000 * 1000};
        nanosleep(&a_while, NULL);
    }
}

/* Where the master waits for signals: those that would end it stay pending. */
int sigsuspend(const sigset_t *mask)
{
    int (*next)(const sigset_t *) = dlsym(RTLD_NEXT, "sigsuspend");
    sigset_t deaf = *mask;

    if (is("resists")) {
        sigaddset(&deaf, SIGQUIT);
        sigaddset(&deaf, SIGTERM);
    }
    return next(&deaf);
}

/* Milliseconds since the worker's first answer. */
static long serves_for(void)
{
    static struct timespec first;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (first.tv_sec == 0) {
        first = now;
    }
    return (now.tv_sec - first.tv_sec) * 1000 + (now.tv_nsec - first.tv_nsec) / 1000000;
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    int (*next)(int, int, int, struct epoll_event *) = dlsym(RTLD_NEXT, "epoll_ctl");

    if (is("segfaults-at-start")) {
        raise(SIGSEGV);
    }
    if (is("exits-2")) {
        _exit(2);
    }
    return next(epoll, operation, fd, event);
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    ssize_t (*next)(int, void *, size_t, int) = dlsym(RTLD_NEXT, "recv");

    if (is("segfaults-per-request")) {
        raise(SIGSEGV);
    }
    while (is("hangs")) {
        pause();
    }
    if (is("sleeps-in-D")) {
        /* A process that waits for its vfork child is in uninterruptible sleep: no signal but KILL reaches it. */
        if (vfork() == 0) {
            for (;;) {
                pause();
            }
        }
    }
    if (is("slow-answers")) {
        struct timespec two_seconds = {2, 0};
        nanosleep(&two_seconds, NULL);
    }
    return next(fd, buffer, size, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t (*next)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");

    if ((is("answers-500") || (is("goes-bad") && serves_for() > 300)) && count > 0 && parts[0].iov_len > 12
        && memcmp(parts[0].iov_base, "HTTP/1.1 ", 9) == 0) {
        memcpy((char *) parts[0].iov_base + 9, "500", 3);
    }
    return next(fd, parts, count);
}
