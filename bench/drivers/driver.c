/*
 * Sends prebuilt request frames on many connections and times the answers. One thread, epoll.
 *
 * Closed loop: every connection keeps `depth` requests in flight. Open loop (--rate): requests are due at fixed times, whatever
 * the broker does, and a latency counts from when its request was due (no coordinated omission).
 *
 * A response is judged by its size and by the int16 error code at --error-at (counted from behind the size field); any
 * other value than 0 is an error. Prints one JSON object a line: {"event":"begin"}, {"event":"end",...}, {"event":"done",...}.
 * The options are those of drivers/driver.ts, which explains them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PREFIX_MAX 512               /* bytes of a response that are looked at */
#define IOV_MAX_HERE 64
#define DISCARD_FROM (256 * 1024)    /* a rest this large is dropped in the kernel */
#define SAMPLES_MAX (8 * 1024 * 1024)
#define DRAIN_NS (10 * 1000000000LL)

typedef struct { const char *bytes; size_t size; } Frame;

typedef struct {
  int fd;
  unsigned index, next_frame;
  size_t sent_of_frame;              /* bytes of the frame at the head of the unsent ones */
  unsigned queued, in_flight;        /* begun but not fully sent; sent or begun and not answered */
  int64_t *due;                      /* ring of `depth` due times, oldest answer first */
  unsigned due_head;
  int64_t next_due;                  /* open loop: when the next request of this connection is due */
  char prefix[PREFIX_MAX];
  size_t have, size;                 /* bytes seen of the response, size field included; its whole size or 0 */
  int want_write;
} Connection;

static const char *host = "127.0.0.1", *latencies_path;
static int port, error_at = -1;
static unsigned connections = 1, depth = 5;
static long warmup_ms, duration_ms = 2000, requests_max;
static size_t size_min;
static double rate;

static Frame *frames;
static unsigned frame_count;
static Connection *conns;
static int poller;
static char scratch[1024 * 1024];
static uint32_t *samples;
static size_t sample_count;

static int64_t begin_ns, end_ns, now_ns;
static int phase;                    /* 0 warming up, 1 measuring, 2 draining */
static uint64_t answered, errors, bytes_in, bytes_out, begun;
static int first_error;

static void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "driver: ");
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  exit(1);
}

static int64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double cpu_ms(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void load_frames(const char *path) {
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) fail("%s: %s", path, strerror(errno));
  char *all = malloc(st.st_size);
  for (off_t at = 0; at < st.st_size;) {
    ssize_t n = read(fd, all + at, st.st_size - at);
    if (n <= 0) fail("%s cannot be read", path);
    at += n;
  }
  close(fd);
  for (off_t at = 0; at + 4 <= st.st_size;) {
    uint32_t size;
    memcpy(&size, all + at, 4);
    size = ntohl(size) + 4;
    if (at + (off_t)size > st.st_size) fail("%s ends inside a frame", path);
    frames = realloc(frames, (frame_count + 1) * sizeof(Frame));
    frames[frame_count++] = (Frame){all + at, size};
    at += size;
  }
  if (frame_count == 0) fail("%s holds no frame", path);
}

static void open_connection(Connection *c, unsigned index) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1) fail("%s is no IPv4 address", host);
  c->index = index;
  c->next_frame = index % frame_count;
  c->due = calloc(depth, sizeof(int64_t));
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) fail("%s:%d: %s", host, port, strerror(errno));
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

/* Connection c sends frames c, c + C, c + 2C, ...; where there are fewer frames than connections, all share them. */
static unsigned frame_after(unsigned frame) { return (frame + connections) % frame_count; }

static void want_write(Connection *c, int want) {
  if (c->want_write == want) return;
  c->want_write = want;
  struct epoll_event event = {.events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void begin_requests(Connection *c) {
  while (phase < 2 && c->in_flight < depth) {
    if (requests_max && begun >= (uint64_t)requests_max) return;
    int64_t due = now_ns;
    if (rate > 0) {
      if (c->next_due > now_ns) return;
      due = c->next_due;
      c->next_due += (int64_t)(1e9 * connections / rate);
    }
    c->due[(c->due_head + c->in_flight) % depth] = due;
    c->in_flight++;
    c->queued++;
    begun++;
  }
}

static void send_queued(Connection *c) {
  while (c->queued > 0) {
    struct iovec iov[IOV_MAX_HERE];
    unsigned n = 0, frame = c->next_frame;
    for (; n < c->queued && n < IOV_MAX_HERE; n++, frame = frame_after(frame)) {
      size_t skip = n == 0 ? c->sent_of_frame : 0;
      iov[n] = (struct iovec){(char *)frames[frame].bytes + skip, frames[frame].size - skip};
    }
    ssize_t sent = writev(c->fd, iov, n);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) fail("sending: %s", strerror(errno));
      want_write(c, 1);
      return;
    }
    if (phase == 1) bytes_out += sent;
    for (unsigned i = 0; i < n && sent > 0; i++) {
      if ((size_t)sent < iov[i].iov_len) {
        c->sent_of_frame += sent;
        break;
      }
      sent -= iov[i].iov_len;
      c->sent_of_frame = 0;
      c->next_frame = frame_after(c->next_frame);
      c->queued--;
    }
  }
  want_write(c, 0);
}

static void finish_response(Connection *c) {
  if (c->in_flight == 0) fail("an answer that nobody asked for");
  int code = 0;
  if (c->size < size_min) code = -100;
  if (error_at >= 0) {
    size_t at = 4 + error_at;
    if (at + 2 > c->size) code = -101;
    else if (!code) code = (int16_t)((uint8_t)c->prefix[at] << 8 | (uint8_t)c->prefix[at + 1]);
  }
  if (code) {
    if (!errors++) first_error = code;
  }
  if (phase == 1) {
    answered++;
    if (sample_count < SAMPLES_MAX) {
      int64_t us = (now_ns - c->due[c->due_head]) / 1000;
      samples[sample_count++] = us > UINT32_MAX ? UINT32_MAX : us < 1 ? 1 : us;
    }
  }
  c->due_head = (c->due_head + 1) % depth;
  c->in_flight--;
  c->have = c->size = 0;
}

static void take(Connection *c, const char *bytes, size_t count) {
  while (count > 0) {
    if (c->have < PREFIX_MAX) {
      size_t want = c->size && c->size < PREFIX_MAX ? c->size : PREFIX_MAX;
      if (!c->size && c->have < 4) want = 4;
      size_t n = want - c->have < count ? want - c->have : count;
      memcpy(c->prefix + c->have, bytes, n);
      c->have += n, bytes += n, count -= n;
    } else {
      size_t left = c->size - c->have, n = left < count ? left : count;
      c->have += n, bytes += n, count -= n;
    }
    if (!c->size && c->have >= 4) {
      uint32_t size;
      memcpy(&size, c->prefix, 4);
      c->size = (size_t)ntohl(size) + 4;
    }
    if (c->size && c->have >= c->size) finish_response(c);
  }
}

static void receive(Connection *c) {
  for (;;) {
    size_t left = c->have >= PREFIX_MAX ? c->size - c->have : 0;
    int discard = left >= DISCARD_FROM;
    ssize_t n = discard ? recv(c->fd, scratch, left, MSG_TRUNC) : recv(c->fd, scratch, sizeof scratch, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return;
      fail("receiving: %s", strerror(errno));
    }
    if (n == 0) fail("the broker closed the connection");
    now_ns = clock_ns();
    if (phase == 1) bytes_in += n;
    if (discard) {
      c->have += n;
      if (c->have >= c->size) finish_response(c);
    } else {
      take(c, scratch, n);
      if ((size_t)n < sizeof scratch) return;
    }
  }
}

static void report(const char *event, double cpu) {
  printf("{\"event\":\"%s\",\"elapsedNs\":%lld,\"requests\":%llu,\"errors\":%llu,\"firstError\":%d,"
         "\"bytesIn\":%llu,\"bytesOut\":%llu,\"cpuMs\":%.3f}\n",
         event, (long long)(end_ns - begin_ns), (unsigned long long)answered, (unsigned long long)errors,
         first_error, (unsigned long long)bytes_in, (unsigned long long)bytes_out, cpu);
  fflush(stdout);
}

static void write_latencies(void) {
  if (!latencies_path) return;
  FILE *file = fopen(latencies_path, "w");
  if (!file || fwrite(samples, 4, sample_count, file) != sample_count || fclose(file)) fail("%s cannot be written", latencies_path);
}

static unsigned in_flight_in_all(void) {
  unsigned all = 0;
  for (unsigned i = 0; i < connections; i++) all += conns[i].in_flight;
  return all;
}

/* How long epoll may sleep: until the next request of the open loop is due, and never past a change of phase. */
static int wait_ms(int64_t phase_end) {
  int64_t until = phase_end;
  if (rate > 0 && phase < 2)
    for (unsigned i = 0; i < connections; i++)
      if (conns[i].in_flight < depth && conns[i].next_due < until) until = conns[i].next_due;
  int64_t ms = (until - clock_ns()) / 1000000;
  return ms < 0 ? 0 : ms > 100 ? 100 : (int)ms;
}

static void run(void) {
  double cpu_begin = 0;
  int64_t phase_end = clock_ns() + warmup_ms * 1000000LL;
  now_ns = clock_ns();
  for (unsigned i = 0; i < connections; i++) conns[i].next_due = now_ns + (int64_t)(1e9 * i / (rate > 0 ? rate : 1));
  for (;;) {
    now_ns = clock_ns();
    if (phase == 0 && now_ns >= phase_end) {
      phase = 1, begin_ns = now_ns, cpu_begin = cpu_ms();
      phase_end = now_ns + duration_ms * 1000000LL;
      begun = 0;
      printf("{\"event\":\"begin\"}\n"), fflush(stdout);
    }
    int sent_all = requests_max && begun >= (uint64_t)requests_max && in_flight_in_all() == 0;
    if (phase == 1 && (now_ns >= phase_end || sent_all)) {
      phase = 2, end_ns = now_ns, phase_end = now_ns + DRAIN_NS;
      report("end", cpu_ms() - cpu_begin);
    }
    if (phase == 2) {
      if (in_flight_in_all() == 0) break;
      if (now_ns >= phase_end) fail("%u requests were not answered within 10 s", in_flight_in_all());
    } else {
      for (unsigned i = 0; i < connections; i++) {
        begin_requests(&conns[i]);
        if (conns[i].queued && !conns[i].want_write) send_queued(&conns[i]);
      }
    }
    struct epoll_event events[64];
    int n = epoll_wait(poller, events, 64, wait_ms(phase_end));
    for (int i = 0; i < n; i++) {
      Connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_queued(c);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
    }
  }
  write_latencies();
  report("done", cpu_ms() - cpu_begin);
}

int main(int argc, char **argv) {
  const char *frames_path = NULL;
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (!strcmp(name, "--host")) host = value;
    else if (!strcmp(name, "--port")) port = atoi(value);
    else if (!strcmp(name, "--frames")) frames_path = value;
    else if (!strcmp(name, "--connections")) connections = atoi(value);
    else if (!strcmp(name, "--depth")) depth = atoi(value);
    else if (!strcmp(name, "--warmup-ms")) warmup_ms = atol(value);
    else if (!strcmp(name, "--duration-ms")) duration_ms = atol(value);
    else if (!strcmp(name, "--requests-max")) requests_max = atol(value);
    else if (!strcmp(name, "--error-at")) error_at = atoi(value);
    else if (!strcmp(name, "--size-min")) size_min = atol(value);
    else if (!strcmp(name, "--rate")) rate = atof(value);
    else if (!strcmp(name, "--latencies")) latencies_path = value;
    else fail("unknown option %s", name);
  }
  if (!frames_path || !port || !connections || !depth) fail("--port, --frames, --connections and --depth are needed");
  if (error_at + 6 > PREFIX_MAX) fail("--error-at is beyond the first %d bytes", PREFIX_MAX);
  load_frames(frames_path);
  samples = malloc(SAMPLES_MAX * sizeof *samples);
  poller = epoll_create1(0);
  conns = calloc(connections, sizeof(Connection));
  for (unsigned i = 0; i < connections; i++) open_connection(&conns[i], i);
  run();
  return 0;
}
