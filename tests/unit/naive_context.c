/* SPDX-License-Identifier: Apache-2.0 */
/* The circumstances of a request as docs/rules.md words them, value by value. */
#include "tests/unit/naive_priv.h"

#include "shared/rules/attributes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TEXT_SIZE 256

static void copy(struct zta_text text, char out[TEXT_SIZE])
{
    (void)snprintf(out, TEXT_SIZE, "%.*s", (int)text.len, text.data != NULL ? text.data : "");
}

bool naive_is_context(unsigned attribute)
{
    return attribute == ZTA_ATTRIBUTE_DEVICE || attribute == ZTA_ATTRIBUTE_OS ||
           attribute == ZTA_ATTRIBUTE_USER_AGENT || attribute == ZTA_ATTRIBUTE_NETWORK ||
           attribute == ZTA_ATTRIBUTE_COUNTRY || attribute == ZTA_ATTRIBUTE_BEHAVIOUR;
}

bool naive_has_device(const struct zta_facts *facts)
{
    return facts->context != NULL && (facts->context->traits.known & 1) != 0 &&
           (facts->context->traits.yes & 1) != 0;
}

bool naive_context_is_known(const struct zta_facts *facts, unsigned attribute)
{
    const struct zta_context *context = facts->context;
    if (attribute == ZTA_ATTRIBUTE_NETWORK) {
        return facts->addr.family != 0;
    }
    if (attribute == ZTA_ATTRIBUTE_USER_AGENT) {
        return facts->agent.data != NULL;
    }
    if (attribute == ZTA_ATTRIBUTE_DEVICE) {
        return naive_has_device(facts);
    }
    if (context == NULL) {
        return false;
    }
    return attribute == ZTA_ATTRIBUTE_OS        ? context->os.data != NULL
           : attribute == ZTA_ATTRIBUTE_COUNTRY ? context->country.data != NULL
                                                : context->usual.known != 0;
}

static enum tri answer(unsigned known, unsigned yes, unsigned bit)
{
    return (known >> bit & 1) == 0 ? MAYBE : (yes >> bit & 1) != 0 ? YES : NO;
}

static enum tri word(const struct zta_context *context, const char *text)
{
    static const char *const traits[] = {"known",    "managed",   "compliant",
                                         "attested", "encrypted", "owner-match"};
    for (unsigned i = 0; i < sizeof traits / sizeof traits[0]; i++) {
        if (strcmp(text, traits[i]) == 0) {
            return answer(context->traits.known, context->traits.yes, i);
        }
    }
    return NO;
}

static enum tri habit(const struct zta_context *context, const char *text)
{
    static const char *const habits[] = {"network", "country", "device", "agent",
                                         "hours",   "route",   "rate"};
    const bool is_usual = strncmp(text, "usual-", 6) == 0;
    for (unsigned i = 0; i < sizeof habits / sizeof habits[0]; i++) {
        if (strcmp(strchr(text, '-') + 1, habits[i]) == 0) {
            const enum tri usual = answer(context->usual.known, context->usual.yes, i);
            return is_usual ? usual : (enum tri)(YES - usual);
        }
    }
    return NO;
}

static long part(const char **version)
{
    char *end;
    const long number = strtol(*version, &end, 10);
    *version = *end == '.' ? end + 1 : end;
    return number;
}

static enum tri system_is(const struct zta_context *context, const char *text)
{
    char name[TEXT_SIZE];
    char version[TEXT_SIZE];
    copy(context->os, name);
    copy(context->os_version, version);
    const size_t len = strcspn(text, "<>");
    if (context->os.data == NULL) {
        return MAYBE;
    }
    if (strlen(name) != len || strncmp(name, text, len) != 0) {
        return NO;
    }
    if (text[len] == '\0') {
        return YES;
    }
    if (context->os_version.data == NULL || strspn(version, "0123456789.") != strlen(version)) {
        return MAYBE;
    }
    const bool has_equal = text[len + 1] == '=';
    const char *wanted = text + len + (has_equal ? 2 : 1);
    const char *have = version;
    long difference = 0;
    for (int i = 0; i < 8 && difference == 0; i++) {
        const long left = part(&have);
        difference = left - part(&wanted);
    }
    return (difference == 0 && has_equal) || (text[len] == '<' ? difference < 0 : difference > 0)
               ? YES
               : NO;
}

/* Bit by bit; IPv4 written in IPv6 is IPv4. */
static enum tri network_has(const struct zta_facts *facts, const char *text)
{
    char host[TEXT_SIZE];
    const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint8_t bytes[16] = {0};
    const char *slash = strchr(text, '/');
    if (strncmp(text, "asn:", 4) == 0) {
        const uint32_t asn = facts->context != NULL ? facts->context->asn : 0;
        return asn == 0 ? MAYBE : asn == strtoul(text + 4, NULL, 10) ? YES : NO;
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)strcspn(text, "/"), text);
    int family = 4;
    long bits = slash != NULL ? strtol(slash + 1, NULL, 10) : 32;
    if (strchr(host, ':') != NULL) {
        (void)inet_pton(AF_INET6, host, bytes);
        family = memcmp(bytes, mapped, sizeof mapped) == 0 ? 4 : 6;
        bits = slash != NULL ? strtol(slash + 1, NULL, 10) : 128;
        bits -= family == 4 ? 96 : 0;
        memmove(bytes, bytes + (family == 4 ? 12 : 0), family == 4 ? 4 : 16);
    }
    else {
        (void)inet_pton(AF_INET, host, bytes);
    }
    if (facts->addr.family == 0) {
        return MAYBE;
    }
    bool is_inside = facts->addr.family == family;
    for (long i = 0; is_inside && i < bits; i++) {
        is_inside = ((bytes[i / 8] ^ facts->addr.bytes[i / 8]) >> (7 - i % 8) & 1) == 0;
    }
    return is_inside ? YES : NO;
}

enum tri naive_context_value(const struct naive *naive, unsigned attribute, struct zta_text value)
{
    static const struct zta_context nothing;
    const struct zta_facts *facts = naive->facts;
    const struct zta_context *context = facts->context != NULL ? facts->context : &nothing;
    char text[TEXT_SIZE];
    char country[TEXT_SIZE];
    copy(value, text);
    copy(context->country, country);
    switch ((enum zta_attribute)attribute) {
    case ZTA_ATTRIBUTE_DEVICE:
        return word(context, text);
    case ZTA_ATTRIBUTE_OS:
        return system_is(context, text);
    case ZTA_ATTRIBUTE_BEHAVIOUR:
        return habit(context, text);
    case ZTA_ATTRIBUTE_NETWORK:
        return network_has(facts, text);
    case ZTA_ATTRIBUTE_COUNTRY:
        return context->country.data == NULL ? MAYBE : strcasecmp(text, country) == 0 ? YES : NO;
    default:
        return facts->agent.data == NULL                ? MAYBE
               : naive_wild(value, facts->agent, false) ? YES
                                                        : NO;
    }
}
