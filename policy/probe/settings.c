/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/settings.h"

#include <stdlib.h>

void prober_settings_init(struct prober_settings *settings)
{
    *settings = (struct prober_settings){
        .port = 25,
        .timeout = 60,
        .max_parallel = 64,
        .rate = 2,
    };
}

void prober_settings_release(struct prober_settings *settings)
{
    network_list_release(&settings->own_addresses);
    string_list_release(&settings->own_names);
    string_list_release(&settings->dns_servers);
    free(settings->certificate);
    free(settings->key);
    free(settings->trust_anchor);
    prober_settings_init(settings);
}
