/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The queue in memory that somebody else scribbles in: whatever the words and
 * the ring say, both halves stay inside their memory and every step ends. */

#include "witness.h"

#if defined __SANITIZE_THREAD__

int main(void)
{
    printf("# skipped: here the races are wanted\n");
    return 0;
}

#else

#include "pipe/npi_queue.h"

#define BUFFER 600 /* the largest read */
#define GUARD 32
#define LONGEST 20000

/* Memory of exactly the right sizes, so that a sanitizer sees one byte more. */
static struct npi_lane *lane;
static unsigned char *ring;
static uint64_t capacity;
static const uint32_t put_sizes[] = {0, 1, 7, 30, 239, 240, 700, LONGEST};
#define PUT_SIZES (sizeof put_sizes / sizeof *put_sizes)
static unsigned char *put_data[PUT_SIZES];

struct party {
    uint32_t random;
    struct npi_writer writer;
    struct npi_put put;
    bool putting, poisoned; /* the caller ends what is broken */
    struct npi_mark mark;
    struct npi_reader reader;
    struct npi_get get;
    bool getting;
    uint64_t steps[5]; /* how often each answer was given */
};

static unsigned char buffer[BUFFER + GUARD];

/* ---------------------------------------------------------------- scribbling */

static uint64_t near_something(uint32_t *random)
{
    uint64_t words[4] = {atomic_load(&lane->tail), atomic_load(&lane->head),
                         atomic_load(&lane->fill), 0};
    uint64_t word = words[witness_random(random) % 4] & ~NPI_WAITS;
    switch (witness_random(random) % 8) {
    case 0: return word + capacity;
    case 1: return word + capacity + 1;
    case 2: return word - 1;
    case 3: return word + witness_random(random) % 8;
    case 4: return word - witness_random(random) % 300;
    case 5: return word + witness_random(random) % 300;
    case 6: return word ^ UINT64_C(1) << witness_random(random) % 64;
    default: return word;
    }
}

static uint64_t some_number(uint32_t *random)
{
    static const uint64_t edges[] = {
        0,          1,          2,          UINT32_MAX, UINT64_MAX,
        INT64_MAX,  NPI_WAITS,  NPI_WAITS - 1, 0x7FFFFFFF, 0x80000000u,
        UINT64_MAX - 4, UINT64_MAX - 1};
    switch (witness_random(random) % 3) {
    case 0: return edges[witness_random(random) % 12];
    case 1:
        return (uint64_t)witness_random(random) << 32 | witness_random(random);
    default: return near_something(random);
    }
}

/* Sometimes a word that could be true. */
static void scribble_offer(uint32_t *random)
{
    uint64_t word = atomic_load(&lane->offer);
    uint64_t number = word / 8 + witness_random(random) % 3 - 1;
    atomic_store(&lane->offer, witness_random(random) % 8
                                   ? number * 8 + witness_random(random) % 8
                                   : some_number(random));
}

/* A header at a place where one is looked for. */
static void scribble_header(uint32_t *random)
{
    static const unsigned char firsts[] = {0, 1, 238, 239, 240, 241, 255};
    uint64_t at = near_something(random);
    uint32_t size = (uint32_t)some_number(random);
    if (witness_random(random) % 2) {
        size = witness_random(random) % (2 * (uint32_t)capacity);
    }
    ((volatile unsigned char *)ring)[at & (capacity - 1)] =
        firsts[witness_random(random) % 7];
    for (uint64_t i = 1; i < NPI_LONG_HEADER; i++) {
        ((volatile unsigned char *)ring)[(at + i) & (capacity - 1)] =
            (unsigned char)(size >> (8 * (i - 1)));
    }
}

static void scribble(uint32_t *random)
{
    uint64_t number = some_number(random);
    switch (witness_random(random) % 16) {
    case 0: atomic_store(&lane->tail, number); break;
    case 1: atomic_store(&lane->tail, near_something(random)); break;
    case 2: atomic_store(&lane->head, number); break;
    case 3: atomic_store(&lane->head, near_something(random)); break;
    case 4: atomic_store(&lane->fill, number); break;
    case 5: atomic_store(&lane->fill, near_something(random)); break;
    case 6: atomic_store(&lane->offer_size, number); break;
    case 7: atomic_store(&lane->behind, number); break;
    case 8: atomic_store(&lane->cut, number % 8); break;
    case 9: atomic_store(&lane->read, number); break;
    case 10: atomic_store(&lane->wanted, number); break;
    case 11: atomic_store(&lane->given, number); break;
    case 12: scribble_header(random); break;
    case 13: memset(ring, (int)(number & 255), (size_t)capacity / 2); break;
    default: scribble_offer(random); break;
    }
}

/* ------------------------------------------------------------------ the ends */

static void count(struct party *p, enum npi_step step)
{
    EXPECT((int)step >= NPI_DONE && step <= NPI_TOO_SMALL);
    p->steps[step]++;
    p->poisoned |= step == NPI_BROKEN;
}

static void begin_put(struct party *p)
{
    uint32_t i = witness_random(&p->random) % PUT_SIZES;
    npi_put_init(&p->put, put_data[i], put_sizes[i],
                 witness_random(&p->random) % 4 == 0);
    p->putting = true;
}

static void flush_a_step(struct party *p)
{
    count(p, npi_flushed(&p->writer, &p->mark));
}

static void write_a_step(struct party *p)
{
    struct npi_writer *w = &p->writer;
    uint64_t taken = 0;
    enum npi_step step = NPI_AGAIN;
    if (!p->putting && p->poisoned) {
        return; /* writes end before they get here; a blocked one is stopped */
    }
    if (!p->putting) {
        begin_put(p);
    }
    switch (p->poisoned ? 0 : witness_random(&p->random) % 16) {
    case 0:
    case 1:
        step = npi_put_stop(w, &p->put, &taken);
        EXPECT(taken <= p->put.size);
        p->putting = false;
        break;
    case 2:
        step = p->put.offered ? npi_put_leave(w, &p->put) : NPI_AGAIN;
        break;
    case 3: npi_put_arm(w); break;
    case 4: (void)npi_put_stirred(w); break;
    case 5: (void)npi_put_wanted(w); break;
    case 6: p->mark = npi_mark(w); break;
    case 7: flush_a_step(p); break;
    case 8:
        step = p->put.offered ? NPI_AGAIN : npi_put_now(w, &p->put);
        break;
    default: step = npi_put(w, &p->put); break;
    }
    count(p, step);
    p->putting = p->putting && step == NPI_AGAIN;
}

static void begin_get(struct party *p)
{
    uint32_t kind = witness_random(&p->random) % 8;
    uint64_t size = kind == 0   ? 0
                    : kind < 3 ? BUFFER
                               : witness_random(&p->random) % BUFFER;
    memset(buffer + size, 0xA5, GUARD);
    npi_get_init(&p->get, buffer, size, witness_random(&p->random) % 2,
                 witness_random(&p->random) % 4 == 0);
    p->getting = true;
}

static void stop_get(struct party *p)
{
    unsigned char *old = NULL;
    uint64_t held = npi_get_held(&p->get);
    EXPECT(held <= p->get.size);
    unsigned char *stash = held && witness_random(&p->random) % 4
                               ? malloc((size_t)held)
                               : NULL;
    enum npi_step step = npi_get_stop(&p->reader, &p->get, stash, &old);
    free(old);
    count(p, step);
    p->getting = false;
}

static void look(struct party *p)
{
    static unsigned char seen[BUFFER + GUARD];
    struct npi_look look = {.buf = seen,
                            .size = witness_random(&p->random) % BUFFER,
                            .first_only = witness_random(&p->random) % 2};
    memset(seen + look.size, 0x5A, GUARD);
    count(p, npi_peek(&p->reader, &look, witness_random(&p->random) % 8));
    EXPECT(look.got <= look.size);
    for (int i = 0; i < GUARD; i++) {
        EXPECT_EQ(seen[look.size + (unsigned)i], 0x5A);
    }
}

static void get(struct party *p)
{
    enum npi_step step = npi_get(&p->reader, &p->get,
                                 witness_random(&p->random) % 16);
    count(p, step);
    if (step != NPI_TOO_SMALL && step != NPI_BROKEN) {
        EXPECT(p->get.got <= p->get.size);
    }
    for (int i = 0; i < GUARD; i++) {
        EXPECT_EQ(p->get.buf[p->get.size + (unsigned)i], 0xA5);
    }
    p->getting = step == NPI_AGAIN;
}

static void read_a_step(struct party *p)
{
    struct npi_reader *r = &p->reader;
    if (!p->getting) {
        begin_get(p);
    }
    switch (witness_random(&p->random) % 16) {
    case 0: stop_get(p); break;
    case 1: npi_get_arm(r, p->get.size); break;
    case 2: (void)npi_get_fed(r); break;
    case 3: (void)npi_readable(r, true); break;
    case 4:
    case 5:
    case 6: look(p); break;
    case 7:
        if (witness_random(&p->random) % 8 == 0) {
            npi_get_orphan(r, &p->get);
        }
        break;
    default: get(p); break;
    }
}

/* --------------------------------------------------------------------- lives */

static void be_born(struct party *p)
{
    static const uint64_t capacities[] = {64, 256, 8192};
    free(ring);
    free(p->reader.stash);
    capacity = capacities[witness_random(&p->random) % 3];
    ring = malloc((size_t)capacity);
    memset(ring, 0, (size_t)capacity);
    memset(lane, 0, sizeof *lane);
    uint64_t quota = witness_random(&p->random) % 3 * capacity / 3;
    npi_writer_init(&p->writer, lane, ring, capacity, quota,
                    witness_random(&p->random) % 2);
    npi_reader_init(&p->reader, lane, ring, capacity);
    p->mark = npi_mark(&p->writer);
    p->putting = p->getting = p->poisoned = false;
}

static void begin(struct party *p, uint32_t seed)
{
    memset(p, 0, sizeof *p);
    p->random = seed;
    lane = aligned_alloc(64, sizeof *lane);
    ring = NULL;
    for (size_t i = 0; i < PUT_SIZES; i++) {
        put_data[i] = malloc(put_sizes[i]);
        memset(put_data[i], (int)i, put_sizes[i]);
    }
}

static void finish(struct party *p, uint64_t scribbles)
{
    for (size_t i = 0; i < PUT_SIZES; i++) {
        free(put_data[i]);
    }
    free(p->reader.stash);
    free(ring);
    free(lane);
    printf("# %ju scribbles; done %ju, again %ju, broken %ju, more %ju, too "
           "small %ju\n",
           (uintmax_t)scribbles, (uintmax_t)p->steps[NPI_DONE],
           (uintmax_t)p->steps[NPI_AGAIN], (uintmax_t)p->steps[NPI_BROKEN],
           (uintmax_t)p->steps[NPI_MORE], (uintmax_t)p->steps[NPI_TOO_SMALL]);
    witness_settle();
}

/* One word is wrong between two honest steps; a seed says which. */
static void a_wrong_word_harms_nobody(void)
{
    struct party p;
    uint64_t scribbles = 0, wanted = witness_scaled(5000000);
    begin(&p, 20240229);
    while (scribbles < wanted && atomic_load(&witness_wrong) == 0) {
        if (scribbles % 65536 < 40) {
            witness_alarm(20);
        }
        be_born(&p);
        for (uint32_t n = witness_random(&p.random) % 80; n > 0; n--) {
            for (uint32_t k = witness_random(&p.random) % 3; k > 0; k--) {
                write_a_step(&p);
                read_a_step(&p);
            }
            scribble(&p.random);
            scribbles++;
        }
    }
    finish(&p, scribbles);
}

static atomic_bool enough;
static uint64_t scribbled;

static void *scribble_always(void *unused)
{
    uint32_t random = 4242;
    while (!atomic_load(&enough)) {
        scribble(&random);
        scribbled++;
    }
    return unused;
}

static void *write_always(void *party)
{
    while (!atomic_load(&enough)) {
        write_a_step(party);
    }
    return NULL;
}

/* Words change while they are looked at: none may be looked at twice. */
static void words_that_change_under_us_harm_nobody(void)
{
    struct party p, writing;
    begin(&p, 777);
    be_born(&p);
    for (unsigned i = 0; i < witness_scaled(60); i++) {
        witness_alarm(20);
        be_born(&p);
        writing = p;
        writing.random++;
        writing.reader.stash = NULL;
        atomic_store(&enough, false);
        pthread_t scribbler = witness_thread(scribble_always, NULL);
        pthread_t writer = witness_thread(write_always, &writing);
        for (int n = 0; n < 20000; n++) {
            read_a_step(&p);
        }
        atomic_store(&enough, true);
        pthread_join(scribbler, NULL);
        pthread_join(writer, NULL);
    }
    finish(&p, scribbled);
}

int main(void)
{
    RUN(a_wrong_word_harms_nobody);
    RUN(words_that_change_under_us_harm_nobody);
    return check_done();
}

#endif
