/* SPDX-License-Identifier: ISC */
/*
 * request: a line that somebody asks with (FORMAT, "Requests").
 */
#ifndef FORCETLS_POLICY_PROBE_REQUEST_H
#define FORCETLS_POLICY_PROBE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/connector.h"
#include "policy/next_hop.h"
#include "policy/probe/settings.h"
#include "policy/span.h"
#include "policy/why.h"

#define REQUEST_LINE_MOST ((size_t)65536) /* bytes */
#define REQUEST_STORES_MOST 8 /* of a probe, each with a path of at most so many bytes */
#define REQUEST_STORE_MOST ((size_t)512)

enum request_type { REQUEST_SETTINGS, REQUEST_PROBE, REQUEST_CANCEL, REQUEST_PING };

/* What is asked for one next hop. */
struct probe_request {
    char *text; /* the hop as it was asked for */
    struct next_hop hop;
    bool allows_private;
    bool revocation;           /* ask the addresses that the certificates name for it */
    struct string_list stores; /* paths; "" is OpenSSL's default */
};

struct request {
    bool has_id; /* set whenever the line had one, also where it is wrong otherwise */
    int64_t id;
    enum request_type type;
    struct prober_settings settings;
    struct probe_request probe;
};

/* Reads a line without its end. False: `why`; release it in either case. */
bool request_read(struct request *request, struct span line, struct why *why);
void request_release(struct request *request);

void probe_request_release(struct probe_request *probe);

#endif
