/*
 * The floors in C, so that what the language costs can be told from what the design costs. One thread, epoll.
 *
 *   floor append FOLDER os|ack BATCH_AT     receive frames, CRC-32C, one writev for all of a read, 60-byte answers;
 *                                           with ack one writev and one fdatasync for all of a turn of the loop
 *   floor sendfile FILE SLICE_BYTES         answer every frame with 60 bytes and the next slice of the file
 *
 * Says `port N`; answers `fresh` on standard input by beginning a new file; ends when standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BUFFER_BYTES (1280 * 1024)
#define REPLY_BYTES 60
#define FRAMES_MAX 1024
#define HELD_MAX 1024                /* IOV_MAX */
#define CRC_FROM 21
#define WAITING_MAX 4096

typedef struct {
  int fd;
  char *buffer;
  size_t filled;
  uint32_t waiting[WAITING_MAX];   /* sendfile: correlation ids to be answered */
  unsigned first, count;
  size_t head_left, left;          /* of the answer under way */
  off_t position;
  char head[REPLY_BYTES];
  char *pending;                   /* append: replies that the socket did not take */
  size_t pending_size;
  size_t taken;                    /* ack: bytes of frames that wait for the sync, and their ids */
  unsigned held;
  uint32_t ids[FRAMES_MAX];
} Connection;

static int is_append, sync_each, poller, file = -1;
static const char *folder;
static char path[4096];
static size_t batch_at, slice_bytes, file_bytes;

static void die(const char *what) {
  perror(what);
  exit(1);
}

#if defined(__SSE4_2__)
#include <nmmintrin.h>
static uint32_t crc32c(const char *p, size_t n) {
  uint64_t crc = 0xffffffff;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  for (; n; p++, n--) crc = _mm_crc32_u8((uint32_t)crc, (uint8_t)*p);
  return ~(uint32_t)crc;
}
#else
static uint32_t crc32c(const char *p, size_t n) {
  static uint32_t table[256];
  if (!table[1])
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t c = i;
      for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
      table[i] = c;
    }
  uint32_t crc = 0xffffffff;
  while (n--) crc = crc >> 8 ^ table[(crc ^ (uint8_t)*p++) & 255];
  return ~crc;
}
#endif

static uint32_t read32(const char *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void put32(char *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static void fresh(void) {
  static int files;
  if (!is_append) return;
  if (file >= 0) close(file), unlink(path);
  snprintf(path, sizeof path, "%s/cfloor-%d", folder, ++files);
  file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) die(path);
}

static void watch(Connection *c, int writable) {
  struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void end_connection(Connection *c) {
  close(c->fd);
  free(c->buffer), free(c->pending), free(c);
}

static void write_batches(struct iovec *iov, unsigned n) {
  while (n > 0) {
    ssize_t done = writev(file, iov, n);
    if (done < 0) die("writev");
    while (n > 0 && (size_t)done >= iov->iov_len) done -= iov->iov_len, iov++, n--;
    if (n > 0) iov->iov_base = (char *)iov->iov_base + done, iov->iov_len -= done;
  }
  if (sync_each && fdatasync(file) < 0) die("fdatasync");
}

static void flush_pending(Connection *c) {
  ssize_t sent = send(c->fd, c->pending, c->pending_size, MSG_NOSIGNAL);
  if (sent < 0) return;
  memmove(c->pending, c->pending + sent, c->pending_size - sent);
  c->pending_size -= sent;
  watch(c, c->pending_size > 0);
}

static void reply(Connection *c, const char *bytes, size_t size) {
  c->pending = realloc(c->pending, c->pending_size + size);
  memcpy(c->pending + c->pending_size, bytes, size);
  c->pending_size += size;
  flush_pending(c);
}

/* Sends answers until there are none or the socket is full. */
static void send_slices(Connection *c) {
  for (;;) {
    if (!c->head_left && !c->left) {
      if (!c->count) {
        watch(c, 0);
        return;
      }
      memset(c->head, 0, REPLY_BYTES);
      put32(c->head, REPLY_BYTES - 4 + slice_bytes);
      put32(c->head + 4, c->waiting[c->first]);
      c->first = (c->first + 1) % WAITING_MAX, c->count--;
      c->head_left = REPLY_BYTES, c->left = slice_bytes;
      if (c->position + slice_bytes > file_bytes) c->position = 0;
    }
    ssize_t n;
    if (c->head_left) {
      n = send(c->fd, c->head + REPLY_BYTES - c->head_left, c->head_left, MSG_MORE | MSG_NOSIGNAL);
      if (n > 0) c->head_left -= n;
    } else {
      n = sendfile(c->fd, file, &c->position, c->left);
      if (n > 0) c->left -= n;
    }
    if (n <= 0) {
      watch(c, 1);
      return;
    }
  }
}

/* ack: what all connections have brought in this turn of the loop. */
static struct iovec held_iov[HELD_MAX];
static Connection *held_by[HELD_MAX];
static unsigned held_frames, held_connections;

/* Takes whole frames; they stay in the buffer until the sync. */
static int hold(Connection *c) {
  while (c->taken + 4 <= c->filled && c->held < FRAMES_MAX && held_frames < HELD_MAX) {
    size_t end = c->taken + 4 + read32(c->buffer + c->taken);
    if (end > c->filled) break;
    char *batch = c->buffer + c->taken + batch_at;
    size_t size = end - c->taken - batch_at;
    if (crc32c(batch + CRC_FROM, size - CRC_FROM) != read32(batch + CRC_FROM - 4)) die("CRC");
    if (!c->held) held_by[held_connections++] = c;
    held_iov[held_frames++] = (struct iovec){batch, size};
    c->ids[c->held++] = read32(c->buffer + c->taken + 8);
    c->taken = end;
  }
  return 1;
}

/* One write and one sync for all of them, then the answers. */
static void sync_held(void) {
  static char replies[FRAMES_MAX * REPLY_BYTES];
  if (!held_frames) return;
  write_batches(held_iov, held_frames);
  for (unsigned i = 0; i < held_connections; i++) {
    Connection *c = held_by[i];
    memset(replies, 0, c->held * REPLY_BYTES);
    for (unsigned k = 0; k < c->held; k++) {
      put32(replies + k * REPLY_BYTES, REPLY_BYTES - 4);
      put32(replies + k * REPLY_BYTES + 4, c->ids[k]);
    }
    reply(c, replies, c->held * REPLY_BYTES);
    memmove(c->buffer, c->buffer + c->taken, c->filled - c->taken);
    c->filled -= c->taken;
    c->taken = c->held = 0;
  }
  held_frames = held_connections = 0;
}

static int receive(Connection *c) {
  ssize_t n = recv(c->fd, c->buffer + c->filled, BUFFER_BYTES - c->filled, 0);
  if (n < 0 && errno == EAGAIN) return 1;
  if (n <= 0) return 0;
  c->filled += n;
  if (is_append && sync_each) return hold(c);
  struct iovec iov[FRAMES_MAX];
  static char replies[FRAMES_MAX * REPLY_BYTES];
  unsigned frames = 0;
  size_t at = 0;
  while (at + 4 <= c->filled && frames < FRAMES_MAX) {
    size_t end = at + 4 + read32(c->buffer + at);
    if (end > c->filled) break;
    uint32_t id = read32(c->buffer + at + 8);
    if (is_append) {
      char *batch = c->buffer + at + batch_at;
      size_t size = end - at - batch_at;
      if (crc32c(batch + CRC_FROM, size - CRC_FROM) != read32(batch + CRC_FROM - 4)) die("CRC");
      iov[frames] = (struct iovec){batch, size};
      memset(replies + frames * REPLY_BYTES, 0, REPLY_BYTES);
      put32(replies + frames * REPLY_BYTES, REPLY_BYTES - 4);
      put32(replies + frames * REPLY_BYTES + 4, id);
    } else {
      c->waiting[(c->first + c->count++) % WAITING_MAX] = id;
    }
    frames++;
    at = end;
  }
  if (frames && is_append) write_batches(iov, frames), reply(c, replies, frames * REPLY_BYTES);
  if (frames && !is_append) send_slices(c);
  memmove(c->buffer, c->buffer + at, c->filled - at);
  c->filled -= at;
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 4) return fputs("floor append FOLDER os|ack BATCH_AT | floor sendfile FILE SLICE_BYTES\n", stderr), 2;
  is_append = !strcmp(argv[1], "append");
  if (is_append) {
    folder = argv[2], sync_each = !strcmp(argv[3], "ack"), batch_at = argc > 4 ? atol(argv[4]) : 0;
    fresh();
  } else {
    struct stat st;
    file = open(argv[2], O_RDONLY);
    if (file < 0 || fstat(file, &st) < 0) die(argv[2]);
    file_bytes = st.st_size, slice_bytes = atol(argv[3]);
  }
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof here;
  if (bind(listener, (struct sockaddr *)&here, size) < 0 || listen(listener, 128) < 0) die("listen");
  getsockname(listener, (struct sockaddr *)&here, &size);
  printf("port %d\n", ntohs(here.sin_port)), fflush(stdout);

  poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, input = {.events = EPOLLIN, .data.ptr = &listener};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &input);
  for (;;) {
    struct epoll_event events[64];
    int n = epoll_wait(poller, events, 64, -1);
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (c == NULL) {
        c = calloc(1, sizeof *c);
        c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        c->buffer = malloc(BUFFER_BYTES);
        int one = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event new = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &new);
      } else if ((void *)c == (void *)&listener) {
        char line[64];
        if (read(0, line, sizeof line) <= 0) return 0;
        fresh();
        puts("fresh"), fflush(stdout);
      } else {
        if (events[i].events & EPOLLOUT) is_append ? flush_pending(c) : send_slices(c);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !receive(c)) {
          sync_held();
          end_connection(c);
        }
      }
    }
    sync_held();
  }
}
