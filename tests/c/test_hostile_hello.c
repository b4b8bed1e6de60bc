/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Clients that are none, at a real instance's socket. Each costs its own
 * connection and nothing else: the next honest client is served, other
 * instances notice nothing, no descriptor stays, no call is late. */

#define _GNU_SOURCE 1

#include <sys/wait.h>

#include "stranger.h"

#define QUOTA 100
#define SLACK_MS 1500 /* less than LINGER */
#define LINGER 4

static np_pipe *pipe_here;
static struct pair bystander;
static unsigned before;

/* ---------------------------------------------------------- what must go on */

static void ping(struct pair *pair)
{
    char byte = 0;
    size_t n;
    CHECK_EQ(np_write(pair->client, "p", 1, &n, 1000), NP_OK);
    CHECK_EQ(np_read(pair->server, &byte, 1, &n, 1000), NP_OK);
    CHECK_EQ(byte, 'p');
}

/* Closes of what strangers gave happen on threads of their own. */
static void await_fds(unsigned count)
{
    int64_t until = witness_ms() + 1000 * LINGER + 5000;
    while (witness_fds() != count && witness_ms() < until) {
        witness_rest(1000);
    }
    CHECK_EQ(witness_fds(), count);
}

static int timed_accept(uint32_t ms)
{
    int64_t start = witness_ms();
    int code = np_accept(pipe_here, ms);
    CHECK(witness_ms() - start < ms + SLACK_MS);
    return code;
}

/* As soon as the instance is free again. */
static void serve_the_next(void)
{
    struct pair pair = {pipe_here, NULL};
    int64_t until = witness_ms() + 10000;
    int code;
    do {
        code = timed_accept(0);
        if (code == NP_TIMEOUT) {
            code = np_open("door", NULL, &pair.client);
        }
    } while (code == NP_PIPE_BUSY && witness_ms() < until);
    CHECK_EQ(code, NP_OK);
    if (code == NP_OK) {
        code = np_accept(pipe_here, 1000);
        CHECK(code == NP_PIPE_CONNECTED || code == NP_OK);
        ping(&pair);
        np_close(pair.client);
    }
    CHECK_EQ(np_disconnect(pipe_here), NP_OK);
    CHECK_EQ(np_accept(pipe_here, 0), NP_TIMEOUT);
    ping(&bystander);
    await_fds(before);
}

static void set_up(void)
{
    np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
    size_t n;
    pair_must(np_create("door", &opts, &pipe_here), "create");
    bystander = pair_open("bystander", NP_BYTE, QUOTA);
    /* What the first waits make stays. */
    CHECK_EQ(np_read(bystander.client, &(char){0}, 1, &n, 1), NP_TIMEOUT);
    CHECK_EQ(np_wait("bystander", 1), NP_SEM_TIMEOUT);
    before = witness_fds();
}

/* ------------------------------------------------------------- what is sent */

/* One message, and what becomes of it. */
static void say(const char *what, const void *data, size_t n, const int *fds,
                size_t count)
{
    int failures = check_failures;
    int sock = stranger_connect("door", 0);
    CHECK(sock >= 0);
    CHECK(stranger_send(sock, data, n, fds, count) >= 0 || errno == EBADF);
    CHECK_EQ(timed_accept(0), NP_TIMEOUT);
    CHECK_EQ(timed_accept(5), NP_TIMEOUT);
    close(sock);
    serve_the_next();
    if (check_failures != failures) {
        fprintf(stderr, "after: %s\n", what);
    }
}

static void say_with(const char *what, int fd)
{
    struct stranger_hello hello = stranger_good_hello(QUOTA);
    if (fd < 0) {
        printf("# skipped, cannot be made here: %s\n", what);
        return;
    }
    int sent = dup(fd);
    close(fd);
    before++;
    say(what, &hello, sizeof hello, &sent, 1);
    close(sent);
    before--;
}

static void wrong_words(void)
{
    struct stranger_hello hello = stranger_good_hello(QUOTA);
    int fd = stranger_good_memfd(QUOTA);
    unsigned char longer[80] = {0};
    before++;
    memcpy(longer, &hello, sizeof hello);
    hello.magic ^= 1;
    say("wrong magic", &hello, sizeof hello, &fd, 1);
    hello = stranger_good_hello(QUOTA);
    hello.format++;
    say("another format", &hello, sizeof hello, &fd, 1);
    say("too short", longer, 63, &fd, 1);
    say("one byte", longer, 1, &fd, 1);
    say("one byte and nothing with it", longer, 1, NULL, 0);
    hello = stranger_good_hello(QUOTA);
    say("no descriptor", &hello, sizeof hello, NULL, 0);
    close(fd);
    before--;
}

static void wrong_numbers_of_descriptors(void)
{
    struct stranger_hello hello = stranger_good_hello(QUOTA);
    static const size_t counts[] = {2, 3, 7, 64, STRANGER_FDS};
    int fds[STRANGER_FDS];
    int fd = stranger_good_memfd(QUOTA);
    before++;
    for (size_t i = 0; i < STRANGER_FDS; i++) {
        fds[i] = fd;
    }
    for (int i = 0; i < 5; i++) {
        say("many descriptors", &hello, sizeof hello, fds, counts[i]);
        say("many descriptors with one byte", &hello, 1, fds, counts[i]);
    }
    close(fd);
    before--;
}

/* ---------------------------------------------------- wrong kinds of memory */

static int with_header(void (*spoil)(struct npi_shm *header))
{
    struct npi_shm header = stranger_header(QUOTA);
    spoil(&header);
    return stranger_memfd(stranger_size(QUOTA), &header, STRANGER_SEALS, 0);
}

static void spoil_magic(struct npi_shm *header)
{
    header->magic++;
}

static void spoil_format(struct npi_shm *header)
{
    header->format++;
}

static void spoil_size(struct npi_shm *header)
{
    header->size += 4096;
}

static void spoil_ring(struct npi_shm *header)
{
    header->ring[0] *= 2;
}

static void spoil_all(struct npi_shm *header)
{
    memset(header, 0, sizeof *header);
}

static void wrong_memory(void)
{
    struct npi_shm header = stranger_header(QUOTA);
    size_t size = stranger_size(QUOTA);
    say_with("not sealed", stranger_memfd(size, &header, 0, 0));
    say_with("may shrink",
             stranger_memfd(size, &header, F_SEAL_GROW | F_SEAL_SEAL, 0));
    say_with("may grow",
             stranger_memfd(size, &header, F_SEAL_SHRINK | F_SEAL_SEAL, 0));
    say_with("may be sealed",
             stranger_memfd(size, &header, F_SEAL_SHRINK | F_SEAL_GROW, 0));
    say_with("sealed against writing",
             stranger_memfd(size, &header, STRANGER_SEALS | F_SEAL_WRITE, 0));
    say_with("sealed against new writers",
             stranger_memfd(size, &header, STRANGER_SEALS | 0x10, 0));
    say_with("one page less",
             stranger_memfd(size - 4096, &header, STRANGER_SEALS, 0));
    say_with("one byte more",
             stranger_memfd(size + 1, &header, STRANGER_SEALS, 0));
    say_with("empty", stranger_memfd(0, NULL, STRANGER_SEALS, 0));
    say_with("a tebibyte",
             stranger_memfd((size_t)1 << 40, &header, STRANGER_SEALS, 0));
    say_with("for reading only",
             stranger_reopen(stranger_good_memfd(QUOTA), O_RDONLY));
    say_with("a mere path",
             stranger_reopen(stranger_good_memfd(QUOTA), O_PATH));
    say_with("huge pages",
             stranger_memfd(size / (2 << 20) * (2 << 20) + (2 << 20), NULL,
                            STRANGER_SEALS, MFD_HUGETLB));
    say_with("magic in memory", with_header(spoil_magic));
    say_with("format in memory", with_header(spoil_format));
    say_with("size in memory", with_header(spoil_size));
    say_with("ring in memory", with_header(spoil_ring));
    say_with("zeros in memory", with_header(spoil_all));
}

static void what_is_no_memory(void)
{
    size_t size = stranger_size(QUOTA);
    int ends[2], other;
    CHECK_EQ(pipe(ends), 0);
    before++;
    say_with("the end of a pipe", ends[0]);
    close(ends[1]);
    before--;
    say_with("a file", stranger_file("/tmp", size));
    say_with("a file in memory", stranger_file("/dev/shm", size));
    say_with("a socket", socket(AF_UNIX, SOCK_STREAM, 0));
    say_with("an epoll", epoll_create1(EPOLL_CLOEXEC));
    say_with("a directory", open("/tmp", O_RDONLY | O_DIRECTORY));
    say_with("a device", open("/dev/zero", O_RDWR));
    int lingering = stranger_lingering(1, &other);
    before++;
    say_with("a connection that lingers", lingering);
    close(other);
    before--;
}

/* --------------------------------------------------------- who says nothing */

static void who_says_nothing_does_not_stay(void)
{
    int sock = stranger_connect("door", 0);
    CHECK(sock >= 0);
    close(sock); /* gone before it was seen */
    CHECK_EQ(timed_accept(0), NP_TIMEOUT);
    serve_the_next();
    sock = stranger_connect("door", 0);
    CHECK(sock >= 0);
    CHECK_EQ(timed_accept(0), NP_TIMEOUT);
    before++;
    serve_the_next(); /* although it is still there */
    before--;
    close(sock);
}

static void *select_for_ever(void *unused)
{
    np_select_item item = {.pipe = pipe_here};
    size_t n;
    EXPECT_EQ(np_select(&item, 1, &n, NP_INFINITE), NP_OK);
    return unused;
}

/* A server that only selects gets rid of it as well. */
static void nor_where_the_server_selects(void)
{
    struct pair pair = {pipe_here, NULL};
    int sock = stranger_connect("door", 0);
    pthread_t thread = witness_thread(select_for_ever, NULL);
    pair.client = pair_client("door", NP_BYTE);
    pthread_join(thread, NULL);
    CHECK_EQ(np_accept(pipe_here, 0), NP_PIPE_CONNECTED);
    ping(&pair);
    np_close(pair.client);
    close(sock);
    CHECK_EQ(np_disconnect(pipe_here), NP_OK);
    CHECK_EQ(np_accept(pipe_here, 0), NP_TIMEOUT);
    await_fds(before);
    witness_settle();
}

/* --------------------------------------------------- after a good beginning */

/* A stranger that knows the hello. */
static int be_let_in(void)
{
    struct stranger_hello hello = stranger_good_hello(QUOTA);
    int fd = stranger_good_memfd(QUOTA);
    int sock = stranger_connect("door", 0);
    CHECK_EQ(stranger_send(sock, &hello, sizeof hello, &fd, 1), sizeof hello);
    close(fd);
    return sock;
}

static int timed_read(uint32_t ms)
{
    char byte;
    size_t got;
    int64_t start = witness_ms();
    int code = np_read(pipe_here, &byte, 1, &got, ms);
    CHECK(witness_ms() - start < ms + SLACK_MS);
    return code;
}

static void a_good_hello_is_let_in(void)
{
    int sock = be_let_in();
    CHECK_EQ(timed_accept(1000), NP_PIPE_CONNECTED);
    CHECK_EQ(timed_read(5), NP_TIMEOUT);
    close(sock);
    CHECK_EQ(timed_read(5), NP_BROKEN_PIPE);
    CHECK_EQ(np_disconnect(pipe_here), NP_OK);
    serve_the_next();
}

/* Wherever the descriptors come: with the bell, or before the server looks. */
static void descriptors_that_come_later_end_it(void)
{
    int fds[STRANGER_FDS], other;
    for (int early = 0; early < 2; early++) {
        int sock = be_let_in();
        if (!early) {
            CHECK_EQ(timed_accept(1000), NP_PIPE_CONNECTED);
        }
        int lingering = stranger_lingering(LINGER, &other);
        for (int i = 0; i < STRANGER_FDS; i++) {
            fds[i] = lingering;
        }
        bool refused = false;
        for (int i = 0; i < 3; i++) {
            refused |= stranger_send(sock, "!", 1, fds, 1) < 0;
            refused |= stranger_send(sock, "!", 1, fds, STRANGER_FDS) < 0;
        }
        close(lingering);
        if (early) {
            CHECK_EQ(timed_accept(1000), NP_PIPE_CONNECTED);
        }
        int code = timed_read(50);
        CHECK(code == NP_BROKEN_PIPE || (refused && code == NP_TIMEOUT));
        int64_t start = witness_ms();
        CHECK_EQ(np_disconnect(pipe_here), NP_OK);
        CHECK_EQ(np_accept(pipe_here, 0), NP_TIMEOUT);
        CHECK(witness_ms() - start < SLACK_MS);
        close(sock);
        close(other);
        serve_the_next();
    }
}

/* What lingers in the socket that we close ourselves. */
static void a_close_waits_for_no_stranger_s_descriptor(void)
{
    int other, lingering = stranger_lingering(LINGER, &other);
    int sock = be_let_in();
    CHECK_EQ(stranger_send(sock, "!", 1, &lingering, 1), 1);
    close(lingering);
    CHECK_EQ(timed_accept(1000), NP_PIPE_CONNECTED);
    int64_t start = witness_ms();
    np_close(pipe_here);
    CHECK(witness_ms() - start < SLACK_MS);
    np_server_opts opts = pair_opts(NP_BYTE, QUOTA);
    pair_must(np_create("door", &opts, &pipe_here), "create again");
    close(sock);
    close(other);
    serve_the_next();
}

/* Bells without end: each call keeps its deadline. */
static void *ring_for_ever(void *sock)
{
    static const char bells[4096];
    while (send((int)(intptr_t)sock, bells, sizeof bells,
                MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
           errno == EAGAIN) {
        sched_yield();
    }
    return NULL;
}

static void bells_without_end_delay_nothing(void)
{
    int sock = be_let_in();
    CHECK_EQ(timed_accept(1000), NP_PIPE_CONNECTED);
    pthread_t thread = witness_thread(ring_for_ever, (void *)(intptr_t)sock);
    for (int i = 0; i < 20; i++) {
        int code = timed_read(10);
        CHECK(code == NP_TIMEOUT || code == NP_BROKEN_PIPE);
        ping(&bystander);
    }
    CHECK_EQ(np_disconnect(pipe_here), NP_OK);
    pthread_join(thread, NULL);
    CHECK_EQ(np_accept(pipe_here, 0), NP_TIMEOUT);
    close(sock);
    serve_the_next();
}

/* ---------------------------------------------------------------- at random */

static int some_descriptor(uint32_t *random)
{
    struct npi_shm header = stranger_header(QUOTA);
    switch (witness_random(random) % 5) {
    case 0: return stranger_good_memfd(QUOTA);
    case 1:
        header.size ^= 1u << witness_random(random) % 20;
        return stranger_memfd(stranger_size(QUOTA), &header, STRANGER_SEALS, 0);
    case 2:
        return stranger_memfd(witness_random(random) % 70000, &header,
                              (int)(witness_random(random) % 16), 0);
    case 3: return open("/dev/null", O_RDONLY | O_CLOEXEC);
    default: return epoll_create1(EPOLL_CLOEXEC);
    }
}

static void say_something(uint32_t *random)
{
    unsigned char data[200] = {0};
    struct stranger_hello hello = stranger_good_hello(QUOTA);
    int fds[8];
    size_t count = witness_random(random) % 3 ? 1 : witness_random(random) % 8;
    int sock = stranger_connect("door", 0);
    memcpy(data, &hello, sizeof hello);
    if (witness_random(random) % 2) {
        data[witness_random(random) % sizeof hello] ^=
            (unsigned char)witness_random(random);
    }
    for (size_t i = 0; i < count; i++) {
        fds[i] = some_descriptor(random);
    }
    size_t n = witness_random(random) % 4 ? sizeof hello
                                          : 1 + witness_random(random) % 199;
    stranger_send(sock, data, n, fds, count);
    if (witness_random(random) % 2) {
        stranger_send(sock, "!", 1, fds, witness_random(random) % 2);
    }
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
    int code = timed_accept(0);
    CHECK(code == NP_TIMEOUT || code == NP_PIPE_CONNECTED ||
          code == NP_NO_DATA);
    if (code != NP_TIMEOUT) {
        timed_read(0);
        CHECK_EQ(np_disconnect(pipe_here), NP_OK);
    }
    close(sock);
    code = timed_accept(0);
    CHECK(code == NP_TIMEOUT);
}

static void random_strangers_change_nothing(void)
{
    uint32_t random = 60;
    unsigned n = witness_scaled(4000);
    for (unsigned i = 0; i < n && check_failures == 0; i++) {
        say_something(&random);
        if (i % 500 == 499) {
            witness_alarm(30);
            serve_the_next();
        }
    }
    serve_the_next();
    printf("# %u strangers\n", n);
}

int main(void)
{
    check_dir();
    witness_alarm(60);
    set_up();
    RUN(wrong_words);
    RUN(wrong_numbers_of_descriptors);
    RUN(wrong_memory);
    RUN(what_is_no_memory);
    RUN(who_says_nothing_does_not_stay);
    RUN(nor_where_the_server_selects);
    RUN(a_good_hello_is_let_in);
    RUN(descriptors_that_come_later_end_it);
    RUN(a_close_waits_for_no_stranger_s_descriptor);
    RUN(bells_without_end_delay_nothing);
    RUN(random_strangers_change_nothing);
    np_close(pipe_here);
    pair_close(&bystander);
    return check_done();
}
