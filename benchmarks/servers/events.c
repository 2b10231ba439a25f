/* A server of event streams that costs next to nothing, so that what is measured is the client.

   events PORT FILE INTERVAL_US

   Answers every request, whatever its path, with the events of FILE (separated by blank lines) as a chunked
   `text/event-stream`: one HTTP chunk and one write per event, INTERVAL_US apart; with 0 all at once, still one chunk
   per event. STAMP in an event (16 characters: "STAMPSTAMPSTAMPS") becomes CLOCK_MONOTONIC in ns, so that a client on
   the same machine can tell how late it sees the event. Connections are kept. PORT 0 picks one; it is printed.
   One thread, epoll. Built with `cc -O2`. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FDS 16384
#define STAMP "STAMPSTAMPSTAMPS"
#define STAMP_SIZE 16

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                           "X-Oneapi-Request-Id: 20261124000000000000000abc\r\nTransfer-Encoding: chunked\r\n\r\n";

typedef struct { char *bytes; size_t size; char *stamp; } Event;
typedef struct {
    char request[8192]; size_t got;
    int streaming; size_t next; int64_t due; size_t written;
} Connection;

static Event *events; static size_t event_count;
static char *whole; static size_t whole_size;
static Connection *connections[MAX_FDS];
static int poller, highest;
static int64_t interval;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) { perror(what); exit(1); }

static void add_event(const char *text, size_t size) {
    Event *event = &events[event_count++];
    char head[32];
    int head_size = sprintf(head, "%zx\r\n", size);
    event->size = head_size + size + 2;
    event->bytes = malloc(event->size + 1);
    memcpy(event->bytes, head, head_size);
    memcpy(event->bytes + head_size, text, size);
    memcpy(event->bytes + head_size + size, "\r\n", 3);
    event->stamp = memmem(event->bytes, event->size, STAMP, STAMP_SIZE);
}

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    size_t size = ftell(file), count = 1;
    rewind(file);
    char *text = malloc(size + 1);
    if (fread(text, 1, size, file) != size) fail(path);
    text[size] = 0;
    for (char *place = text; (place = strstr(place, "\n\n")); place += 2) count++;
    events = calloc(count + 1, sizeof(Event));
    char *start = text, *end;
    while ((end = strstr(start, "\n\n"))) { add_event(start, end + 2 - start); start = end + 2; }
    whole_size = sizeof(HEAD) - 1 + 5;
    for (size_t i = 0; i < event_count; i++) whole_size += events[i].size;
    char *out = whole = malloc(whole_size);
    out = mempcpy(out, HEAD, sizeof(HEAD) - 1);
    for (size_t i = 0; i < event_count; i++) out = mempcpy(out, events[i].bytes, events[i].size);
    memcpy(out, "0\r\n\r\n", 5);
}

static void drop(int fd) { close(fd); free(connections[fd]); connections[fd] = NULL; }

/* Small writes to a reader that keeps up; one that does not is dropped, which the client sees as an error. */
static int put(int fd, const char *bytes, size_t size) {
    if (write(fd, bytes, size) == (ssize_t)size) return 1;
    drop(fd);
    return 0;
}

static void push_whole(int fd, Connection *c) {
    while (c->written < whole_size) {
        ssize_t done = write(fd, whole + c->written, whole_size - c->written);
        if (done < 0) {
            if (errno == EAGAIN) return;
            drop(fd);
            return;
        }
        c->written += done;
    }
    c->streaming = 0;
}

static void push_event(int fd, Connection *c) {
    Event *event = &events[c->next++];
    if (event->stamp) {
        char stamp[STAMP_SIZE + 1];
        snprintf(stamp, sizeof stamp, "%016lld", (long long)now_ns());
        memcpy(event->stamp, stamp, STAMP_SIZE);
    }
    if (!put(fd, event->bytes, event->size)) return;
    c->due += interval;
    if (c->next == event_count) {
        c->streaming = 0;
        put(fd, "0\r\n\r\n", 5);
    }
}

static void begin(int fd, Connection *c) {
    c->streaming = 1; c->next = 0; c->written = 0; c->due = now_ns();
    if (interval == 0) { push_whole(fd, c); return; }
    if (put(fd, HEAD, sizeof(HEAD) - 1)) push_event(fd, c);
}

static void readable(int fd, Connection *c) {
    ssize_t got = read(fd, c->request + c->got, sizeof(c->request) - 1 - c->got);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) drop(fd);
        return;
    }
    c->got += got;
    c->request[c->got] = 0;
    char *end = strstr(c->request, "\r\n\r\n");
    if (!end) return;
    char *length = strcasestr(c->request, "\r\ncontent-length:");
    size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    if (c->got < (size_t)(end + 4 - c->request) + body) return;
    c->got = 0;
    begin(fd, c);
}

static void accept_all(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FDS) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[fd] = calloc(1, sizeof(Connection));
        if (fd > highest) highest = fd;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    }
}

/* Sends what is due; milliseconds until more is. */
static int push_due(void) {
    int64_t now = now_ns(), next = now + 1000000000;
    for (int fd = 0; fd <= highest; fd++) {
        Connection *c = connections[fd];
        if (!c || !c->streaming) continue;
        if (c->due <= now) push_event(fd, c);
        c = connections[fd];
        if (c && c->streaming && c->due < next) next = c->due;
    }
    int64_t wait = next - now_ns();
    return wait <= 0 ? 0 : (int)((wait + 999999) / 1000000);
}

int main(int argc, char **argv) {
    if (argc != 4) { fprintf(stderr, "usage: events PORT FILE INTERVAL_US\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    interval = atoll(argv[3]) * 1000;
    load(argv[2]);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[512];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poller, ready, 512, interval ? push_due() : -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) { accept_all(listener); continue; }
            if (ready[i].events & EPOLLIN && connections[fd]) readable(fd, connections[fd]);
            Connection *c = connections[fd];
            if (c && c->streaming && interval == 0) push_whole(fd, c);
        }
    }
}
