/* SPDX-License-Identifier: MIT */
#include "families.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                   \
    "Return-Path: <>\n"                                                        \
    "From: Mail Delivery System <MAILER-DAEMON@mail.example.com>\n"            \
    "To: news@example.com\n"                                                   \
    "Subject: Undelivered Mail Returned to Sender\n"
#define REPORT                                                                 \
    HEAD "MIME-Version: 1.0\n"                                                 \
         "Content-Type: multipart/report; report-type=delivery-status;"        \
         " boundary=\"b\"\n\n"
#define STATUS                                                                 \
    "--b\nContent-Type: message/delivery-status\n\n"                           \
    "Reporting-MTA: dns; mail.example.com\n\n"
#define RECIPIENT                                                              \
    "Final-Recipient: rfc822; a@example.org\nAction: failed\n"                 \
    "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n"

void blob_clear(struct blob *blob)
{
    free(blob->data);
    memset(blob, 0, sizeof(*blob));
}

void blob_add_len(struct blob *blob, const char *data, size_t len)
{
    if (blob->len + len > blob->cap) {
        blob->cap = (blob->len + len) * 2 + 4096;
        blob->data = realloc(blob->data, blob->cap);
        if (blob->data == NULL)
            abort();
    }
    memcpy(blob->data + blob->len, data, len);
    blob->len += len;
}

void blob_add(struct blob *blob, const char *text)
{
    blob_add_len(blob, text, strlen(text));
}

static void fill(struct blob *out, size_t size, const char *text)
{
    while (out->len < size)
        blob_add(out, text);
}

/* ---- Structure ------------------------------------------------------- */

static void make_multiparts(struct blob *out, size_t size)
{
    char text[160];

    blob_add(out, HEAD);
    for (unsigned i = 0; out->len < size; i++) {
        snprintf(text, sizeof(text),
                 "Content-Type: multipart/mixed; boundary=\"n%u\"\n\n--n%u\n",
                 i, i);
        blob_add(out, text);
    }
}

static void make_messages(struct blob *out, size_t size)
{
    blob_add(out, HEAD);
    fill(out, size, "Content-Type: message/rfc822\n\nSubject: again\n");
}

static void make_parts(struct blob *out, size_t size)
{
    blob_add(out, REPORT STATUS RECIPIENT);
    fill(out, size, "--b\n\nx\n");
    blob_add(out, "--b--\n");
}

static void make_boundaries(struct blob *out, size_t size)
{
    blob_add(out, REPORT STATUS RECIPIENT);
    fill(out, size, "--b\n--b--\n--bb\n--\n--b \n");
}

/* Lines that begin as every one of nested boundaries does. */
static void make_alike(struct blob *out, size_t size)
{
    char text[200], name[64] = "";

    blob_add(out, HEAD);
    for (unsigned i = 0; i < 30; i++) {
        strcat(name, "b");
        snprintf(text, sizeof(text),
                 "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\n",
                 name, name);
        blob_add(out, text);
    }
    blob_add(out, "\n");
    fill(out, size, "--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbc\n");
}

/* ---- Fields ---------------------------------------------------------- */

static void make_long_field(struct blob *out, size_t size)
{
    blob_add(out, HEAD "X-Failed-Recipients: ");
    fill(out, size, "a@example.org, ");
    blob_add(out, "\n\nSorry.\n");
}

static void make_folds(struct blob *out, size_t size)
{
    blob_add(out, HEAD "X-Failed-Recipients:");
    fill(out, size, "\n a@example.org,");
    blob_add(out, "\n\nSorry.\n");
}

static void make_fields(struct blob *out, size_t size)
{
    blob_add(out, HEAD);
    fill(out, size, "X-Spam: yes\n");
    blob_add(out, "\nSorry.\n");
}

static void make_words(struct blob *out, size_t size)
{
    blob_add(out, "From: MAILER-DAEMON@example.com\nSubject:");
    fill(out, size, "\n =?utf-8?Q?=C3=BC?=");
    blob_add(out, "\n\n<a@example.org>: 550 5.1.1 User unknown\n");
}

static void make_comments(struct blob *out, size_t size)
{
    blob_add(out, "From: ");
    fill(out, size, "(");
    blob_add(out, " MAILER-DAEMON@example.com\nSubject: Undelivered\n\n");
    blob_add(out, "<a@example.org>: 550 5.1.1 User unknown\n");
}

static void make_params(struct blob *out, size_t size)
{
    char text[64];

    blob_add(out, HEAD "Content-Type: multipart/report");
    for (unsigned i = 0; out->len < size; i++) {
        snprintf(text, sizeof(text), ";\n boundary*%u*=utf-8''b", i % 2000);
        blob_add(out, text);
    }
    blob_add(out, "\n\n--b\n\nSorry.\n");
}

static void make_ids(struct blob *out, size_t size)
{
    blob_add(out, HEAD "References:");
    fill(out, size, " <x@example.com>");
    blob_add(out, "\n\n<a@example.org>: 550 5.1.1 User unknown\n");
}

/* ---- Bodies ---------------------------------------------------------- */

static void make_base64(struct blob *out, size_t size)
{
    blob_add(out, HEAD "Content-Type: text/plain\n"
                       "Content-Transfer-Encoding: base64\n\n");
    fill(out, size, "PGFAZXhhbXBsZS5vcmc+OiA1NTAgNS4xLjEgVXNlciB1bmtub3duCg");
}

static void make_quoted(struct blob *out, size_t size)
{
    blob_add(out, HEAD "Content-Type: text/plain\n"
                       "Content-Transfer-Encoding: quoted-printable\n\n");
    fill(out, size, "=3D=\n=\n==");
}

static void make_html(struct blob *out, size_t size)
{
    blob_add(out, HEAD "Content-Type: text/html\n\n");
    fill(out, size,
         "<table><tr><td>550 5.1.1 &lt;a@example.org&gt;<style><!--");
}

static void make_brackets(struct blob *out, size_t size)
{
    blob_add(out, HEAD "\n<a@example.org>: 550 5.1.1 User unknown\n");
    fill(out, size, "<");
}

static void make_line(struct blob *out, size_t size)
{
    blob_add(out, HEAD "\n<a@example.org>: 550 5.1.1 ");
    fill(out, size, "user unknown host said: 550 ");
}

static void make_addresses(struct blob *out, size_t size)
{
    char text[64];

    blob_add(out, HEAD "\nThis is the mail system at host mail.example.com.\n");
    for (unsigned i = 0; out->len < size; i++) {
        snprintf(text, sizeof(text), "\n<a%u@example.org>: 550 no\n", i);
        blob_add(out, text);
    }
}

static void make_ats(struct blob *out, size_t size)
{
    blob_add(out, HEAD "\n");
    fill(out, size, "a@a@");
}

static void make_transcript(struct blob *out, size_t size)
{
    blob_add(out, HEAD "\n   ----- Transcript of session follows -----\n");
    fill(out, size,
         "... while talking to mx.example.org.:\n>>> RCPT To:<a@example.org>\n"
         "<<< 550-5.1.1 no\n<<< 550 5.1.1 no\n550 5.1.1 a@example.org... no\n");
}

/* ---- Reports --------------------------------------------------------- */

static void make_recipients(struct blob *out, size_t size)
{
    char text[160];

    blob_add(out, REPORT STATUS);
    for (unsigned i = 0; out->len < size; i++) {
        snprintf(text, sizeof(text),
                 "Final-Recipient: rfc822; a%u@example.org\nAction: failed\n"
                 "Status: 5.1.1\n\n",
                 i);
        blob_add(out, text);
    }
    blob_add(out, "--b--\n");
}

static void make_same_recipient(struct blob *out, size_t size)
{
    blob_add(out, REPORT STATUS);
    fill(out, size, RECIPIENT);
    blob_add(out, "--b--\n");
}

static void make_diagnostic(struct blob *out, size_t size)
{
    blob_add(out, REPORT STATUS
             "Final-Recipient: rfc822; a@example.org\nAction: failed\n"
             "Diagnostic-Code: smtp; 550");
    fill(out, size, "\n 550-5.1.1 mailbox full user unknown (reason:");
    blob_add(out, "\n\n--b--\n");
}

static void make_returned(struct blob *out, size_t size)
{
    blob_add(out,
             REPORT STATUS RECIPIENT "--b\nContent-Type: message/rfc822\n\n");
    fill(out, size, "Received: from a by b\n");
    blob_add(out, "\n--b--\n");
}

static void make_cr(struct blob *out, size_t size)
{
    size_t start = out->len;

    make_same_recipient(out, size);
    for (size_t i = start; i < out->len; i++) {
        if (out->data[i] == '\n')
            out->data[i] = '\r';
    }
}

static void make_nul(struct blob *out, size_t size)
{
    blob_add(out, HEAD "\n<a@example.org>: 550 5.1.1 User unknown ");
    while (out->len < size)
        blob_add_len(out, "\0\0\0a\0", 5);
}

static void make_junk(struct blob *out, size_t size)
{
    unsigned seed = 1;

    blob_add(out, HEAD "\n<a@example.org>: 550 5.1.1 ");
    while (out->len < size) {
        char c = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
        blob_add_len(out, &c, 1);
    }
}

#define FAMILY(name, warning)                                                  \
    {                                                                          \
#name, make_##name, warning                                            \
    }

const struct family FAMILIES[] = {
    FAMILY(multiparts, "depth-limit"),
    FAMILY(messages, "depth-limit"),
    FAMILY(parts, "parts-limit"),
    FAMILY(boundaries, NULL),
    FAMILY(alike, NULL),
    FAMILY(long_field, "header-cut"),
    FAMILY(folds, "header-cut"),
    FAMILY(fields, "headers-limit"),
    FAMILY(words, "header-cut"),
    FAMILY(comments, "header-cut"),
    FAMILY(params, "header-cut"),
    FAMILY(ids, "header-cut"),
    FAMILY(base64, NULL),
    FAMILY(quoted, NULL),
    FAMILY(html, NULL),
    FAMILY(brackets, NULL),
    FAMILY(line, NULL),
    FAMILY(addresses, NULL),
    FAMILY(ats, NULL),
    FAMILY(transcript, NULL),
    FAMILY(recipients, "too-many-events"),
    FAMILY(same_recipient, NULL),
    FAMILY(diagnostic, "header-cut"),
    FAMILY(returned, NULL),
    FAMILY(cr, NULL),
    FAMILY(nul, NULL),
    FAMILY(junk, NULL),
};

const size_t FAMILY_COUNT = sizeof(FAMILIES) / sizeof(FAMILIES[0]);
