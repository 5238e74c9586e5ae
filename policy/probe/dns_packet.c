/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/dns_packet.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/memory.h"

#define RCODE_MASK 0x0f
#define RCODE_NOERROR 0
#define RCODE_NXDOMAIN 3
#define TYPE_CNAME 5
#define CLASS_IN 1
#define NAME_WIRE_MOST 255 /* RFC 1035, 2.3.4 */

/* Room for the text of any name: each byte of it as \DDD. */
#define NAME_TEXT_SIZE (4 * NAME_WIRE_MOST + 1)

/* A packet and the place in it that is read next. */
struct cursor {
    const uint8_t *data;
    size_t length, at;
};

struct resource {
    struct domain owner;
    unsigned type, class;
    size_t data, data_length; /* its place in the packet */
};

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_16(struct cursor *cursor, unsigned *value)
{
    if (cursor->length - cursor->at < 2)
        return false;
    *value = (unsigned)cursor->data[cursor->at] << 8 | cursor->data[cursor->at + 1];
    cursor->at += 2;
    return true;
}

static bool skip(struct cursor *cursor, size_t length)
{
    if (cursor->length - cursor->at < length)
        return false;
    cursor->at += length;
    return true;
}

/* Appends a label and a dot. A byte that is part of no host name is written as RFC 1035, 5.1, has
 * it, which makes a name that equals none and is never looked up. */
static size_t add_label(char *text, size_t used, const uint8_t *label, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = (char)label[i];

        if (ascii_alnum(c) || c == '-' || c == '_')
            text[used++] = c;
        else
            used += (size_t)snprintf(text + used, 5, "\\%03u", label[i]);
    }
    text[used++] = '.';
    return used;
}

/* A name, compressed or not (RFC 1035, 4.1.4): pointers lead backwards only. */
static bool read_name(struct cursor *cursor, struct domain *name)
{
    char text[NAME_TEXT_SIZE];
    size_t used = 0, wire = 0, at = cursor->at, end = 0, limit = cursor->at;

    for (;;) {
        unsigned length;

        if (at >= cursor->length)
            return false;
        length = cursor->data[at];
        if (length >= 0xc0) {
            if (at + 1 >= cursor->length)
                return false;
            if (end == 0)
                end = at + 2;
            at = (size_t)(length & 0x3f) << 8 | cursor->data[at + 1];
            if (at >= limit)
                return false;
            limit = at;
            continue;
        }
        wire += length + 1;
        if (length > 63 || wire > NAME_WIRE_MOST || cursor->length - at - 1 < length)
            return false;
        if (length == 0)
            break;
        used = add_label(text, used, cursor->data + at + 1, length);
        at += length + 1;
    }
    cursor->at = end != 0 ? end : at + 1;
    domain_set(name, (struct span){ text, used });
    return true;
}

static bool read_resource(struct cursor *cursor, struct resource *resource)
{
    unsigned data_length;

    if (!read_name(cursor, &resource->owner) || !read_16(cursor, &resource->type) ||
        !read_16(cursor, &resource->class) || !skip(cursor, 4) /* time to live */ ||
        !read_16(cursor, &data_length))
        return false;
    resource->data = cursor->at;
    resource->data_length = data_length;
    return skip(cursor, data_length);
}

/* The name in a record's data, behind `skipped` bytes of it, which must end with the data. */
static bool read_target(const struct cursor *cursor, const struct resource *resource,
                        size_t skipped, struct domain *name)
{
    struct cursor data = *cursor;

    if (resource->data_length <= skipped)
        return false;
    data.at = resource->data + skipped;
    return read_name(&data, name) && data.at == resource->data + resource->data_length;
}

/* ---- what was asked for --------------------------------------------------------------------- */

static bool same_name(const struct domain *a, const struct domain *b)
{
    return a->length == b->length && a->cut == b->cut && memcmp(a->name, b->name, a->length) == 0;
}

static bool read_record(const struct cursor *cursor, const struct resource *resource,
                        struct dns_record *record)
{
    const uint8_t *data = cursor->data + resource->data;

    memset(record, 0, sizeof(*record));
    if (resource->type == DNS_MX) {
        if (!read_target(cursor, resource, 2, &record->name))
            return false;
        record->preference = (unsigned)data[0] << 8 | data[1];
        return true;
    }
    if (resource->data_length != (resource->type == DNS_A ? 4U : 16U))
        return false;
    record->ip = ip_from_bytes(resource->type == DNS_A ? 4 : 6, data);
    return true;
}

/* The answer section: aliases lead from the name in the question to the one with the records. */
static bool read_answers(struct cursor *cursor, unsigned count, struct domain *name,
                         enum dns_type type, struct dns_answer *answer)
{
    struct resource resource;

    for (unsigned i = 0; i < count; i++) {
        if (!read_resource(cursor, &resource))
            return false;
        if (resource.class != CLASS_IN || !same_name(&resource.owner, name))
            continue;
        if (resource.type == TYPE_CNAME && !read_target(cursor, &resource, 0, name))
            return false;
        if (resource.type != type || answer->count == DNS_RECORDS_MOST)
            continue;
        answer->records = memory_grow(answer->records, answer->count + 1, sizeof(*answer->records));
        if (!read_record(cursor, &resource, &answer->records[answer->count]))
            return false;
        answer->count++;
    }
    return true;
}

static bool read_packet(struct cursor *cursor, enum dns_type type, struct dns_answer *answer,
                        unsigned *rcode)
{
    unsigned flags, questions, answers;
    struct domain name;

    if (!skip(cursor, 2) || !read_16(cursor, &flags) || !read_16(cursor, &questions) ||
        !read_16(cursor, &answers) || !skip(cursor, 4) || questions != 1 ||
        !read_name(cursor, &name) || !skip(cursor, 4))
        return false;
    *rcode = flags & RCODE_MASK;
    return read_answers(cursor, answers, &name, type, answer);
}

static enum lookup state_of(const struct dns_answer *answer, unsigned rcode, enum dns_type type)
{
    if (rcode == RCODE_NXDOMAIN)
        return LOOKUP_NXDOMAIN;
    if (rcode != RCODE_NOERROR)
        return LOOKUP_SERVFAIL;
    if (answer->count == 0)
        return LOOKUP_NONE;
    if (type == DNS_MX && answer->count == 1 && answer->records[0].name.length == 0)
        return LOOKUP_NULL_MX;
    return LOOKUP_FOUND;
}

void dns_packet_read(struct dns_answer *answer, enum dns_type type, const void *packet,
                     size_t length)
{
    struct cursor cursor = { .data = packet, .length = length };
    unsigned rcode = 0;

    *answer = (struct dns_answer){ .state = LOOKUP_SERVFAIL };
    if (read_packet(&cursor, type, answer, &rcode))
        answer->state = state_of(answer, rcode, type);
    if (answer->state != LOOKUP_FOUND)
        dns_answer_release(answer);
}

/* Keeps the state. */
void dns_answer_release(struct dns_answer *answer)
{
    free(answer->records);
    answer->records = NULL;
    answer->count = 0;
}
