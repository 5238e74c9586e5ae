/* SPDX-License-Identifier: ISC */
/*
 * anchors: the files of trust anchors that the TLS policy map names in tafile=.
 *
 * They lie beside the map's socket, where a chrooted smtp(8) can open them, and are called by what
 * is in them (ta-SHA256.pem): a file never changes, rules that ask for the same anchors share one,
 * and an answer given under the old rules is as good after a reload. Who writes them is the user
 * that the daemon runs as; they are written as temporary files and renamed.
 *
 * What a connector narrows its trust store to can change with the date: all that will count until
 * the next reload is written at once.
 */
#ifndef FORCETLS_MILTER_ANCHORS_H
#define FORCETLS_MILTER_ANCHORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rules.h"

struct anchors;

/* Reads the trust stores of the outbound connectors that the map has to name a file for, from `now`
 * (seconds since 1970) on, and writes the files into the folder. What cannot be had is logged as
 * an error, and anchors_find() knows. Takes its time. NULL: no memory. The rules must outlive it.
 */
struct anchors *anchors_write(const struct rules *rules, const char *folder, int64_t now);
void anchors_free(struct anchors *anchors);

/* The file of a connector at a moment, without its folder; NULL: its anchors cannot be had. */
const char *anchors_find(const struct anchors *anchors, const struct connector *connector,
                         int64_t now);

/* Removes the files of this kind that `anchors` does not name. Call it when nothing refers to them
 * any more, and Postfix has had the time to open what it was told. */
void anchors_sweep(const struct anchors *anchors, const char *folder);

/* How smtp(8) calls the folder: its working directory is the queue directory, chrooted or not, so
 * that below one this is the way from there ("forcetls/"), else the whole path ("/run/forcetls/").
 * A queue directory is known by what is in it. False: it does not fit into `size`. */
bool anchors_prefix(const char *folder, char *prefix, size_t size);

#endif
