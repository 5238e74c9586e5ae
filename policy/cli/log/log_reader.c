/* SPDX-License-Identifier: ISC */
/*
 * The buffer has room for the beginning of a line in front of what is read next: what is read
 * begins at the same aligned place each time, and a line is always in one piece.
 */
#include "config.h"

#include "policy/cli/log/log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "policy/cli/log/log_line.h"

#define HEAD (16 * 1024)        /* a longer line is none of the daemon's */
#define CHUNK (256 * 1024)      /* fits in a processor's cache */
#define GZIP_BUFFER (CHUNK / 4) /* were it more, zlib would copy what is not compressed */
#define BUFFER_SIZE (HEAD + CHUNK)
#define PAGE 4096

_Static_assert(BUFFER_SIZE % PAGE == 0 && HEAD % PAGE == 0, "not aligned");

struct log_reader {
    struct log_line_reader lines;
    char *buffer;
    const char *at, *end; /* whole lines that have not been looked at, and behind them */
    const char *filled;   /* a line that goes on in the next chunk, up to here */
    char *name;           /* as errors show it */
    gzFile file;
    int failure;             /* zlib's number of the first thing that failed: negative */
    int error;               /* its errno, with Z_ERRNO */
    bool started;            /* the beginning of the file has been looked at */
    bool inside_line;        /* what comes next is the end of a line that was too long */
    bool ended;              /* there is no more to read */
    const char *other_means; /* a command that reads this file, where zlib does not */
};

struct log_reader *log_reader_new(int64_t now)
{
    struct log_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return NULL;
    log_line_reader_init(&reader->lines, now);
    reader->buffer = aligned_alloc(PAGE, BUFFER_SIZE);
    if (reader->buffer == NULL) {
        free(reader);
        return NULL;
    }
    return reader;
}

void log_reader_free(struct log_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->file != NULL)
        (void)gzclose(reader->file);
    free(reader->name);
    free(reader->buffer);
    free(reader);
}

bool log_reader_open(struct log_reader *reader, const char *file, struct why *why)
{
    bool standard = strcmp(file, "-") == 0;
    const char *name = standard ? "standard input" : file;
    int fd = standard ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return why_fail(why, "cannot read '%s': %s", name, strerror(errno));
    free(reader->name);
    reader->name = strdup(name);
    reader->file = reader->name != NULL ? gzdopen(fd, "rb") : NULL;
    if (reader->file == NULL) {
        (void)close(fd);
        return why_fail(why, "out of memory");
    }
    (void)gzbuffer(reader->file, GZIP_BUFFER);
    reader->at = reader->end = reader->filled = reader->buffer + HEAD;
    reader->failure = reader->error = 0;
    reader->started = reader->inside_line = reader->ended = false;
    reader->other_means = NULL;
    return true;
}

/* What zlib does not read, by its first bytes. */
static const char *other_means(struct span start)
{
    static const struct compression {
        const char *magic, *command;
    } compressions[] = {
        { "\xfd"
          "7zXZ",
          "xzcat" },
        { "\x28\xb5\x2f\xfd", "zstdcat" },
        { "BZh", "bzcat" },
    };

    for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++) {
        if (span_starts_with(start, compressions[i].magic))
            return compressions[i].command;
    }
    return NULL;
}

static void look_at_start(struct log_reader *reader)
{
    struct span start = { reader->at, (size_t)(reader->filled - reader->at) };

    reader->started = true;
    log_line_reader_start(&reader->lines, start);
    reader->other_means = other_means(start);
    if (reader->other_means == NULL)
        return;
    reader->ended = true;
    reader->at = reader->end = reader->filled;
}

/*
 * Up to CHUNK bytes; 0 at the end of the file, or where it cannot be read on. What failed is asked
 * for after each: from zlib 1.3.2 on, a read at the end forgets that the data ended too early. Its
 * text names a descriptor, so that ours is used.
 */
static size_t read_chunk(struct log_reader *reader, char *to)
{
    int got = gzread(reader->file, to, CHUNK);

    if (got < 0)
        reader->error = errno;
    if (reader->failure >= 0)
        (void)gzerror(reader->file, &reader->failure);
    if (got <= 0)
        reader->ended = true;
    return got > 0 ? (size_t)got : 0;
}

/* The end of a line that was too long is passed over. */
static void leave_line(struct log_reader *reader)
{
    const char *feed = memchr(reader->at, '\n', (size_t)(reader->filled - reader->at));

    reader->at = feed != NULL ? feed + 1 : reader->filled;
    reader->inside_line = feed == NULL;
}

/* More lines; false: there are none. */
static bool fill(struct log_reader *reader)
{
    size_t rest = (size_t)(reader->filled - reader->end), got;
    char *start = reader->buffer + HEAD;
    const char *feed;

    if (reader->ended)
        return false;
    if (rest > HEAD) {
        reader->inside_line = true;
        rest = 0;
    }
    memmove(start - rest, reader->end, rest);
    got = read_chunk(reader, start);
    reader->at = start - rest;
    reader->filled = start + got;
    if (reader->inside_line)
        leave_line(reader);
    feed = memrchr(reader->at, '\n', (size_t)(reader->filled - reader->at));
    reader->end = feed != NULL ? feed + 1 : reader->at;
    if (reader->ended)
        reader->end = reader->filled;
    if (!reader->started)
        look_at_start(reader);
    return true;
}

/* The line around a place, which is then behind us. */
static struct span take_line(struct log_reader *reader, const char *place)
{
    const char *before = memrchr(reader->at, '\n', (size_t)(place - reader->at));
    const char *feed = memchr(place, '\n', (size_t)(reader->end - place));
    const char *start = before != NULL ? before + 1 : reader->at;
    const char *end = feed != NULL ? feed : reader->end;

    reader->at = feed != NULL ? feed + 1 : reader->end;
    return (struct span){ start, (size_t)(end - start) };
}

/* A place in the next line that may be the daemon's: most of a maillog is other programs'. */
static const char *find_line(const struct log_reader *reader)
{
    size_t left = (size_t)(reader->end - reader->at);

    if (left == 0)
        return NULL;
    return reader->lines.bare ? reader->at : memmem(reader->at, left, LOG_TAG, sizeof(LOG_TAG) - 1);
}

bool log_reader_next(struct log_reader *reader, struct log_message *message)
{
    const char *place;

    do {
        while ((place = find_line(reader)) != NULL) {
            if (log_line_read(&reader->lines, take_line(reader, place), message))
                return true;
        }
    } while (fill(reader));
    return false;
}

bool log_reader_close(struct log_reader *reader, struct why *why)
{
    int failure = reader->failure;
    bool good = failure >= 0;

    if (!good)
        (void)why_fail(why, "cannot read all of '%s': %s", reader->name,
                       failure == Z_ERRNO       ? strerror(reader->error)
                       : failure == Z_BUF_ERROR ? "its compressed data ends too early"
                       : failure == Z_MEM_ERROR ? "out of memory"
                                                : "its compressed data is damaged");
    else if (reader->other_means != NULL)
        (void)why_fail(why, "no gzip file: '%s'; try: %s '%s' | forcetls log", reader->name,
                       reader->other_means, reader->name);
    good = good && reader->other_means == NULL;
    (void)gzclose(reader->file);
    reader->file = NULL;
    return good;
}
