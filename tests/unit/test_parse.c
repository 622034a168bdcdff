/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule parser: what it builds, and for every fault the place, the expectation, the nearest
 * word.
 */
#include "shared/rules/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "shared/rules/attributes.h"
#include "tests/unit/parse_support.h"

static const char example[] = "zta 1\n"
                              "# the orders service\n"
                              "list    offices         /a/** /b\n"
                              "        /c  # more\n"
                              "\n"
                              "allow   read-orders\n"
                              "  when  path    /orders/** list:offices\n"
                              "  when  method  GET\n"
                              "  need  scope   orders:read\n"
                              "  or    role    \"order reader\" admin\n"
                              "  note  \"agreed, \\\"all\\\" of it\"\n"
                              "\n"
                              "require mfa\n"
                              "\twhen\tnot subject \"Emergency Admin 1\" unknown\n"
                              "\tneed\tauth-age <= 15m\n"
                              "\tmode\tmonitor\n"
                              "deny nobody\n"
                              "  when claim:\"https://x.example/r\".admin >= 4.5\n"
                              "limit per-subject\n"
                              "  key subject claim:realm_access.tenant\n"
                              "  rate 5/10m burst 20\n";

static void parse_builds_what_was_written(void **state)
{
    struct zta_rules_ast *ast = parse_support_good(example);
    assert_int_equal(ast->n_sources, 1);
    assert_text(ast->source_names[0], "rules.zta");
    assert_int_equal(ast->n_lists, 1);
    assert_text(ast->lists[0].name, "offices");
    assert_int_equal(ast->lists[0].n_items, 3);
    assert_text(ast->lists[0].items[2].text, "/c");
    assert_int_equal(ast->lists[0].items[2].place.line, 4);
    assert_int_equal(ast->n_rules, 4);

    const struct zta_ast_rule *allow = &ast->rules[0];
    assert_int_equal(allow->kind, ZTA_RULE_ALLOW);
    assert_text(allow->name, "read-orders");
    assert_int_equal(allow->place.line, 6);
    assert_int_equal(allow->n_groups, 3);
    assert_int_equal(allow->mode, ZTA_MODE_ENFORCE);
    assert_false(allow->has_mode);
    assert_text(allow->note, "agreed, \"all\" of it");
    const struct zta_ast_cond *path = &allow->groups[0].conds[0];
    assert_false(allow->groups[0].is_need);
    assert_int_equal(path->attribute, ZTA_ATTRIBUTE_PATH);
    assert_int_equal(path->n_values, 2);
    assert_text(path->values[1].text, "offices");
    assert_true(path->values[1].is_list);
    assert_int_equal(path->values[1].place.column, 28);
    const struct zta_ast_group *scope = &allow->groups[2];
    assert_true(scope->is_need);
    assert_int_equal(scope->n_conds, 2);
    assert_int_equal(scope->conds[1].attribute, ZTA_ATTRIBUTE_ROLE);
    assert_text(scope->conds[1].values[0].text, "order reader");
    assert_true(scope->conds[1].values[0].is_quoted);
    assert_false(scope->conds[1].values[1].is_quoted);

    const struct zta_ast_rule *require = &ast->rules[1];
    assert_true(require->groups[0].conds[0].is_negated);
    assert_int_equal(require->groups[1].conds[0].op, ZTA_OP_LE);
    assert_int_equal(require->mode, ZTA_MODE_MONITOR);
    assert_true(zta_text_is_absent(require->note));

    const struct zta_ast_cond *claim = &ast->rules[2].groups[0].conds[0];
    assert_int_equal(claim->attribute, ZTA_ATTRIBUTE_CLAIM);
    assert_text(claim->claim, "\"https://x.example/r\".admin");
    assert_int_equal(claim->op, ZTA_OP_GE);

    const struct zta_ast_rule *limit = &ast->rules[3];
    assert_int_equal(limit->n_keys, 2);
    assert_int_equal(limit->keys[0], ZTA_KEY_SUBJECT);
    assert_true(zta_text_is_absent(limit->key_claims[0]));
    assert_text(limit->key_claims[1], "realm_access.tenant");
    assert_int_equal(limit->rate.count, 5);
    assert_int_equal(limit->rate.window_s, 600);
    assert_int_equal(limit->rate.burst, 20);
    zta_rules_ast_close(&ast);
    assert_null(ast);
    zta_rules_ast_close(&ast);
}

static void parse_accepts_these(void **state)
{
    const char *const good[] = {
        "",
        "\n\n# only a comment",
        "zta 1",
        "zta 1 # header\r\nallow a\r\n  when path /x\r\n",
        "allow a\n  when path /x",
        "allow a\n when path / /a/ ** **/x /a/*/b /a/**/b /a/\\*b /100%25 /a%2Fb \"/a b\" /a*b*c\n",
        "allow a\n  when host example.com *.example.com api-*.example.com * [2001:db8::1] "
        "192.0.2.1\n",
        "allow a\n  when method GET PROPFIND M-SEARCH x-custom\n",
        "allow a\n  when content-type application/json text/* * application/*+json\n",
        "allow a\n  when content-length 0 17\n",
        "allow a\n  need acr >= gold\n",
        "deny a\n  when risk >= 80\n  when risk known\n",
        "deny a\n  when threat-level high critical\n  or threat-level < elevated\n",
        "limit a\n  when signal stuffing unknown\n  key ip\n  rate 1/s\n",
        "require a\n  need risk < 40\n  else step-up acr=\"urn:x\" max-age=300\n",
        "allow a\n  when content-length <=1048576\n",
        "allow a\n  need auth-age known\n",
        "require a\n  need not hours Mon-Fri 07:00-19:00 Europe/Zurich\n",
        "deny a\n  when hours Fri-Mon,Wed 22:00-06:00 Mon 00:00-24:00 Etc/GMT+5\n",
        "limit a\n  when hours \"Sat,Sun\" 00:00-00:01 UTC\n  key ip\n  rate 1/s\n",
        "allow a\n  need credential token apikey certificate browser unknown\n",
        "allow a\n  need binding none dpop mtls\n",
        "allow a\n  need certificate 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\n",
        "allow a\n  need subject \"\" \"a*\" \"known\" Özdemir a#b \"\\\\ \\\"\"\n",
        "allow a\n  need issuer corp local\n  need client c\n  need apikey k\n  need group g\n",
        "allow a\n  need claim:a.b true 5 \"5\" x known\n  need claim:\"a b\".\"c.d\" < -1.5e3\n",
        "allow a\n  need acr urn:example:mfa\n  need amr pwd otp\n",
        "allow a\n  need role not or when\n",
        "allow a\n  need role x\n\n  # a comment does not part them\n  or role y\n  or not role "
        "z\n",
        "list empty\nallow a\n  need role list:empty\n",
        "list l x\nlist m\n  y z\n  when\nallow l\n  need role list:m list:l\n",
        "allow a\n  need role list:later\nlist later 5 true \"a b\"\n",
        "list both /a \"/b\"\nallow a\n  when path list:both\n  need subject list:both\n",
        "require a\n  need role x\n",
        "deny a\n  when path /x\n  mode off\n",
        "deny a\n  when path /x\n  until 2027-01-02T00:00Z\n  from 2027-01-01T00:00:00.5+01:00\n",
        "limit a\n  key all\n  rate 1/s\n",
        "limit a\n  rate 1000000000/366d burst 1000000000\n  key ip net subject client session "
        "apikey issuer route claim:a claim:b\n",
        "limit a\n  key ip\n  rate 1/h burst 1000\n  when path /x\n  or method POST\n",
        "limit a\n  key ip\n  rate 1/s burst 316224000\n",
        "allow a.B_c-9\n  when path /x\n",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct zta_rules_ast *ast = parse_support_good(good[i]);
        zta_rules_ast_close(&ast);
    }
}

static void faults_of_statements(void **state)
{
    const struct fault faults[] = {
        FAULT("alow a\n", 1, 1, "alow", "list, allow, deny, require, limit, signal, resp", "allow"),
        FAULT("\n  allow a\n", 2, 3, "allow", "at the start of a line", NULL),
        FAULT("zta 2\n", 1, 5, "2", "1, the version", NULL),
        FAULT("zta\n", 1, 4, "", "1, the version", NULL),
        FAULT("zta 1 1\n", 1, 7, "1", "end of the line", NULL),
        FAULT("zta 1\nzta 1\n", 2, 1, "zta", "once, before anything else", NULL),
        FAULT("list a b\nzta 1\n", 2, 1, "zta", "once, before anything else", NULL),
        FAULT("respnd x\n", 1, 1, "respnd", "list, allow", "respond"),
        FAULT("cas x\n", 1, 1, "cas", "list, allow", "case"),
        FAULT("\"allow\" a\n", 1, 1, "\"allow\"", "list, allow", "allow"),
        FAULT("allow\n", 1, 6, "", "a name", NULL),
        FAULT("allow -a\n", 1, 7, "-a", "a name", NULL),
        FAULT("allow \"a\"\n", 1, 7, "\"a\"", "a name", NULL),
        FAULT("allow a b\n", 1, 9, "b", "end of the line", NULL),
        FAULT("allow a\nallow b\n", 1, 1, "allow", "a when or need line", NULL),
        FAULT("allow a\n  mode off\n", 1, 1, "allow", "a when or need line", NULL),
        FAULT("deny a\n  note \"x\"\n", 1, 1, "deny", "a when line", NULL),
        FAULT("require a\n  when path /x\n", 1, 1, "require", "a need line", NULL),
        FAULT("limit a\n  rate 1/s\n", 1, 1, "limit", "a key line", NULL),
        FAULT("limit a\n  key ip\n", 1, 1, "limit", "a rate line", NULL),
        FAULT("list a b\nlist c d\nlist a e\n", 3, 6, "a", "used at rules.zta:1", NULL),
        FAULT("deny a\n when path /x\nallow a\n when path /y\n", 3, 7, "a", "used at rules.zta:1",
              NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_else(void **state)
{
    const struct fault faults[] = {
        FAULT("require a\n  need role x\n  else\n", 3, 7, "", "deny, throttle with a", NULL),
        FAULT("require a\n  need role x\n  else dny\n", 3, 8, "dny", "deny, throttle", "deny"),
        FAULT("require a\n  need role x\n  else step-up\n", 3, 15, "", "acr=VALUE, max-age=", NULL),
        FAULT("require a\n  need role x\n  else stepup acr=x\n", 3, 8, "stepup", "or step-up",
              "step-up"),
        FAULT("require a\n  need role x\n  else step-up maxage=5m\n", 3, 16, "maxage=5m",
              "acr=VALUE, max-age=", "max-age="),
        FAULT("require a\n  need role x\n  else step-up acr=x 5m\n", 3, 22, "5m",
              "the end of the line", NULL),
        FAULT("require a\n  need role x\n  else step-up acr=\n", 3, 16, "acr=", "acr=VALUE", NULL),
        FAULT("require a\n  need role x\n  else step-up acr=\"a b\"\n", 3, 16, "acr=\"a b\"",
              "printable ASCII without space", NULL),
        FAULT("require a\n  need role x\n  else step-up acr=a acr=b\n", 3, 22, "acr=b", "acr= once",
              NULL),
        FAULT("require a\n  need role x\n  else step-up max-age=0\n", 3, 16, "max-age=0",
              "a duration from 1s on", NULL),
        FAULT("require a\n  need role x\n  else step-up max-age=1m max-age=2m\n", 3, 27,
              "max-age=2m", "max-age= once", NULL),
        FAULT("allow a\n  need role x\n  else step-up acr=a\n", 3, 3, "else", "in this allow rule",
              NULL),
        FAULT("require a\n  need role x\n  else deny 1/s\n", 3, 13, "1/s", "end of the line", NULL),
        FAULT("require a\n  need role x\n  else throttle\n", 3, 16, "", "a rate such as", NULL),
        FAULT("require a\n  need role x\n  else throttle 0/s\n", 3, 17, "0/s", "a rate", NULL),
        FAULT("require a\n  need role x\n  else throttle 1/s brst 5\n", 3, 21, "brst", "burst or",
              "burst"),
        FAULT("require a\n  need role x\n  else deny\n  else deny\n", 4, 3, "else", "one such line",
              NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_lines(void **state)
{
    const struct fault faults[] = {
        FAULT("allow a\n  wen path /x\n", 2, 3, "wen", "when, need, or, mode, from, until or note",
              "when"),
        FAULT("deny a\n  need role x\n", 2, 3, "need",
              "when, or, mode, from, until or note in this deny", NULL),
        FAULT("limit a\n  need role x\n", 2, 3, "need",
              "when, or, key, rate, mode, from, until or note", NULL),
        FAULT("allow a\n  key ip\n", 2, 3, "key", "in this allow rule", NULL),
        FAULT("allow a\n  from 2027-01-01\n", 2, 8, "2027-01-01", "a time since 1970", NULL),
        FAULT("allow a\n  until\n", 2, 8, "", "a time since 1970", NULL),
        FAULT("allow a\n  until 1970-01-01T00:00Z\n", 2, 9, "1970-01-01T00:00Z", "since 1970",
              NULL),
        FAULT("allow a\n  from 2027-01-01T00:00Z\n  from 2027-01-01T00:00Z\n", 3, 3, "from",
              "one such line", NULL),
        FAULT("allow a\n  until 2027-01-01T00:00Z x\n", 2, 27, "x", "end of the line", NULL),
        FAULT("allow a\n  from 2027-01-01T00:00Z\n  until 2027-01-01T01:00+01:00\n", 3, 9,
              "2027-01-01T01:00+01:00", "until after from", NULL),
        FAULT("allow a\n  until 2027-01-01T00:00Z\n  from 2027-01-02T00:00Z\n", 3, 8,
              "2027-01-02T00:00Z", "until after from", NULL),
        FAULT("allow a\n  need role x\n  else deny\n", 3, 3, "else", "when, need", NULL),
        FAULT("allow a\n  or role x\n", 2, 3, "or", "a when or need line above", NULL),
        FAULT("allow a\n  need role x\n  mode off\n  or role y\n", 4, 3, "or", "line above", NULL),
        FAULT("allow a\n  need role x\n  mode of\n", 3, 8, "of", "enforce, monitor or off", "off"),
        FAULT("allow a\n  need role x\n  mode\n", 3, 7, "", "enforce, monitor or off", NULL),
        FAULT("allow a\n  mode off\n  mode off\n", 3, 3, "mode", "one such line", NULL),
        FAULT("allow a\n  note \"a\"\n  note \"\"\n", 3, 3, "note", "one such line", NULL),
        FAULT("allow a\n  note agreed\n", 2, 8, "agreed", "a text in quotes", NULL),
        FAULT("allow a\n  note \"a\" b\n", 2, 12, "b", "end of the line", NULL),
        FAULT("limit a\n  key ip\n  key net\n", 3, 3, "key", "one such line", NULL),
        FAULT("limit a\n  key ip ip\n", 2, 10, "ip", "each key once", NULL),
        FAULT("limit a\n  key claim:a claim:\"a\"\n", 2, 15, "claim:\"a\"", "each key once", NULL),
        FAULT("limit a\n  key\n", 2, 6, "", "a key", NULL),
        FAULT("limit a\n  key sesion\n", 2, 7, "sesion", "a key", "session"),
        FAULT("limit a\n  key claim\n", 2, 7, "claim", "a key", "claim:"),
        FAULT("limit a\n  key claim:\n", 2, 7, "claim:", "claim:NAME", NULL),
        FAULT("limit a\n  rate 1/s\n  rate 1/s\n", 3, 3, "rate", "one such line", NULL),
        FAULT("limit a\n  rate 0/s\n", 2, 8, "0/s", "a rate such as", NULL),
        FAULT("limit a\n  rate 1/0m\n", 2, 8, "1/0m", "a rate such as", NULL),
        FAULT("limit a\n  rate 1/w\n", 2, 8, "1/w", "a rate such as", NULL),
        FAULT("limit a\n  rate 1/\n", 2, 8, "1/", "a rate such as", NULL),
        FAULT("limit a\n  rate /s\n", 2, 8, "/s", "a rate such as", NULL),
        FAULT("limit a\n  rate 1/367d\n", 2, 8, "1/367d", "at most 366 days", NULL),
        FAULT("limit a\n  rate 1000000001/s\n", 2, 8, "1000000001/s", "from 1 to 1000000000", NULL),
        FAULT("limit a\n  rate 100\n", 2, 8, "100", "a rate such as", NULL),
        FAULT("limit a\n  rate 1/s burst 0\n", 2, 18, "0", "a number from 1", NULL),
        FAULT("limit a\n  rate 1/s burst\n", 2, 17, "", "a number from 1", NULL),
        FAULT("limit a\n  rate 1/s bust 5\n", 2, 12, "bust", "burst, fleet or the end", "burst"),
        FAULT("limit a\n  rate 1/s fleat\n", 2, 12, "fleat", "burst, fleet or the end", "fleet"),
        FAULT("limit a\n  rate 1/s fleet burst 5\n", 2, 18, "burst", "the end of the line", NULL),
        FAULT("require a\n  need role x\n  else throttle 1/s fleet\n", 3, 21, "fleet",
              "burst or the end", NULL),
        FAULT("limit a\n  rate 1/d burst 1000000000\n", 2, 18, "1000000000", "ten years", NULL),
        FAULT("limit a\n  rate 1/s burst 316224001\n", 2, 18, "316224001", "ten years", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_risk(void **state)
{
    const struct fault faults[] = {
        FAULT("deny a\n  when risk 40\n", 2, 13, "40", "<, <=, > or >=", NULL),
        FAULT("deny a\n  when risk > 101\n", 2, 15, "101", "a number from 0 to 100", NULL),
        FAULT("deny a\n  when threat-level hgh\n", 2, 21, "hgh", "normal, elevated", "high"),
        FAULT("deny a\n  when threat-level >= hgh\n", 2, 24, "hgh", "normal, elevated", "high"),
        FAULT("deny a\n  when threat-level >= unknown\n", 2, 24, "unknown", "normal, elev", NULL),
        FAULT("deny a\n  when signal >= waf\n", 2, 15, ">=", "a signal", NULL),
        FAULT("deny a\n  when signal new-contry\n", 2, 15, "new-contry", "a signal", "new-country"),
        FAULT("deny a\n  when acr >= list:x\n", 2, 15, "list:x", "ZTAAcr", NULL),
        FAULT("allow a\n  need risk < 40\n", 2, 8, "risk", "belongs in a require", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_conditions(void **state)
{
    const struct fault faults[] = {
        FAULT("allow a\n  when pth /x\n", 2, 8, "pth", "an attribute", "path"),
        FAULT("allow a\n  when Path /x\n", 2, 8, "Path", "an attribute", "path"),
        FAULT("allow a\n  when\n", 2, 7, "", "an attribute", NULL),
        FAULT("allow a\n  when not\n", 2, 11, "", "an attribute", NULL),
        FAULT("allow a\n  when not not role x\n", 2, 12, "not", "an attribute", NULL),
        FAULT("allow a\n  when \"path\" /x\n", 2, 8, "\"path\"", "an attribute", "path"),
        FAULT("allow a\n  need country CH\n", 2, 8, "country", "context belongs in a require rule",
              NULL),
        FAULT("allow a\n  when network 10.0.0.0/8\n", 2, 8, "network",
              "context belongs in a require rule", NULL),
        FAULT("allow a\n  need risk < 40\n", 2, 8, "risk", "an attribute", NULL),
        FAULT("allow a\n  need claim x\n", 2, 8, "claim", "claim:NAME", "claim:"),
        FAULT("allow a\n  need claim: x\n", 2, 8, "claim:", "claim:NAME", NULL),
        FAULT("allow a\n  need claim:a. x\n", 2, 8, "claim:a.", "claim:NAME", NULL),
        FAULT("allow a\n  need claim:a..b x\n", 2, 8, "claim:a..b", "claim:NAME", NULL),
        FAULT("allow a\n  need claim:\"\" x\n", 2, 8, "claim:\"\"", "claim:NAME", NULL),
        FAULT("allow a\n  need claim:\"a\"b x\n", 2, 8, "claim:\"a\"b", "claim:NAME", NULL),
        FAULT("allow a\n  need claim:a.b.c.d.e.f.g.h.i x\n", 2, 8, "claim:a.b.c.d.e.f.g.h.i",
              "at most 8 names", NULL),
        FAULT("allow a\n  need claim:a\"b\" x\n", 2, 8, "claim:a\"b\"", "a space before", NULL),
        FAULT("allow a\n  need claim:a:\"b\" x\n", 2, 8, "claim:a:\"b\"", "a space before", NULL),
        FAULT("allow a\n  need role\n", 2, 12, "", "a value", NULL),
        FAULT("allow a\n  need role < 5\n", 2, 13, "<", "a value", NULL),
        FAULT("allow a\n  need role =x\n", 2, 13, "=x", "a word, a quoted text", NULL),
        FAULT("allow a\n  need role a*\n", 2, 13, "a*", "'*' is no pattern here", NULL),
        FAULT("allow a\n  need claim:a x*\n", 2, 16, "x*", "'*' is no pattern here", NULL),
        FAULT("allow a\n  need role list:\n", 2, 13, "list:", "list:NAME", NULL),
        FAULT("allow a\n  need role list:-x\n", 2, 13, "list:-x", "list:NAME", NULL),
        FAULT("allow a\n  need role claim:\"x\"\n", 2, 13, "claim:\"x\"", "a value", NULL),
        FAULT("allow a\n  need auth-age 300s\n", 2, 17, "300s", "<, <=, > or >= and a duration",
              NULL),
        FAULT("allow a\n  need auth-age list:x\n", 2, 17, "list:x", "<, <=, > or >=", NULL),
        FAULT("allow a\n  need auth-age < 5w\n", 2, 19, "5w", "a duration", NULL),
        FAULT("allow a\n  need auth-age < 5m 6m\n", 2, 22, "6m", "end of the line", NULL),
        FAULT("allow a\n  need auth-age < known\n", 2, 19, "known", "a duration", NULL),
        FAULT("allow a\n  when content-length < 1k\n", 2, 25, "1k", "a number", NULL),
        FAULT("allow a\n  when content-length < \"5\"\n", 2, 25, "\"5\"", "a number", NULL),
        FAULT("allow a\n  when content-length \"5\"\n", 2, 23, "\"5\"", "a number", NULL),
        FAULT("allow a\n  when content-length -1\n", 2, 23, "-1", "a number", NULL),
        FAULT("allow a\n  when content-length << 1\n", 2, 24, "<", "a number", NULL),
        FAULT("allow a\n  need claim:a > x\n", 2, 18, "x", "a number", NULL),
        FAULT("allow a\n  need claim:a > list:x\n", 2, 18, "list:x", "a number", NULL),
        FAULT("allow a\n  need role x \"a\"b\n", 2, 15, "\"a\"b", "a space after the closing",
              NULL),
        FAULT("allow a\n  need role a\"b\"\n", 2, 13, "a\"b\"", "a space before the quote", NULL),
        FAULT("allow a\n  need role \"abc\n", 2, 13, "\"abc", "a closing quote", NULL),
        FAULT("allow a\n  need role \"a\\b\"\n", 2, 13, "\"a\\\\b\"", "a closing quote", NULL),
        FAULT("allow a\n  need role \"a\\", 2, 13, "\"a\\\\", "a closing quote", NULL),
        FAULT("allow a\n  need role \xc3\x96 x*\n", 2, 15, "x*", "a value", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_context(void **state)
{
    const struct fault faults[] = {
        FAULT("deny a\n  when network 10.0.0.1/8\n", 2, 16, "10.0.0.1/8",
              "this has bits set behind its prefix; write 10.0.0.0/8", NULL),
        FAULT("deny a\n  when network 10.0.0.0/33\n", 2, 16, "10.0.0.0/33", "is not 0 to 32", NULL),
        FAULT("deny a\n  when network 010.0.0.1\n", 2, 16, "010.0.0.1", "an address or network",
              NULL),
        FAULT("deny a\n  when network fe80::1%eth0\n", 2, 16, "fe80::1%eth0", "an address", NULL),
        FAULT("deny a\n  when network 10.1\n", 2, 16, "10.1", "an address", NULL),
        FAULT("deny a\n  when network asn:0\n", 2, 16, "asn:0", "or asn:64500", NULL),
        FAULT("deny a\n  when network asn:4294967296\n", 2, 16, "asn:4294967296", "asn:", NULL),
        FAULT("deny a\n  when network AS64500\n", 2, 16, "AS64500", "asn:64500", NULL),
        FAULT("deny a\n  when network \"10.0.0.1/8\"\n", 2, 16, "\"10.0.0.1/8\"", "an address",
              NULL),
        FAULT("deny a\n  when country CHE\n", 2, 16, "CHE", "two letters", NULL),
        FAULT("deny a\n  when country C*\n", 2, 16, "C*", "two letters", NULL),
        FAULT("deny a\n  when device compliannt\n", 2, 15, "compliannt", "known, managed",
              "compliant"),
        FAULT("deny a\n  when device \"known\"\n", 2, 15, "\"known\"", "known, managed", "known"),
        FAULT("deny a\n  when behaviour unusual\n", 2, 18, "unusual", "usual- or unusual-", NULL),
        FAULT("deny a\n  when behaviour unusal-rate\n", 2, 18, "unusal-rate", "usual-",
              "unusual-rate"),
        FAULT("deny a\n  when os macOS>=14\n", 2, 11, "macOS>=14", "in lower case", NULL),
        FAULT("deny a\n  when os macos>=\n", 2, 11, "macos>=", "an operating system", NULL),
        FAULT("deny a\n  when os macos>=14.\n", 2, 11, "macos>=14.", "macos>=14.2", NULL),
        FAULT("deny a\n  when os macos >= 14\n", 2, 17, ">=", "macos>=14.2", NULL),
        FAULT("deny a\n  when os macos=14\n", 2, 11, "macos=14", "macos>=14.2", NULL),
        FAULT("list l 10.0.0.1/8\ndeny a\n  when network list:l\n", 3, 16, "l",
              "'10.0.0.1/8' (rules.zta:1) is not an address", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_typed_values(void **state)
{
    const struct fault faults[] = {
        FAULT("allow a\n  when path x\n", 2, 13, "x", "a path", NULL),
        FAULT("allow a\n  when path *.php\n", 2, 13, "*.php", "a path", NULL),
        FAULT("allow a\n  when path *\n", 2, 13, "*", "a path", NULL),
        FAULT("allow a\n  when path /a//b\n", 2, 13, "/a//b", "a path", NULL),
        FAULT("allow a\n  when path /a/../b\n", 2, 13, "/a/../b", "dot segments", NULL),
        FAULT("allow a\n  when path /./b\n", 2, 13, "/./b", "dot segments", NULL),
        FAULT("allow a\n  when path /a**\n", 2, 13, "/a**", "** alone", NULL),
        FAULT("allow a\n  when path /a/***\n", 2, 13, "/a/***", "** alone", NULL),
        FAULT("allow a\n  when path /a?b=c\n", 2, 13, "/a?b=c", "no query", NULL),
        FAULT("allow a\n  when path /a;b\n", 2, 13, "/a;b", "a path", NULL),
        FAULT("allow a\n  when path /a%20b\n", 2, 13, "/a%20b", "decoded", NULL),
        FAULT("allow a\n  when path /a\\b\n", 2, 13, "/a\\\\b", "a path", NULL),
        FAULT("allow a\n  when path \"\"\n", 2, 13, "\"\"", "a path", NULL),
        FAULT("allow a\n  when host example.com:443\n", 2, 13, "example.com:443", "without port",
              NULL),
        FAULT("allow a\n  when host a..b\n", 2, 13, "a..b", "a host name", NULL),
        FAULT("allow a\n  when host a.b.\n", 2, 13, "a.b.", "a host name", NULL),
        FAULT("allow a\n  when host http://a\n", 2, 13, "http://a", "a host name", NULL),
        FAULT("allow a\n  when host [192.0.2.1]\n", 2, 13, "[192.0.2.1]", "a host name", NULL),
        FAULT("allow a\n  when method get\n", 2, 15, "get", "a method", "GET"),
        FAULT("allow a\n  when method GET,POST\n", 2, 15, "GET,POST", "a method", NULL),
        FAULT("allow a\n  when method *\n", 2, 15, "*", "a method", NULL),
        FAULT("allow a\n  when method GET PSOT/\n", 2, 19, "PSOT/", "a method", "POST"),
        FAULT("allow a\n  when content-type json\n", 2, 21, "json", "a media type", NULL),
        FAULT("allow a\n  when content-type \"a/b; c=d\"\n", 2, 21, "\"a/b; c=d\"", "a media",
              NULL),
        FAULT("allow a\n  need credential tokne\n", 2, 19, "tokne", "token, apikey", "token"),
        FAULT("allow a\n  need credential none\n", 2, 19, "none", "token, apikey", NULL),
        FAULT("allow a\n  need binding dpo\n", 2, 16, "dpo", "none, dpop or mtls", "dpop"),
        FAULT("allow a\n  need binding unknwon\n", 2, 16, "unknwon", "none, dpop or mtls",
              "unknown"),
        FAULT("allow a\n  need certificate abc\n", 2, 20, "abc", "43 characters", NULL),
        FAULT("allow a\n  need issuer https://x\n", 2, 15, "https://x", "a name", NULL),
        FAULT("allow a\n  need scope \"a b\"\n", 2, 14, "\"a b\"", "a scope", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_lists(void **state)
{
    const struct fault faults[] = {
        FAULT("list\n", 1, 5, "", "a name", NULL),
        FAULT("list a file:tor.txt\n", 1, 8, "file:tor.txt", "a file of items that was read", NULL),
        FAULT("list a file:\n", 1, 8, "file:", "file:PATH", NULL),
        FAULT("allow a\n  need role file:x*\n", 2, 13, "file:x*", "a value", NULL),
        FAULT("list a\n  x list:b\n", 2, 5, "list:b", "cannot be items", NULL),
        FAULT("list a x unknown\n", 1, 10, "unknown", "cannot be items", NULL),
        FAULT("list a x < 5\n", 1, 10, "<", "a value", NULL),
        FAULT("list a x \"y\n", 1, 10, "\"y", "a closing quote", NULL),
        FAULT("list offices x\nallow a\n  need role list:ofices\n", 3, 13, "ofices",
              "the name of a list", "offices"),
        FAULT("allow a\n  need role list:b\n", 2, 13, "b", "the name of a list", NULL),
        FAULT("list p /a\n  b\nallow a\n  when path /x list:p\n", 4, 16, "p",
              "a list that fits; 'b' (rules.zta:2) is not a path", NULL),
        FAULT("list p a*\nallow a\n  need role list:p\n", 3, 13, "p", "'a*' (rules.zta:1) is not",
              NULL),
        FAULT("list p 5 \"6\"\nallow a\n  when content-length list:p\n", 3, 23, "p", "'6'", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_bytes(void **state)
{
    const struct fault faults[] = {
        FAULT("\xef\xbb\xbf"
              "allow a\n",
              1, 1, "\xef\xbb\xbf", "without a byte order mark", NULL),
        FAULT("allow a\n  when path /\x1b[2J\n", 2, 14, "\\x1b", "without control characters",
              NULL),
        FAULT("# \x7f\n", 1, 3, "\\x7f", "without control characters", NULL),
        FAULT("# \xc2\x9b\n", 1, 3, "\\xc2\\x9b", "without control characters", NULL),
        FAULT("# \xe2\x80\xae\n", 1, 3, "\\xe2\\x80\\xae", "without control characters", NULL),
        FAULT("# \xc3\x96 \xff\n", 1, 5, "\\xff", "UTF-8", NULL),
        FAULT("# \xc0\x80\n", 1, 3, "\\xc0", "UTF-8", NULL),
        FAULT("# \xed\xa0\x80\n", 1, 3, "\\xed", "UTF-8", NULL),
        FAULT("\n# \xe2\x82", 2, 3, "\\xe2", "UTF-8", NULL),
        FAULT("allow a\r  when path /x\n", 1, 8, "\\x0d", "a line feed", NULL),
        FAULT("allow a\r\r\n", 1, 8, "\\x0d", "a line feed", NULL),
    };
    assert_faults(faults, COUNT(faults));
    const struct fault nul = FAULT("(NUL)", 2, 3, "\\x00", "without NUL", NULL);
    assert_fault(&nul, ZTA_TEXT("# a\n  \0\n"));
}

static void errors_print_safe_and_whole(void **state)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    char message[1024];
    struct zta_buffer out;
    const struct zta_rules_source sources[] = {
        {.name = ZTA_TEXT("a.zta"), .text = ZTA_TEXT("deny x\n  when path /x\n")},
        {.name = ZTA_TEXT("b\x1b[2J.zta"), .text = ZTA_TEXT("allow x\n  when path /y\n")},
    };
    assert_int_equal(parse_support_parse(ZTA_TEXT("\nallow a\n  when pth /x\n"), &ast, &error),
                     ZTA_INVALID);
    zta_buffer_init(&out, message, sizeof message);
    zta_rules_error_print(&error, &out);
    assert_string_equal(message,
                        "rules.zta:3:8: found 'pth', expected an attribute; did you mean 'path'?");

    assert_int_equal(zta_rules_parse(sources, 2, &ast, &error), ZTA_INVALID);
    zta_buffer_init(&out, message, sizeof message);
    zta_rules_error_print(&error, &out);
    assert_string_equal(message, "b\\x1b[2J.zta:1:7: found 'x', expected another name: "
                                 "this one is used at a.zta:1");

    assert_int_equal(parse_support_parse(ZTA_TEXT("allow\n"), &ast, &error), ZTA_INVALID);
    zta_buffer_init(&out, message, sizeof message);
    zta_rules_error_print(&error, &out);
    assert_non_null(strstr(message, "found end of line, expected a name"));
}

static void long_words_are_cut_in_errors_and_refused(void **state)
{
    char text[6000];
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    memset(text, 'x', sizeof text);
    assert_int_equal(
        parse_support_parse((struct zta_text){.data = text, .len = sizeof text}, &ast, &error),
        ZTA_INVALID);
    assert_string_equal(error.expected, "at most 4096 bytes");
    assert_true(strlen(error.found) < sizeof error.found);
    assert_string_equal(error.found + strlen(error.found) - 3, "...");
    memset(text, '\xc3', sizeof text);
    for (size_t i = 1; i < sizeof text; i += 2) {
        text[i] = '\x96';
    }
    assert_int_equal(
        parse_support_parse((struct zta_text){.data = text, .len = 2000}, &ast, &error),
        ZTA_INVALID);
    assert_true(zta_text_is_utf8(zta_text_of(error.found)));
    assert_string_equal(error.found + strlen(error.found) - 3, "...");
}

static void repeat(struct zta_buffer *out, const char *fmt, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        zta_buffer_printf(out, "allow r%u\n  when path /%s/%u/**\n", i, fmt, i);
        zta_buffer_printf(out, "  need role list:l r%u\n", i);
    }
}

static void large_sets_parse_in_time(void **state)
{
    enum {
        STORAGE = 2 * 1024 * 1024,
        BOUND_S = 20 /* of the processor: a step that looked at all of it again takes minutes */
    };
    char *storage = malloc(STORAGE);
    assert_non_null(storage);
    struct zta_buffer text;
    zta_buffer_init(&text, storage, STORAGE);
    zta_buffer_string(&text, "list l");
    for (unsigned i = 0; i < 10000; i++) {
        zta_buffer_printf(&text, " item%u", i);
    }
    zta_buffer_string(&text, "\n");
    repeat(&text, "a-path-of-usual-length", 10000);
    assert_false(text.is_overflowed);
    clock_t start = clock();
    struct zta_rules_ast *ast = parse_support_good(storage);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(ast->n_rules, 10000);
    assert_int_equal(ast->lists[0].n_items, 10000);
    zta_rules_ast_close(&ast);
    print_message("%zu bytes, 10,000 rules: %.0f ms\n", text.len, seconds * 1000);
    assert_true(seconds < BOUND_S);

    /* One line of a MiB, and a MiB of lines without a word: no step looks at all of it again. */
    const char *const fills[] = {"x ", "\n ", "# "};
    for (size_t f = 0; f < COUNT(fills); f++) {
        zta_buffer_init(&text, storage, STORAGE);
        zta_buffer_string(&text, "list l ");
        while (text.len < 1024 * 1024) {
            zta_buffer_string(&text, fills[f]);
        }
        start = clock();
        ast = parse_support_good(storage);
        seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        zta_rules_ast_close(&ast);
        assert_true(seconds < BOUND_S);
    }
    free(storage);
}

static void too_large_sources_are_refused(void **state)
{
    const size_t size = (16u << 20) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '\n', size);
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    assert_int_equal(
        parse_support_parse((struct zta_text){.data = text, .len = size}, &ast, &error),
        ZTA_INVALID);
    assert_string_equal(error.expected, "at most 16777216 bytes of rules");
    assert_int_equal(
        parse_support_parse((struct zta_text){.data = text, .len = size - 1}, &ast, &error),
        ZTA_OK);
    zta_rules_ast_close(&ast);
    free(text);
}

static void sources_are_one_set(void **state)
{
    const struct zta_rules_source sources[] = {
        {.name = ZTA_TEXT("a.zta"), .text = ZTA_TEXT("zta 1\nallow x\n  need role list:l\n")},
        {.name = ZTA_TEXT("b.zta"), .text = ZTA_TEXT("zta 1\nlist l admin\n")},
        {.name = ZTA_TEXT(""), .text = {.data = NULL, .len = 0}},
    };
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    assert_int_equal(zta_rules_parse(sources, COUNT(sources), &ast, &error), ZTA_OK);
    assert_int_equal(ast->n_sources, 3);
    assert_text(ast->source_names[1], "b.zta");
    assert_int_equal(ast->lists[0].place.source, 1);
    zta_rules_ast_close(&ast);
    assert_int_equal(zta_rules_parse(NULL, 0, &ast, &error), ZTA_OK);
    assert_int_equal(ast->n_rules, 0);
    zta_rules_ast_close(&ast);
}

static void tables_are_whole(void **state)
{
    for (unsigned i = 0; i < ZTA_N_ATTRIBUTES; i++) {
        const struct zta_attribute_info *info = zta_attribute_info(i);
        uint16_t found;
        assert_int_equal(zta_attribute_find(zta_text_of(info->name), &found), ZTA_OK);
        assert_int_equal(found, i);
        assert_true(info->kinds & 1u << ZTA_RULE_REQUIRE);
        const bool is_early =
            info->feature == ZTA_FEATURE_CREDENTIAL || (unsigned)info->feature == ZTA_N_FEATURES;
        /* Context belongs in require (docs/rules.md, meaning 4). */
        assert_int_equal(info->stage, is_early ? 1 : info->feature == ZTA_FEATURE_RISK ? 4 : 3);
        assert_int_equal((info->kinds & 1u << ZTA_RULE_ALLOW) != 0, is_early);
    }
    for (unsigned i = 0; i < ZTA_N_KEYS; i++) {
        uint16_t found;
        assert_int_equal(zta_limit_key_find(zta_text_of(zta_limit_key_info(i)->name), &found),
                         ZTA_OK);
        assert_int_equal(found, i);
    }
    uint16_t found;
    assert_int_equal(zta_attribute_find(ZTA_TEXT("claim:x"), &found), ZTA_NOT_FOUND);
    assert_int_equal(zta_limit_key_find(ZTA_TEXT("path"), &found), ZTA_NOT_FOUND);
    assert_null(zta_attribute_info(ZTA_N_ATTRIBUTES));
    assert_null(zta_limit_key_info(ZTA_N_KEYS));
}

static void numbers_are_json_numbers(void **state)
{
    const struct {
        const char *text;
        double number;
    } good[] = {
        {.text = "0", .number = 0},      {.text = "-0", .number = 0},
        {.text = "12", .number = 12},    {.text = "-1.5", .number = -1.5},
        {.text = "1e3", .number = 1000}, {.text = "2E-1", .number = 0.2},
    };
    const char *const bad[] = {"",    "-",   "01", "1.",  ".5",  "+1",    "1e",
                               "1e+", "0x1", "1 ", "inf", "nan", "1e999", "--1"};
    double number;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(zta_value_number(zta_text_of(good[i].text), &number), ZTA_OK);
        assert_true(number == good[i].number);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(zta_value_number(zta_text_of(bad[i]), &number), ZTA_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_builds_what_was_written),
        cmocka_unit_test(parse_accepts_these),
        cmocka_unit_test(faults_of_statements),
        cmocka_unit_test(faults_of_else),
        cmocka_unit_test(faults_of_lines),
        cmocka_unit_test(faults_of_conditions),
        cmocka_unit_test(faults_of_risk),
        cmocka_unit_test(faults_of_context),
        cmocka_unit_test(faults_of_typed_values),
        cmocka_unit_test(faults_of_lists),
        cmocka_unit_test(faults_of_bytes),
        cmocka_unit_test(errors_print_safe_and_whole),
        cmocka_unit_test(long_words_are_cut_in_errors_and_refused),
        cmocka_unit_test(large_sets_parse_in_time),
        cmocka_unit_test(too_large_sources_are_refused),
        cmocka_unit_test(sources_are_one_set),
        cmocka_unit_test(tables_are_whole),
        cmocka_unit_test(numbers_are_json_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
