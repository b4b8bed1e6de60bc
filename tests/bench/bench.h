/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the parts of the benchmark program share: transports, which carry
 * messages between two processes, modes, which say what to do with one, and the
 * figures that both processes put down. */

#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a mode needs of a transport. Nothing returns an error: what fails ends
 * the process. */
struct transport {
    const char *name;
    void *(*listen)(const char *address);
    void *(*accept)(void *listener);
    void (*unlisten)(void *listener);
    void *(*connect)(const char *address); /* somebody listens already */
    void (*send)(void *end, const void *data, size_t n);
    void (*receive)(void *end, void *data, size_t n); /* all n bytes */
    void (*await_end)(void *end); /* the other side has closed */
    void (*close)(void *end);
    /* Waiting for many ends at once; NULL where a transport cannot. */
    void *(*gather)(void **ends, size_t n);
    size_t (*ready)(void *crowd, void **ready_out); /* one at least */
    void (*scatter)(void *crowd);
};

extern const struct transport np_messages;
extern const struct transport np_bytes;
extern const struct transport unix_stream;
extern const struct transport unix_seqpacket;
extern const struct transport fifos;
extern const struct transport ring;
extern const struct transport large_ring;
#ifdef HAVE_UV
extern const struct transport uv_pipes;
#endif
#ifdef HAVE_ZMQ
extern const struct transport zmq_pair;
#endif
#ifdef HAVE_NNG
extern const struct transport nng_pair;
#endif

struct task {
    const struct transport *by;
    const char *address;
    char *buffer; /* of at least size bytes */
    size_t size;  /* of a message */
    long n;       /* how often */
    long count;   /* what else a mode needs to know */
};

struct mode {
    const char *name;
    void (*server)(const struct task *task); /* in a process of its own; calls
                                                ready() once it listens */
    void (*client)(const struct task *task);
};

extern const struct mode pair_modes[];
extern const struct mode crowd_modes[];
extern const struct mode connection_modes[];
extern const struct mode memory_modes[];
extern const struct mode lookup_modes[];

/* The figures: what several processes add to one is summed. */
enum figure {
    NS,     /* one operation */
    CPU_NS, /* the same in CPU time of both sides */
    P50,    /* latency in ns */
    P99,
    P999,
    SHARE, /* of one CPU, in percent: the side that waits */
    RSS,   /* bytes for each connection, both sides */
    PSS,   /* the same, what they share counted once */
    FIGURES
};
void add(enum figure figure, double value);

/* Said by the server: clients may come. */
void ready(void);
/* Wait, as the client, for a server more than the one it has waited for. */
void await_ready(void);
/* Once in a run: wait until n processes are here. */
void meet(long n);
/* Wait, as the server, until the client has all it wanted: a close may destroy
 * what is still on its way. */
void await_client(void);

/* A child process that ends with its parent, and within a time. */
bool in_child(int *pid_out);
void await_child(int pid);

void must(bool ok, const char *what);
void *allocate(size_t n);
int64_t now_ns(void);
int64_t cpu_ns(void); /* of this process */
/* How often to do it before the clock starts: a twentieth of the sample for
 * each transport, in which ends that began on one CPU may be moved apart. */
long warm_up(const struct task *task);

/* What several modes do. */
void **accept_many(const struct task *task, void *listener, long n);
void **connect_many(const struct task *task, long n);
void close_many(const struct task *task, void **ends, long n);
void ask(const struct task *task, void *end, long times);
void answer(const struct task *task, void *end, long times);

/* The name of our pipe: an address is a path, for those who need one. */
const char *pipe_name(const char *address);

/* Runs without a transport. */
int probe(void);
int hog(void);

#endif
