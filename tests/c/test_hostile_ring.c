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

#include "scribble.h"

#define BUFFER 600 /* the largest read */
#define GUARD 32
#define LONGEST 20000

/* Memory of exactly the right sizes, so that a sanitizer sees one byte more. */
static struct scribble place;
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

/* ----------------------------------------------------------------- the ends */

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
    count(p, npi_flushed(&p->writer, &p->mark, 0));
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
    case 8: step = p->put.offered ? NPI_AGAIN : npi_put_now(w, &p->put); break;
    case 9:
    case 10:
        step = npi_put_short(w, p->put.data, p->put.size) ? NPI_DONE
                                                          : NPI_AGAIN;
        break;
    default: step = npi_put(w, &p->put); break;
    }
    count(p, step);
    p->putting = p->putting && step == NPI_AGAIN;
}

static void begin_get(struct party *p)
{
    uint32_t kind = witness_random(&p->random) % 8;
    uint64_t size = kind == 0  ? 0
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
    bool brief = witness_random(&p->random) % 2 &&
                 npi_get_short(&p->reader, &p->get);
    enum npi_step step = brief ? NPI_DONE
                               : npi_get(&p->reader, &p->get,
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

/* -------------------------------------------------------------------- lives */

static void be_born_again(struct party *p)
{
    free(p->reader.stash);
    memset(place.lane, 0, sizeof *place.lane);
    uint64_t quota = witness_random(&p->random) % 3 * place.capacity / 3;
    uint64_t first = place.capacity >> witness_random(&p->random) % 3;
    npi_writer_init(&p->writer, place.lane, place.ring, first, quota,
                    witness_random(&p->random) % 2);
    npi_writer_may_grow(&p->writer, place.capacity);
    npi_reader_init(&p->reader, place.lane, place.ring, first);
    npi_reader_may_grow(&p->reader, place.capacity);
    p->mark = npi_mark(&p->writer);
    p->putting = p->getting = p->poisoned = false;
}

static void be_born(struct party *p)
{
    static const uint64_t capacities[] = {64, 256, 8192};
    free(place.ring);
    place.capacity = capacities[witness_random(&p->random) % 3];
    place.ring = calloc(1, (size_t)place.capacity);
    be_born_again(p);
}

static void begin(struct party *p, uint32_t seed)
{
    memset(p, 0, sizeof *p);
    p->random = seed;
    place.lane = aligned_alloc(64, sizeof *place.lane);
    place.ring = NULL;
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
    free(place.ring);
    free(place.lane);
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
            scribble(&place, &p.random);
            scribbles++;
        }
    }
    finish(&p, scribbles);
}

static atomic_bool enough;
static uint64_t flickers;

static void *flicker_always(void *unused)
{
    uint32_t random = 4242;
    while (!atomic_load(&enough)) {
        scribble_flicker(&place, &random);
        flickers++;
    }
    return unused;
}

/* Words change while they are looked at: what was checked is not what a second
 * look would give. */
static void words_that_change_under_us_harm_nobody(void)
{
    struct party p;
    begin(&p, 777);
    for (unsigned i = 0; i < witness_scaled(200); i++) {
        witness_alarm(20);
        be_born(&p);
        atomic_store(&enough, false);
        pthread_t thread = witness_thread(flicker_always, NULL);
        for (int n = 0; n < 20000; n++) {
            write_a_step(&p);
            read_a_step(&p);
            if (p.poisoned) {
                be_born_again(&p);
            }
        }
        atomic_store(&enough, true);
        pthread_join(thread, NULL);
    }
    finish(&p, flickers);
}

/* -------------------------------------------------------- one lie at a time */

static void start_honest(struct party *p, uint64_t quota)
{
    static const char text[] = "0123456789";
    begin(p, 1);
    place.capacity = 256;
    place.ring = calloc(1, 256);
    be_born_again(p);
    npi_writer_init(&p->writer, place.lane, place.ring, 256, quota, true);
    npi_put_init(&p->put, text, 10, false);
}

static void end_honest(struct party *p)
{
    free(place.ring);
    place.ring = NULL;
    p->reader.stash = NULL;
    for (size_t i = 0; i < PUT_SIZES; i++) {
        free(put_data[i]);
    }
    free(place.lane);
}

/* Q1, for the writer. */
static void progress_that_cannot_be_is_found_out(void)
{
    struct party p;
    for (int lie = 0; lie < 4; lie++) {
        start_honest(&p, 100);
        CHECK_EQ(npi_put(&p.writer, &p.put), NPI_DONE);
        p.mark = npi_mark(&p.writer);
        switch (lie) {
        case 0: atomic_store(&place.lane->head, 12); break;
        case 1: atomic_store(&place.lane->head, UINT64_MAX >> 2); break;
        case 2: atomic_store(&place.lane->read, 11); break;
        default: atomic_store(&place.lane->read, UINT64_MAX); break;
        }
        CHECK_EQ(npi_flushed(&p.writer, &p.mark, 0), NPI_BROKEN);
        npi_put_init(&p.put, "x", 1, false);
        CHECK_EQ(npi_put(&p.writer, &p.put), NPI_BROKEN); /* it stays so */
        end_honest(&p);
    }
}

/* What a get or a peek says of the ring as it is. */
static void check_broken(struct party *p, bool peek)
{
    unsigned char data[300];
    struct npi_get get;
    struct npi_look look = {.buf = data, .size = sizeof data};
    npi_get_init(&get, data, sizeof data, true, false);
    CHECK_EQ(peek ? npi_peek(&p->reader, &look, true)
                  : npi_get(&p->reader, &get, true),
             NPI_BROKEN);
}

/* One write, committed or on offer, and what is changed of it then. */
static void check_lie(uint64_t quota, const void *header, size_t n,
                      uint64_t tail, uint64_t fill)
{
    for (int peek = 0; peek < 2; peek++) {
        struct party p;
        start_honest(&p, quota);
        CHECK_EQ(npi_put(&p.writer, &p.put), quota ? NPI_DONE : NPI_AGAIN);
        memcpy(place.ring, header, n);
        if (tail) {
            atomic_store(&place.lane->tail, tail);
        }
        if (fill) {
            atomic_store(&place.lane->fill, fill);
        }
        check_broken(&p, peek);
        end_honest(&p);
    }
}

/* Q1, Q2 */
static void records_that_cannot_be_are_found_out(void)
{
    check_lie(100, "\x0B", 1, 0, 0); /* longer than what is there */
    check_lie(100, "\xF1", 1, 0, 0);
    check_lie(100, "\xFF", 1, 0, 0);
    check_lie(100, "\xF0\x07\0\0", 5, 0, 0);
    check_lie(100, "\xF0\0\0\0\x80", 5, 0, 0);
    check_lie(100, "\xF0\xFF\xFF\xFF\xFF", 5, 0, 0);
    check_lie(100, "", 0, 257, 0);
    check_lie(100, "\xF0", 1, 4, 0); /* a header that is cut off */
}

/* Row 5: nothing is announced that could not be. */
static void offers_that_cannot_be_are_found_out(void)
{
    struct party p;
    unsigned char data[16];
    check_lie(0, "", 0, 0, 257);
    check_lie(0, "\xF0", 1, 0, 4);
    check_lie(0, "\xF0\xFF\xFF\xFF\xFF", 5, 0, 0);
    start_honest(&p, 0);
    CHECK_EQ(npi_put(&p.writer, &p.put), NPI_AGAIN);
    atomic_store(&place.lane->offer_size, UINT64_MAX);
    atomic_store(&place.lane->behind, UINT64_MAX);
    struct npi_look look = {.buf = data, .size = sizeof data};
    CHECK_EQ(npi_peek(&p.reader, &look, true), NPI_DONE);
    CHECK(look.avail < UINT64_C(1) << 48);
    end_honest(&p);
}

int main(void)
{
    RUN(progress_that_cannot_be_is_found_out);
    RUN(records_that_cannot_be_are_found_out);
    RUN(offers_that_cannot_be_are_found_out);
    RUN(a_wrong_word_harms_nobody);
    RUN(words_that_change_under_us_harm_nobody);
    return check_done();
}

#endif
