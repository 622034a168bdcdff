/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as one HTML page: its frame and style, figures and tables. */
#include "admin-tui/document_priv.h"

#include <stdlib.h>

#include "shared/base/base64.h"
#include "shared/base/hash.h"

/* One sheet for screens in light and dark and for paper. No rule fetches anything. */
static const char style[] =
    ":root{color-scheme:light dark;--page:#f4f5f8;--card:#fff;--ink:#161b26;--dim:#5d6778;"
    "--line:#e2e6ee;--plain:#4c6ef5;--good:#2f9e6e;--warn:#d9920f;--bad:#d6454f;--quiet:#a6afc0}"
    "@media (prefers-color-scheme:dark){:root{--page:#0f131b;--card:#171d29;--ink:#e8ecf4;"
    "--dim:#96a1b5;--line:#273044;--plain:#7c96ff;--good:#45c08d;--warn:#f0b340;--bad:#f2707a;"
    "--quiet:#566178}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1120px;padding:40px 24px 64px;background:var(--page);"
    "color:var(--ink);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\","
    "\"Liberation Sans\",sans-serif}"
    "header{margin:0 4px 24px;padding-left:16px;border-left:4px solid var(--plain)}"
    "h1{margin:0 0 4px;font-size:30px;line-height:1.2;letter-spacing:-.02em}"
    "h2{margin:0 0 12px;font-size:18px;letter-spacing:-.01em}"
    "h3{margin:20px 0 4px;font-size:14px;font-weight:600}"
    "p{margin:0 0 12px;max-width:80ch}p.about{margin:0;color:var(--dim)}"
    "section{margin:0 0 20px;padding:22px 24px 14px;background:var(--card);"
    "border:1px solid var(--line);border-radius:14px}"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(155px,1fr));gap:12px;"
    "margin:0 0 14px}"
    ".figure{padding:14px 16px;border:1px solid var(--line);border-radius:10px;"
    "border-top:3px solid var(--plain)}"
    ".figure b{display:block;font-size:25px;line-height:1.25;letter-spacing:-.02em;"
    "font-variant-numeric:tabular-nums}"
    ".figure span{display:block;color:var(--dim);font-size:13px}"
    ".figure.good{border-top-color:var(--good)}.figure.warn{border-top-color:var(--warn)}"
    ".figure.bad{border-top-color:var(--bad)}.figure.quiet{border-top-color:var(--quiet)}"
    ".wide{overflow-x:auto;margin:0 0 12px}"
    "table{width:100%;border-collapse:collapse;font-size:14px}"
    "th{padding:6px 14px 6px 0;text-align:left;font-size:12px;font-weight:600;color:var(--dim);"
    "border-bottom:1px solid var(--line);white-space:nowrap}"
    "td{padding:7px 14px 7px 0;border-bottom:1px solid var(--line);vertical-align:top;"
    "overflow-wrap:anywhere}"
    "tr:last-child td{border-bottom:0}"
    "th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "th:last-child,td:last-child{padding-right:0}"
    "td svg{width:72px;height:8px;margin-left:10px;border-radius:4px;background:var(--line)}"
    "td.good,.good b{color:var(--good)}td.warn,.warn b{color:var(--warn)}"
    "td.bad,.bad b{color:var(--bad)}td.quiet{color:var(--dim)}"
    "svg.chart{display:block;width:100%;height:auto;margin:0 0 10px}"
    "svg.chart text{fill:var(--dim);font-size:12px}svg.chart .grid{stroke:var(--line)}"
    "svg .f-plain{fill:var(--plain)}svg .f-good{fill:var(--good)}svg .f-warn{fill:var(--warn)}"
    "svg .f-bad{fill:var(--bad)}svg .f-quiet{fill:var(--quiet)}"
    "svg .l{fill:none;stroke-width:2;stroke-linejoin:round}"
    "svg .l.f-plain{fill:none;stroke:var(--plain)}svg .l.f-good{fill:none;stroke:var(--good)}"
    "svg .l.f-warn{fill:none;stroke:var(--warn)}svg .l.f-bad{fill:none;stroke:var(--bad)}"
    "svg .l.f-quiet{fill:none;stroke:var(--quiet)}"
    "svg .over{fill:transparent}svg .over:hover{fill:var(--ink);fill-opacity:.07}"
    ".legend{margin:0 0 2px;color:var(--dim);font-size:13px}"
    ".legend svg{width:10px;height:10px;margin:0 6px 0 0}.legend span{margin-right:18px}"
    "@media (max-width:640px){body{padding:20px 12px}section{padding:16px 14px 8px}}"
    "@media print{:root{--page:#fff;--card:#fff;--ink:#000;--dim:#444;--line:#ccc}"
    "body{padding:0;max-width:none;font-size:11pt}section{border:0;padding:0 0 8px;"
    "border-radius:0}table,svg.chart,.figures,tr{break-inside:avoid}h2,h3{break-after:avoid}}";

void ctl_html_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        case '\'':
            (void)fputs("&#39;", out);
            break;
        default:
            (void)putc(*text, out);
            break;
        }
    }
}

const char *ctl_html_class(enum ctl_tone tone)
{
    static const char *const classes[CTL_N_TONES] = {
        [CTL_TONE_PLAIN] = "plain", [CTL_TONE_GOOD] = "good",   [CTL_TONE_WARN] = "warn",
        [CTL_TONE_BAD] = "bad",     [CTL_TONE_QUIET] = "quiet",
    };
    return classes[tone];
}

/* In the alphabet of RFC 4648 section 4, which policies want. */
static void print_digest(char out[ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE) + 1])
{
    struct zta_sha256 digest;
    zta_sha256(style, sizeof style - 1, &digest);
    zta_base64url_encode(digest.bytes, sizeof digest.bytes, out);
    for (char *c = out; *c != '\0'; c++) {
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    }
}

void ctl_html_begin(struct ctl_document *document, const char *title)
{
    char digest[ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE) + 1];
    print_digest(digest);
    (void)fprintf(document->out,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'sha256-%s='; base-uri 'none'; form-action 'none'\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<title>",
                  digest);
    ctl_html_text(document->out, title);
    (void)fprintf(document->out, "</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>",
                  style);
    ctl_html_text(document->out, title);
    (void)fputs("</h1>\n", document->out);
}

void ctl_html_end(const struct ctl_document *document)
{
    (void)fprintf(document->out, "%s</body>\n</html>\n",
                  document->n_sections == 0 ? "</header>\n" : "</section>\n");
}

void ctl_html_figures(const struct ctl_document *document, const struct ctl_figure *figures,
                      size_t n)
{
    (void)fputs("<div class=\"figures\">\n", document->out);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(document->out, "<div class=\"figure %s\"><span>",
                      ctl_html_class(figures[i].tone));
        ctl_html_text(document->out, figures[i].name);
        (void)fputs("</span><b>", document->out);
        ctl_html_text(document->out, figures[i].value);
        (void)fputs("</b><span>", document->out);
        ctl_html_text(document->out, figures[i].note);
        (void)fputs("</span></div>\n", document->out);
    }
    (void)fputs("</div>\n", document->out);
}

/* ---- tables ---- */

static void put_bar(FILE *out, const struct ctl_cell *cell)
{
    const double percent = strtod(cell->text, NULL);
    (void)fprintf(out,
                  "<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
                  "<rect class=\"f-%s\" width=\"%.1f\" height=\"8\"/></svg>",
                  ctl_html_class(cell->tone), percent < 100 ? percent : 100);
}

static void put_cell(const struct ctl_document *document, const struct ctl_cell *cell,
                     size_t column)
{
    const bool is_toned = cell->tone != CTL_TONE_PLAIN && !cell->is_share;
    (void)fprintf(document->out, "<td class=\"%s%s\">",
                  document->titles[column][0] == '>' ? "n " : "",
                  is_toned ? ctl_html_class(cell->tone) : "");
    ctl_html_text(document->out, cell->text);
    if (cell->is_share) {
        put_bar(document->out, cell);
    }
    (void)fputs("</td>", document->out);
}

void ctl_html_table(const struct ctl_document *document)
{
    size_t place = 0;
    (void)fputs("<div class=\"wide\"><table>\n<thead><tr>", document->out);
    for (size_t i = 0; i < document->n_columns; i++) {
        const bool is_right = document->titles[i][0] == '>';
        (void)fprintf(document->out, "<th%s>", is_right ? " class=\"n\"" : "");
        ctl_html_text(document->out, document->titles[i] + (is_right ? 1 : 0));
        (void)fputs("</th>", document->out);
    }
    (void)fputs("</tr></thead>\n<tbody>", document->out);
    for (size_t i = 0; i < document->n_cells; i++) {
        const size_t column = i % document->n_columns;
        const struct ctl_cell cell = ctl_document_cell_at(document, &place);
        (void)fputs(column == 0 ? "\n<tr>" : "", document->out);
        put_cell(document, &cell, column);
        (void)fputs(column + 1 == document->n_columns ? "</tr>" : "", document->out);
    }
    (void)fputs("\n</tbody></table></div>\n", document->out);
}
