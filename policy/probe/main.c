/* SPDX-License-Identifier: ISC */
/*
 * forcetls-prober: looks at next hops for mail and says what it finds. FORMAT has what it reads and
 * writes; it judges nothing.
 *
 * One thread, one event loop. Whatever comes from the network is parsed here, in a process that has
 * no configuration, no privileges and next to no system calls.
 */
#include "config.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "milter/privileges.h"
#include "policy/probe/channel.h"
#include "policy/probe/hop.h"
#include "policy/probe/memory.h"
#include "policy/probe/options.h"
#include "policy/probe/request.h"
#include "policy/probe/result.h"
#include "policy/probe/sandbox.h"
#include "policy/probe/schedule.h"

/* Answers that nobody has read: no new probe begins, no request is read. */
#define PENDING_MOST ((size_t)4 * 1024 * 1024)

/* Descriptors for everything but connections and the DNS. */
#define OTHER_FILES 32UL

struct prober {
    struct tools tools;
    struct schedule *schedule; /* NULL: there were no settings yet, and no probe */
    struct channel *channel;
    unsigned long files; /* that may be open */
    bool input_is_over, output_is_broken;
};

/* ---- answers -------------------------------------------------------------------------------- */

static void write_line(struct prober *prober, char *line)
{
    channel_write(prober->channel, line, strlen(line));
    free(line);
    if (channel_pending(prober->channel) <= PENDING_MOST)
        return;
    channel_read(prober->channel, false);
    if (prober->schedule != NULL)
        schedule_pause(prober->schedule, true);
}

static void answer_error(struct prober *prober, const struct request *request, const char *text)
{
    bool has_id = request != NULL && request->has_id;

    write_line(prober, result_error_line(has_id ? &request->id : NULL, text));
}

/* All that was asked for is done and said. */
static void end_if_over(struct prober *prober)
{
    if (prober->input_is_over && channel_pending(prober->channel) == 0 &&
        (prober->schedule == NULL || schedule_is_idle(prober->schedule)))
        (void)event_base_loopbreak(prober->tools.base);
}

static void on_found(void *context, int64_t id, const char *hop, const struct hop_found *found)
{
    write_line(context, result_line(id, hop, found));
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Connections that there are descriptors for. */
static unsigned most_parallel(const struct prober *prober)
{
    unsigned long others = DNS_SOCKETS_MOST + OTHER_FILES;
    unsigned long files = prober->files > others ? prober->files - others : 1;
    unsigned wanted = prober->tools.settings.max_parallel;

    return wanted < files ? wanted : (unsigned)files;
}

/* With the settings that there are, by now for good. What does not work is told, and done without.
 */
static void begin(struct prober *prober)
{
    struct tools *tools = &prober->tools;
    struct prober_settings *settings = &tools->settings;
    struct why why;

    settings->max_parallel = most_parallel(prober);
    ourselves_init(&tools->us, settings);
    if (settings->certificate != NULL &&
        !tls_client_use_certificate(tools->tls, settings->certificate, settings->key, &why))
        answer_error(prober, NULL, why.text);
    why.text[0] = '\0';
    tools->dns = dns_new(tools->base, settings, &why);
    if (why.text[0] != '\0')
        answer_error(prober, NULL, why.text);
    tools->turns = turns_new(tools->base, settings->max_parallel, settings->rate);
    prober->schedule = schedule_new(tools, on_found, prober);
}

static void take_settings(struct prober *prober, struct request *request)
{
    if (prober->schedule != NULL) {
        answer_error(prober, request, "settings come once, before the first probe");
        return;
    }
    prober_settings_release(&prober->tools.settings);
    prober->tools.settings = request->settings;
    prober_settings_init(&request->settings);
    begin(prober);
}

static void take_request(struct prober *prober, struct request *request)
{
    if (request->type == REQUEST_SETTINGS) {
        take_settings(prober, request);
        return;
    }
    if (request->type == REQUEST_PING) {
        write_line(prober, result_pong_line(request->id));
        return;
    }
    if (prober->schedule == NULL)
        begin(prober);
    if (request->type == REQUEST_CANCEL)
        schedule_cancel(prober->schedule, request->id);
    else if (!schedule_add(prober->schedule, request->id, &request->probe))
        answer_error(prober, request, "too many probes are waiting");
    end_if_over(prober);
}

static void on_line(void *context, struct span line)
{
    struct prober *prober = context;
    struct request request;
    struct why why;

    if (request_read(&request, line, &why))
        take_request(prober, &request);
    else
        answer_error(prober, &request, why.text);
    request_release(&request);
}

static void on_too_long(void *context)
{
    answer_error(context, NULL, "a line is too long");
}

static void on_end(void *context)
{
    struct prober *prober = context;

    prober->input_is_over = true;
    end_if_over(prober);
}

static void on_written(void *context)
{
    struct prober *prober = context;

    if (!prober->input_is_over)
        channel_read(prober->channel, true);
    if (prober->schedule != NULL)
        schedule_pause(prober->schedule, false);
    end_if_over(prober);
}

static void on_broken(void *context)
{
    struct prober *prober = context;

    prober->output_is_broken = true;
    (void)event_base_loopbreak(prober->tools.base);
}

/* ---- start and end -------------------------------------------------------------------------- */

/* poll(2) waits for files too, which standard input and output may be. */
static struct event_base *make_base(void)
{
    struct event_config *config = memory_need(event_config_new());
    struct event_base *base;

    (void)event_config_require_features(config, EV_FEATURE_FDS);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static bool start(struct prober *prober, const char *user, struct why *why)
{
    static const size_t line_most = REQUEST_LINE_MOST;
    const struct channel_user channel_user = {
        .on_line = on_line,
        .on_too_long = on_too_long,
        .on_end = on_end,
        .on_written = on_written,
        .on_broken = on_broken,
        .context = prober,
    };

    prober->files = limit_files_raise();
    if (!sandbox_become(user, why))
        return false;
    (void)signal(SIGPIPE, SIG_IGN);
    if (!tls_library_start())
        return why_fail(why, "OpenSSL cannot be started");
    prober_settings_init(&prober->tools.settings);
    prober->tools.base = make_base();
    if (prober->tools.base == NULL)
        return why_fail(why, "libevent has no way to wait for files here");
    prober->tools.tls = tls_client_new(why);
    if (prober->tools.tls == NULL)
        return false;
    prober->tools.trust = trust_new();
    prober->channel =
        channel_new(prober->tools.base, STDIN_FILENO, STDOUT_FILENO, line_most, &channel_user);
    channel_read(prober->channel, true);
    return sandbox_close(why);
}

static void stop(struct prober *prober)
{
    struct tools *tools = &prober->tools;

    schedule_free(prober->schedule);
    channel_free(prober->channel);
    turns_free(tools->turns);
    dns_free(tools->dns);
    trust_free(tools->trust);
    tls_client_free(tools->tls);
    ourselves_release(&tools->us);
    prober_settings_release(&tools->settings);
    if (tools->base != NULL)
        event_base_free(tools->base);
}

static int run(const char *user)
{
    struct prober prober = { .schedule = NULL };
    struct why why;
    int status = EX_OK;

    if (!start(&prober, user, &why)) {
        (void)fprintf(stderr, "forcetls-prober: %s\n", why.text);
        status = EX_OSERR;
    } else if (event_base_dispatch(prober.tools.base) < 0) {
        status = EX_SOFTWARE;
    }
    if (prober.output_is_broken)
        status = EX_IOERR;
    stop(&prober);
    return status;
}

int main(int argc, char **argv)
{
    struct probe_options options;
    struct why why;

    if (!probe_options_parse(&options, argc, argv, &why)) {
        (void)fprintf(stderr, "forcetls-prober: %s\nforcetls-prober -h prints the options\n",
                      why.text);
        return EX_USAGE;
    }
    if (options.help)
        probe_options_usage(stdout);
    else if (options.version)
        (void)printf("forcetls-prober " PACKAGE_VERSION "\n");
    else
        return run(options.user);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
